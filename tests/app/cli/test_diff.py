"""`nnviz3d diff A B` as people and programs run it."""

from __future__ import annotations

import json

import pytest

from nnviz3d.app.cli import main


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main.app([*words])
    return end.value.code


@pytest.fixture
def checkpoints(tmp_path):
    a, b = (str(tmp_path / f"{name}.safetensors") for name in "ab")
    assert run("train", "xor", "--steps", "5", "--save", a, "-q") == 0
    assert run("train", "xor", "--resume", a, "--steps", "20", "--save", b, "-q") == 0
    return a, b


def test_what_moved_most_is_listed(checkpoints, capsys, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    capsys.readouterr()
    assert run("diff", *checkpoints) == 0
    text = capsys.readouterr().out
    assert text.startswith("B is ") and "layers.0.weight" in text and "checkpoint" not in text
    assert run("diff", *checkpoints, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    shares = [each["relative"] for each in found["tensors"]]
    assert shares == sorted(shares, reverse=True) and 0 < found["relative"] < 10
    assert run("diff", checkpoints[0], checkpoints[0]) == 0
    assert "equal" in capsys.readouterr().out


@pytest.mark.gl
def test_it_is_a_picture_too(checkpoints, tmp_path, capsys):
    assert run("diff", *checkpoints, "-o", str(tmp_path / "d.png"), "--size", "320x180", "--json") == 0
    json.loads(capsys.readouterr().out)
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")


def test_other_files_are_refused_with_both_named(checkpoints, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("no weights\n")
    with pytest.raises(Exception, match="notes") as error:
        main.app(["diff", str(other), str(tmp_path / "missing.safetensors")], standalone_mode=False)
    assert "missing" in str(error.value)
