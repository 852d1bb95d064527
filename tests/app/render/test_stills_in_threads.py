"""Pictures from threads come one after another and are right; a forked process says what to do; a spawned one works."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.gfx import hosts

pytestmark = pytest.mark.gl
SIZE = (96, 64)
FORK = """
import multiprocessing, os, sys
import nnviz3d as nv

def child(way, answers):
    try:
        if way == "shot":
            answers.put(nv.shot("xor", (64, 64)).shape)
        elif way == "record":
            answers.put(nv.record("xor", "f.mp4", size=(64, 64), duration=0.2).frames)
        else:
            answers.put(nv.run("xor", headless=True, frames=2))
    except Exception as error:
        answers.put(f"{type(error).__name__}: {error}")

if __name__ == "__main__":
    way, method = sys.argv[1:3]
    before = len(sys.argv) > 3
    if not before:
        nv.shot("xor", (64, 64))
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    process = context.Process(target=child, args=(way, answers))
    process.start()
    print(answers.get(timeout=60))
    process.join()
"""


def test_stills_of_threads_are_those_of_one(tmp_path):
    wanted = [("xor", 3), ("iris", 2), ("spiral", 4), ("xor", 9)]
    alone = [nv.shot(scene, SIZE, step=step) for scene, step in wanted]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda wish: nv.shot(wish[0], SIZE, step=wish[1]), wanted * 3))
    assert all((np.asarray(made[k]) == alone[k % len(alone)]).all() for k in range(len(made)))


def test_a_film_and_a_still_at_once(tmp_path):
    pytest.importorskip("av")
    alone, made = nv.shot("iris", SIZE), []
    other = Thread(target=lambda: made.append(nv.record("xor", tmp_path / "f.mp4", size=SIZE, duration=0.3, progress=False)))
    other.start()
    assert (nv.shot("iris", SIZE) == alone).all()
    other.join()
    assert made[0].frames > 0


def run(tmp_path, *words):
    (tmp_path / "fork.py").write_text(FORK)
    return subprocess.run(
        [sys.executable, "fork.py", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    ).stdout


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
@pytest.mark.parametrize("way", ["shot", "record", "run"])
def test_after_a_fork_it_is_said_what_to_do(tmp_path, way):
    assert run(tmp_path, way, "fork").startswith("RunError: this process was forked from one that used OpenGL")
    assert not list(tmp_path.glob("f.mp4*"))


def test_spawn_works_and_so_does_a_fork_before_the_first_picture(tmp_path):
    assert run(tmp_path, "shot", "spawn") == "(64, 64, 3)\n"
    assert run(tmp_path, "shot", "fork", "before") == "(64, 64, 3)\n"


def test_a_window_in_another_thread_is_reported():
    reported = []

    def still():
        try:
            nv.shot("xor", SIZE)
        except nv.RunError as error:
            reported.append(str(error))

    with hosts.alone(window=True):
        other = Thread(target=still)
        other.start()
        other.join(30)
    assert reported and "a window is open in another thread" in reported[0]
    assert nv.shot("xor", SIZE).shape == (64, 96, 3)
