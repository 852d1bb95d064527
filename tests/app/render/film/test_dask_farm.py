"""Farms: a real Dask cluster on this machine. A killed worker costs its piece, and the film is the one that a single process makes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.app.render.film import dask_cluster, dask_farm, pipeline, worker
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video.segment_folder import Parts
from tests.app.render.film.conftest import job, same

needs_dask = pytest.mark.skipif(not __import__("importlib.util").util.find_spec("distributed"), reason="needs the extra `farm`")
pytestmark = [pytest.mark.gl, needs_dask]
SOMEWHERE = "tcp://far:1"
QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")


@contextmanager
def dask(folder: Path, count=2, protocol="tcp", options=(), **variables):
    """A scheduler and workers as people start them, which share nothing with us but the network. Yields the address and the workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "LP_NUM_THREADS": "1",
        "TMPDIR": str(folder),
        **variables,
    }
    run = lambda *words: subprocess.Popen(  # noqa: E731
        [sys.executable, "-P", "-m", *words], env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    made = [run("distributed.cli.dask_scheduler", "--host", f"{protocol}://127.0.0.1", "--port", str(port), *options, *QUIET, "--no-show")]
    try:
        for _ in range(count):
            words = [f"{protocol}://127.0.0.1:{port}", "--host", "127.0.0.1", "--no-nanny", "--nthreads", "4", *options, *QUIET]
            made.append(run("distributed.cli.dask_worker", *words))
        yield f"{'dask' if protocol == 'tcp' else protocol}://127.0.0.1:{port}", made[1:]
    finally:
        for process in made:
            process.kill()
            process.wait()


def wait_for(address):
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 1).close()
            return dask_cluster.parse(address).address
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_other_machines_get_the_scenes_files_and_send_back_pieces(tmp_path, monkeypatch):
    """Workers with a folder of their own; one is killed while it has a piece, and the next film is another one, as pictures."""
    data = np.random.default_rng(0).normal(size=(60, 3))
    data[:, 2] = data[:, 0] * data[:, 1] > 0
    (tmp_path / "sub").mkdir()
    np.savetxt(tmp_path / "sub" / "points.csv", data, delimiter=",", header="a,b,c", comments="", fmt="%.4f")
    scene = tmp_path / "mine.toml"
    scene.write_text('[data]\nkind = "csv"\nfile = "sub/points.csv"\ntask = "classification"\n[[network.layers]]\nunits = 5\n')
    one = job(tmp_path / "one.mp4", str(scene))
    alone = pipeline.record(one), one.target.read_bytes()
    with dask(tmp_path / "elsewhere") as (address, workers):
        where, killed, said = wait_for(address), [], []

        def progress(done, total):
            if not killed and done > 30:
                killed.append(workers.pop())
                killed[0].kill()

        far = job(tmp_path / "far.mp4", str(scene))
        same(dask_farm.record(far, where, progress=progress, say=said.append), far.target, alone)
        assert killed and any("is gone" in text for text in said)

        pictures = job(tmp_path / "shots" / "####.png", str(scene), FilmRequest(size="64x36", fps=30, frames="40..110", duration=4.0))
        reported = dask_farm.record(pictures, where)
        assert len(reported["frames"]) == 71
        assert sorted(path.name for path in (tmp_path / "shots").glob("*.png")) == [f"{k:04d}.png" for k in range(40, 111)]
        near = job(tmp_path / "near" / "####.png", str(scene), FilmRequest(size="64x36", fps=30, frames="40..110", duration=4.0))
        assert pipeline.record(near)["frames"] == reported["frames"]
        assert (tmp_path / "near" / "0100.png").read_bytes() == (tmp_path / "shots" / "0100.png").read_bytes()

        words = ["train", "xor", "--steps", "40", "--record", str(tmp_path / "run.nnrec"), "-q"]
        subprocess.run([sys.executable, "-m", "nnviz3d", *words], check=True)
        short = FilmRequest(size="64x36", fps=60, duration=2.0)
        played = [job(tmp_path / name, str(tmp_path / "run.nnrec"), short) for name in ("p.mp4", "q.mp4")]
        assert dask_farm.record(played[0], where)["frames"] == pipeline.record(played[1])["frames"]

        monkeypatch.setattr(dask_farm, "SENT_BYTES", 100)  # now the file is seen where it lies: this is one machine
        large = job(tmp_path / "large.mp4", str(scene))
        same(dask_farm.record(large, where), large.target, alone)
        monkeypatch.setattr(worker, "__version__", "9.9")
        monkeypatch.setattr(worker.PieceOrder, "__init__", _aged(worker.PieceOrder.__init__))
        old = job(tmp_path / "old.mp4", str(scene))
        with pytest.raises(RunError, match=r"no worker is left: .*the film needs 9\.9"):
            dask_farm.record(old, where)
        left = list((tmp_path / "elsewhere").rglob("nnviz3d-*"))
        assert len(left) <= 1, "only the killed worker could not clear up"


def _aged(made):
    return lambda self, *values, **named: made(self, *values, **{"version": "9.9"} | named)


def test_versions_are_compared_before_any_work(tmp_path):
    class Client:
        def __init__(self, **there):
            self.there = there

        nthreads = staticmethod(lambda: {"tcp://far:1": 1})

        def get_versions(self, packages):
            mine = dict.fromkeys(["python", *packages], "1.0") | {"nnviz3d": "0.1.0"}
            return {
                "client": {"packages": mine},
                "scheduler": {"packages": mine},
                "workers": {"tcp://far:1": {"packages": mine | self.there}},
            }

    one, said = job(tmp_path / "film.mp4"), []
    with pytest.raises(InputError, match=r"worker tcp://far:1 has nnviz3d 0\.0\.9"):
        dask_farm.Farm(Client(nnviz3d="0.0.9"), one, SOMEWHERE, said.append)
    with pytest.raises(InputError, match="worker tcp://far:1 has no nnviz3d"):
        dask_farm.Farm(Client(nnviz3d=None), one, SOMEWHERE, said.append)
    assert not said
    dask_farm.Farm(Client(numpy="2.0"), one, SOMEWHERE, said.append)
    assert said == ["note: workers have numpy 2.0 (1.0 here): frames of different pieces may differ in the last bits"]


def test_ctrl_c_keeps_what_is_there_and_resume_goes_on(tmp_path, alone):
    one = job(tmp_path / "film.mp4")

    def stop(done, total):
        if done >= 80:
            raise KeyboardInterrupt

    with dask(tmp_path / "elsewhere") as (address, _):
        where = wait_for(address)
        with pytest.raises(KeyboardInterrupt):
            dask_farm.record(one, where, progress=stop)
        parts = Parts.load(one.folder)
        kept = sum(len(parts.note(k)["frames"]) for k in parts.finished())
        assert not one.target.exists() and kept > 0
        seen = []

        async def cell():  # as in a notebook
            return dask_farm.record(one, where, resume=True, progress=lambda done, total: seen.append(total))

        same(asyncio.run(cell()), one.target, alone)
        assert seen[-1] == 300 - kept


def test_workers_of_this_machine_need_neither_dask_nor_a_port(tmp_path):
    code = """
import sys, socket
import nnviz3d as nv
def refuse(*_): raise AssertionError("listens")
socket.socket.listen = refuse
film = nv.record("xor", sys.argv[1], size=(96, 54), fps=30, duration=4.0, farm="local:2", progress=False)
assert film.frames == 120 and not {"dask", "distributed"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.mp4")], check=True, timeout=100)


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate")
def test_a_cluster_that_speaks_tls(tmp_path, monkeypatch):
    """Only who has the certificate is heard, and without one it is said what is missing."""
    import dask as settings

    key, cert = (str(tmp_path / name) for name in ("key.pem", "cert.pem"))
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=farm -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(["openssl", *words.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    tls = ["--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key]
    with dask(tmp_path / "elsewhere", 1, "tls", tls) as (address, _):
        where = wait_for(address)
        with pytest.raises(InputError, match="TLS needs certificates"):
            dask_farm.record(job(tmp_path / "no.mp4"), where)
        with pytest.raises(InputError, match="no Dask scheduler answers there"):
            dask_farm.record(job(tmp_path / "no.mp4"), where.replace("tls", "tcp"))
        tls = {"ca-file": cert, "client.cert": cert, "client.key": key}
        with settings.config.set({f"distributed.comm.tls.{name}": value for name, value in tls.items()}):
            reported = dask_farm.record(job(tmp_path / "film.mp4"), where)
    assert len(reported["frames"]) == reported["count"]


def command(*words):
    return subprocess.run([sys.executable, "-m", "nnviz3d", "record", *words], capture_output=True, text=True, timeout=60)


def test_a_scheduler_that_does_not_answer_or_has_no_workers(tmp_path, monkeypatch):
    film = tmp_path / "film.mp4"
    monkeypatch.setattr(dask_cluster, "REACH", 0.5)
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        dask_farm.record(job(film), "tcp://127.0.0.1:1")
    with socket.socket() as mute:  # takes the connection and says nothing
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(InputError, match="no Dask scheduler answers there"):
            dask_farm.record(job(film), f"tcp://127.0.0.1:{mute.getsockname()[1]}")
    monkeypatch.setattr(dask_cluster, "REACH", 5.0)
    monkeypatch.setattr(dask_farm, "FIRST", 0.3)
    with dask(tmp_path / "empty", 0) as (address, _), pytest.raises(InputError, match="has no workers; start some"):
        dask_farm.record(job(film), wait_for(address))
    assert not list(tmp_path.glob("film.mp4*"))


def test_a_film_that_is_there_is_refused_before_any_work_and_what_no_worker_can_do_has_its_reason(tmp_path):
    one = job(tmp_path / "film.mp4")
    one.target.write_bytes(b"mine")
    with dask(tmp_path / "elsewhere", PYOPENGL_PLATFORM="nonsense") as (address, _):
        where = wait_for(address)
        with pytest.raises(InputError, match="already exists"):
            dask_farm.record(one, where)
        assert one.target.read_bytes() == b"mine"
        with pytest.raises(RunError, match=r"no worker is left: tcp://.* cannot do it .*resume"):
            dask_farm.record(one, where, overwrite=True)
    assert Parts.load(one.folder).finished() == []


@pytest.mark.parametrize("text", ["local", "local:", "local:0", "local:-1", "local:two", "local:999", "dask://", "dask:host", "http://a:1",
                                  "dask://host:0", "dask://host:99999", "dask://a b:1", "dask://h:1/x", "2", ""])  # fmt: skip
def test_places_that_are_none(text):
    with pytest.raises(InputError, match="farm: expected local:N"):
        dask_cluster.parse(text)


def test_places():
    assert dask_cluster.parse("local:4") == dask_cluster.Where(workers=4)
    assert dask_cluster.parse("dask://node7:9000") == dask_cluster.Where(address="tcp://node7:9000")
    assert dask_cluster.parse("dask://node7") == dask_cluster.Where(address="tcp://node7:8786")
    assert dask_cluster.parse("tls://[::1]:8786") == dask_cluster.Where(address="tls://[::1]:8786")


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(dask_cluster.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "nnviz3d\[farm\]"'):
        dask_cluster.parse("dask://h:1")


def test_the_command_tells_all_problems_at_once(tmp_path):
    done = command("nonsense", "-o", str(tmp_path / "a.mp4"), "--farm", "local:0", "--shard", "3/2", "--json")
    assert done.returncode == 2
    reported = " ".join(problem["key"] + problem["message"] for problem in json.loads(done.stdout)["problems"])
    assert "--farm" in reported and "--shard" in reported and "--shard --farm" in reported and "xor, zero-init" in reported


def test_the_guides_options_exist():
    text = (paths.CHECKOUT / "docs" / "render-farm.md").read_text(encoding="utf-8")
    helps = {}
    for line in re.findall(r"nnviz3d ((?:record|encode|train) [^`\n]*)", text):
        name = line.split()[0]
        helps[name] = (
            helps.get(name)
            or subprocess.run(
                [sys.executable, "-m", "nnviz3d", name, "--help"],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "COLUMNS": "200"},
            ).stdout
        )
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", line.partition("#")[0]):
            assert option in helps[name], (line, option)
    assert set(helps) == {"record", "encode", "train"}
