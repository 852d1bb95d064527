"""The documents are true: every command and every snippet of the README and of docs/ runs as it is written there."""

from __future__ import annotations

import functools
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnviz3d
from nnviz3d.app import bench
from nnviz3d.spec import toml
from tests.helpers import documents
from tests.helpers.documents import DOCUMENTS, ROOT

SHELL = [(name, code) for name, text in DOCUMENTS.items() for code in documents.shell(text)]
PYTHON = [(name, code) for name, text in DOCUMENTS.items() for code in documents.fences(text, "python")]
INLINE = [
    (name, code)
    for name, text in DOCUMENTS.items()
    for code in documents.inline(text)
    if re.match(r"import nnviz3d as|with nv\.|nv\.", code)
]
MADE = r"(?:(?<=-o )|(?<=--save )|(?<=--log )|(?<=--screenshot )|(?<=--stats ))\"?([\w./-]+\.\w+)"


@pytest.mark.gl
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("document", "blocks"), SHELL)
def test_commands_run(document, blocks, tmp_path):
    for k, code in enumerate(blocks):
        done = documents.run_shell(code, folder := tmp_path / str(k))
        assert done.returncode == 0, done.stderr
        made = re.sub(r"^.*(--dry-run|--shard).*\n?|#.*", "", code, flags=re.M).replace("/shared/", "../shared/")
        for name in re.findall(MADE, made):
            assert (folder / name).stat().st_size > 0, name


@pytest.fixture
def short(monkeypatch, tmp_path):
    """Films of two small frames, and what the snippets take as given: a model with its data, and a recording."""
    for name, less in {"record": {"frames": (0, 1)}, "record_training": {"frames": (0, 1)}, "Recorder": {"duration": 0.1}}.items():
        work = functools.partial(_short, getattr(nnviz3d, name), less)
        monkeypatch.setattr(nnviz3d, name, work, raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)  # no window for a loop that is watched
    monkeypatch.chdir(tmp_path)
    for name in ("digits.nnrec", "model.onnx"):
        documents.FILES[name](tmp_path / name)
    Image.new("L", (20, 20), 128).save(tmp_path / "photo.jpg")
    x = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
    return {"nv": nnviz3d, "model": model(), "x": x, "y": (x[:, 0] > 0).astype(int), "array": np.ones((1, 1, 12, 12), np.float32)}


def _short(work, less, *arguments, **options):
    return work(*arguments, **options | {"size": (64, 36)} | less)


def model():
    """A `torch.nn.Sequential`; where PyTorch is not installed, what `formats.torch.modules` reads of one."""
    try:
        from torch import nn
    except ImportError:
        from tests.helpers import torch_modules as nn
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


@pytest.mark.gl
@pytest.mark.parametrize(("document", "code"), PYTHON + INLINE)
def test_a_python_snippet_runs(document, code, short, tmp_path):
    exec(compile(code, document, "exec"), short)
    for name in re.findall(r'"([\w-]+\.(?:mp4|gif|png))"', code):
        assert (tmp_path / name).stat().st_size > 0, name


@pytest.mark.parametrize("code", documents.fences(DOCUMENTS["docs/films.md"], "toml"))
def test_the_shots_of_the_guide_are_a_scene(code):
    assert len(toml.validate(toml.parse(code.encode(), "docs/films.md"), "docs/films.md").record.shot) == 3


def test_what_is_not_run_here_exists():
    """The benchmarks and tools that the documents name; they themselves run in tests/app/bench and tests/test_tools.py."""
    found = importlib.util.spec_from_file_location("tools_bench", ROOT / "tools" / "bench.py")
    tool = importlib.util.module_from_spec(found)
    found.loader.exec_module(tool)
    code = [command for text in DOCUMENTS.values() for command in documents.inline(text)]
    sections = {command.split()[3] for command in code if command.startswith("nnviz3d bench --only")}
    assert sections <= set(bench.SECTIONS) and len(sections) >= 8
    sections = {command.split()[2] for command in code if command.startswith("python3 tools/bench.py")}
    assert sections <= {*tool.SECTIONS, *tool.FILMS} and len(sections) >= 8
    for path in {command.split()[-1 if command.endswith(".py") else 1] for command in code if command.startswith("python3 ")}:
        assert (ROOT / path).is_file(), path


def test_each_reason_is_needed():
    """No reason to leave a command out outlives its command; the tests that it names are there."""
    for sign, why in documents.ELSEWHERE.items():
        assert any(sign in text for text in DOCUMENTS.values()), sign
        assert Path(ROOT, why.rpartition(": ")[2]).is_file(), why
