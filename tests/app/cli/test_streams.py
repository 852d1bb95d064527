"""Standard output that fails: one sentence and 3, whatever the command. Standard error that fails ends nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
WORDS = {
    "train": ["train", "xor", "--steps", "5"], "train json": ["train", "xor", "--steps", "5", "--json"], "help": ["--help"],
    "help of a command": ["record", "--help"], "version": ["--version"], "inspect": ["inspect", "xor"],
    "inspect json": ["inspect", "xor", "--json"], "doctor": ["doctor"], "doctor json": ["doctor", "--json"], "scenes": ["scenes"],
    "dry run": ["record", "xor", "-o", "f.mp4", "--dry-run"], "export json": ["export", "xor", "-o", "w.py", "--json"],
}  # fmt: skip


def run(words, cwd, **streams):
    command = [sys.executable, "-m", "nnviz3d", *words]
    return subprocess.run(
        command, cwd=cwd, text=True, timeout=60, check=False, **{"stderr": subprocess.PIPE, "stdout": subprocess.PIPE} | streams
    )


@pytest.mark.parametrize("name", WORDS)
def test_a_full_standard_output_is_one_sentence_and_3(tmp_path, name):
    with Path("/dev/full").open("w") as full:
        done = run(WORDS[name], tmp_path, stdout=full)
    reported = [line for line in done.stderr.splitlines() if not line.startswith(("wrote", "xor:"))]
    assert done.returncode == 3 and reported == ["standard output: No space left on device"]


@pytest.mark.parametrize("name", ["train json", "help", "inspect"])
def test_a_reader_who_has_left(tmp_path, name):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(WORDS[name], tmp_path, stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 3 and done.stderr.splitlines()[-1] == "standard output: Broken pipe" and "Traceback" not in done.stderr


def test_bad_input_stays_bad_input(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = run(["train", "nonsense", "--json"], tmp_path, stdout=full)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "no such scene" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"), [(WORDS["train"], 0), (["train", "nonsense"], 2), (["train", "--bogus"], 2), (WORDS["help"], 0)]
)
def test_a_full_standard_error_ends_nothing(tmp_path, words, code):
    with Path("/dev/full").open("w") as full:
        done = run(words, tmp_path, stderr=full)
        both = run(words, tmp_path, stderr=full, stdout=full)
    assert done.returncode == code and both.returncode == (code or 3)
    assert done.stdout or code


def test_closed_descriptors(tmp_path):
    for redirect, code in ((">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)):
        line = f'"{sys.executable}" -m nnviz3d train xor --steps 5 {redirect}'
        assert subprocess.run(["bash", "-c", line], cwd=tmp_path, timeout=60, check=False, capture_output=True).returncode == code
