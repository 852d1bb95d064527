"""docs/tables.md is true: its commands run on tables as it describes them, and it names every setting."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import typing

from nnviz3d.engine.data.tables.cells import missing
from nnviz3d.spec import column_settings, file_extensions, paths
from nnviz3d.spec.scene import Data

TEXT = (paths.CHECKOUT / "docs" / "tables.md").read_text(encoding="utf-8")


def test_the_commands_run(tmp_path):
    head = "species,island,bill length (mm),sex,mass\n"
    rows = [
        f"{'Adelie' if k % 2 else 'Gentoo'},{'AB'[k // 3 % 2]},{k * 7 % 11}.5,{['male', 'female', ''][k % 3]},{k * 3 % 7}\n"
        for k in range(40)
    ]
    (tmp_path / "penguins.csv").write_text(head + "".join(rows))
    (tmp_path / "iris.csv").write_text("Sepal.Length,b,Species\n" + "".join(f"{k * 7 % 11},{k * 3 % 7},{'xy'[k % 2]}\n" for k in range(20)))
    (tmp_path / "excel.csv").write_bytes(
        "Größe;v;k\n".encode("cp1252") + b"".join(b"%d,5;%d;%d\n" % (k, k * 3 % 7, k % 2) for k in range(20))
    )
    (tmp_path / "penguins.toml").write_text(re.search(r"```toml\n(.*?)```", TEXT, re.S)[1])
    commands = re.findall(r"^nnviz3d .*$", TEXT, re.M)
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "nnviz3d", *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


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
