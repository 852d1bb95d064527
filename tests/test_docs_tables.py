"""docs/tables.md is true: it names every setting. Its commands are run by tests/test_documents.py."""

from __future__ import annotations

import re
import typing

from nnviz3d.engine.data.tables.cells import missing
from nnviz3d.spec import column_settings, file_extensions, paths
from nnviz3d.spec.scene import Data

TEXT = (paths.CHECKOUT / "docs" / "tables.md").read_text(encoding="utf-8")


def test_every_choice_is_named():
    for literal in (
        column_settings.Use,
        column_settings.Gaps,
        column_settings.Delimiter,
        column_settings.Decimal,
        column_settings.Encoding,
    ):
        for word in typing.get_args(literal):
            assert f"`{word}`" in TEXT.replace("\\|", "|"), word
    for name in ("target", "task", "delimiter", "decimal", "encoding", "header", "skip_lines", "sheet", "columns"):
        assert name in Data.model_fields and f"`{name}" in TEXT
    assert all(missing(word) for word in re.search(r"Gaps are empty cells and `([^`]*)`", TEXT)[1].split())
    assert all(f"`{ending}`" in TEXT for ending in file_extensions.PACKED)
