"""Ctrl+C, SIGTERM and SIGHUP end every command in the same way, and what was made is kept; through the real commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnviz3d.formats import checkpoint
from nnviz3d.formats.nnrec.reader import Recording

COMMAND = [sys.executable, "-m", "nnviz3d"]
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def ended(folder, number, ready, *words, group=False):
    """(exit code, stderr) of a command that gets the signal as soon as `ready()`."""
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 90
    while not ready() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (os.killpg if group else os.kill)(process.pid, number)
    _, reported = process.communicate(timeout=60)
    assert "Traceback" not in reported, reported
    return process.returncode, reported


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", SIGNALS)
def test_training_keeps_weights_log_and_recording(number, tmp_path):
    log = tmp_path / "l.jsonl"
    words = ("train", "iris", "--steps", "100000000", "--save", "f.safetensors", "--log", "l.jsonl", "--record", "f.nnrec", "-q")
    code, _ = ended(tmp_path, number, lambda: log.exists() and log.stat().st_size > 3000, *words)
    step = checkpoint.head(tmp_path / "f.safetensors").state.a.step
    recording = Recording(tmp_path / "f.nnrec")
    assert code == 130 and step > 10 and recording.steps[-1] == step and recording.end.end == "interrupted"
    assert len(log.read_text().splitlines()) == step
    done = subprocess.run(
        [*COMMAND, "train", "iris", "--resume", "f.safetensors", "--steps", "5", "--log", "l.jsonl", "-q"], cwd=tmp_path, check=False
    )
    assert done.returncode == 0 and len(log.read_text().splitlines()) == step + 5


@pytest.mark.gl
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("number", "jobs", "group"), [(signal.SIGTERM, 1, False), (SIGNALS[-1], 2, True)])
def test_a_film_can_be_gone_on_with(number, jobs, group, tmp_path):
    words = ("record", "xor", "-o", "film/####.png", "--size", "64x64", "--duration", "40", "--jobs", str(jobs), "-q")
    parts = tmp_path / "film" / "####.png.parts"
    made = lambda: any(Path(tmp_path).rglob("*.png"))  # noqa: E731
    code, _ = ended(tmp_path, number, made, *words, group=group)
    assert code == 130 and any(Path(tmp_path).rglob("*.png")), parts


@pytest.mark.gl
@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_window_closes(number, tmp_path):
    begun = time.monotonic()
    words = ("run", "xor", "--headless", "--frames", "1000000", "--size", "320x200", "--stats", "s.json")
    code, _ = ended(tmp_path, number, lambda: time.monotonic() - begun > 8, *words)
    assert code == 0 and (tmp_path / "s.json").exists()


@pytest.mark.timeout(100)
def test_nohup_is_not_undone(tmp_path):
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("no SIGHUP")
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nfrom nnviz3d.app.training import interrupts\ninterrupts.interrupt()\n"
    )
    code += "import os; os.kill(os.getpid(), signal.SIGHUP); print('still here')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "still here"
