"""The desktop's file dialog, with a program of our own in zenity's place: it is asked, polled, answered, cancelled, taken back."""

from __future__ import annotations

import os
import time

import pytest

from nnviz3d.gfx import desktop


@pytest.fixture
def zenity(tmp_path, monkeypatch):
    """Writes a `zenity` that notes its words and runs the given lines."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def write(lines: str):
        program = folder / "zenity"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\n{lines}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        monkeypatch.setenv("DISPLAY", ":99")
        return tmp_path / "words"

    return write


def answer(chooser) -> str:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if (found := chooser.poll()) is not None:
            return found
        time.sleep(0.02)
    pytest.fail("the dialog was never answered")


def test_available_where_there_is_a_program_and_a_display(zenity, monkeypatch):
    zenity("")
    assert desktop.available()
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not desktop.available()
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PATH", "/nowhere")
    assert not desktop.available()


@pytest.mark.parametrize("saving", [False, True])
def test_a_choice_arrives_while_frames_go_on(zenity, tmp_path, saving):
    words = zenity('sleep 0.3; echo "/a/ü b\'s.toml"')
    hostile = 'Open $(touch hacked) `x` "y"'
    chooser = desktop.Chooser(hostile, tmp_path / "mine.toml", ["*.toml"], saving)
    assert chooser.poll() is None
    assert answer(chooser) == "/a/ü b's.toml"
    reported = words.read_text()
    assert hostile in reported and ("--save" in reported) == saving and not list(tmp_path.rglob("hacked"))


def test_cancelled_is_an_empty_path_and_an_open_one_can_be_taken_back(zenity, tmp_path):
    zenity("exit 1")
    assert answer(desktop.Chooser("Open", tmp_path, ["*"], False)) == ""
    zenity("sleep 60")
    chooser = desktop.Chooser("Open", tmp_path, ["*"], False)
    assert chooser.poll() is None
    chooser.close()
