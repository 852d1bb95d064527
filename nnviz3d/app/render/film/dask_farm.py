"""A film by the workers of a Dask cluster: each of them is a worker of the pool.

Dask carries calls and bytes and knows who is alive; which worker makes which piece is the pool's. What has come back lies in the film's own
folder, so a farm that ends is resumed as any other run.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import pickle
import secrets
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnviz3d.app.render.film import dask_cluster, dask_worker, pipeline
from nnviz3d.app.render.film.dask_worker import Unknown
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.pool import PATIENCE, Pool, Progress, Say, WorkerLost
from nnviz3d.app.render.film.worker import order_of
from nnviz3d.spec.errors import InputError, RunError

FIRST = 10.0  # seconds for a scheduler to have a worker
ALONE = 60.0  # seconds without any worker, in the middle of a film
SENT_BYTES = 256 << 20  # files of a scene that are sent to every worker
OUTSIDE = ".outside"  # where files that are not the scene's own lie among those that are sent


def record(
    job: Job,
    address: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda done, total: None,
    say: Say = lambda text: None,
) -> dict:
    """The whole film. Returns what the sidecar says. Raises InputError before any work, RunError where what is finished is kept."""
    with dask_cluster.opened(address) as client:
        farm = Farm(client, job, address, say)
        parts = pipeline.begin(job, resume=resume, overwrite=overwrite)
        try:
            with Pool(parts, parts.missing(), say) as pool:
                farm.work(pool, progress)
        finally:
            farm.close()
    facts = pipeline.finish(parts, job.target, job.sidecar)
    if len(facts["renderer"]) > 1:
        say(f"note: pieces were drawn by {', '.join(facts['renderer'])}: their pictures may differ slightly")
    return facts


class DaskWorker:
    """One worker of a cluster, for one film. `why`: it makes no more pieces."""

    def __init__(self, client: Any, address: str, film: str, order: bytes):
        self.name, self.why = f"worker {address}", ""
        self._client, self._address, self._film, self._order = client, address, film, order
        self._call: Any = None

    def render(self, number: int, progress: Callable[[int], None]) -> list[bytes]:
        """As of `pool.Worker`; progress comes by the film's topic."""
        try:
            return self._made(number)
        except WorkerLost as error:
            self.why = str(error)
            raise

    def _made(self, number: int) -> list[bytes]:
        try:
            return self._ask(dask_worker.render, self._film, number)
        except Unknown:  # the first piece, or another process at the same address
            self._ask(dask_worker.keep, self._order)
        return self._ask(dask_worker.render, self._film, number)

    def _ask(self, function: Callable, *arguments: Any) -> Any:
        """What the worker answers. Raises Unknown, WorkerLost."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            self._call = self._client.submit(function, *arguments, workers=[self._address], pure=False)
        try:
            return self._call.result()
        except Unknown:
            raise
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            raise WorkerLost("is gone") from None
        except Exception as error:  # noqa: BLE001  whatever it was, this worker cannot do it
            raise WorkerLost(f"cannot do it ({error})") from None

    def stop(self) -> None:
        if self._call is not None:
            with suppress(Exception):  # the scheduler may be gone
                self._call.cancel()

    def close(self) -> None:
        """Its pieces come by the network: it writes nothing here."""
        self.stop()


class Farm:
    """`client`: of Dask. Raises InputError where nobody can do the work."""

    def __init__(self, client: Any, job: Job, address: str, say: Say):
        self.client, self.job, self.address, self.say = client, job, address, say
        self.film = f"{job.target.name}-{secrets.token_hex(6)}"
        self._workers: dict[str, DaskWorker] = {}
        self._await_first()
        self._check_versions()
        self._order = self._pack()

    def _await_first(self) -> None:
        end = time.monotonic() + FIRST
        while not self.client.nthreads():
            if time.monotonic() > end:
                raise InputError.option(self.address, "farm", "has no workers; start some with: dask worker HOST:PORT")
            time.sleep(PATIENCE / 4)

    def _check_versions(self) -> None:
        """All must have the same nnviz3d, the scheduler too; other differences may show where pieces meet, and are reported."""
        found = self.client.get_versions(packages=["nnviz3d", *pipeline.PACKAGES])
        mine = found["client"]["packages"]
        others = {"the scheduler": found["scheduler"], **{f"worker {name}": facts for name, facts in found["workers"].items()}}
        wrong, differ = [], set()
        for name, facts in others.items():
            there = facts["packages"]
            if there["nnviz3d"] != mine["nnviz3d"]:
                wrong.append(f"{name} has {'nnviz3d ' + there['nnviz3d'] if there['nnviz3d'] else 'no nnviz3d'}")
            elif name != "the scheduler":
                keys = ("python", *pipeline.PACKAGES)
                differ |= {f"{key} {there[key]} ({mine[key]} here)" for key in keys if there[key] != mine[key]}
        if wrong:
            text = "; ".join(wrong[:8]) + ("; ..." if len(wrong) > 8 else "")
            raise InputError.option(self.address, "farm", f"all must have nnviz3d {mine['nnviz3d']}, as here: {text}")
        if differ:
            self.say(f"note: workers have {', '.join(sorted(differ))}: frames of different pieces may differ in the last bits")

    def _pack(self) -> bytes:
        job = self.job
        order, found, files = order_of(job, self.film), list(needed(job)), None
        outside = {"origin": order.origin, "init": order.init}
        size = sum(path.stat().st_size for _, path in found)
        if size <= SENT_BYTES:
            files = {name: path.read_bytes() for name, path in found}
            outside = {key: f"{OUTSIDE}/{key}/{Path(path).name}" if path else "" for key, path in outside.items()}
        else:
            self._check_shared([(str(path), path.stat().st_size) for _, path in found], size)
        order = replace(order, target=job.target.name, files=files, shared=False, **outside)
        return pickle.dumps(order)  # as bytes, so that the scheduler need not look into it

    def _check_shared(self, names: list[tuple[str, int]], size: int) -> None:
        found = self.client.run(dask_worker.sees, names, on_error="return")
        blind = [worker for worker, sees in found.items() if sees is not True]
        if blind:
            text = f"{size / 1e6:,.0f} MB of files belong to the scene; up to {SENT_BYTES >> 20} MB are sent to workers"
            advice = f"Put them where all machines see them under the same path; {blind[0]} does not see them"
            raise InputError.option(names[0][0], "farm", f"{text}. {advice}")

    def work(self, pool: Pool, progress: Progress) -> None:
        """Until all pieces are there; workers may come and go. Raises RunError when none is left, or a piece ends all that take it."""
        self.client.subscribe_topic(self.film, lambda event: pool.note(*event[1]))
        since = time.monotonic()  # there was a worker
        while not pool.finished:
            self._welcome(pool)
            if any(pool.serves(each) for each in self._workers.values()):
                since = time.monotonic()
            else:
                self._check_alone(pool, since)
            pool.wait(PATIENCE)
            progress(pool.ready, pool.total)

    def _welcome(self, pool: Pool) -> None:
        live = set(self.client.nthreads())
        for address in set(self._workers) - live:
            self._workers.pop(address).stop()
        for address in sorted(live - set(self._workers)):
            self._workers[address] = DaskWorker(self.client, address, self.film, self._order)
            pool.add(self._workers[address])

    def _check_alone(self, pool: Pool, since: float) -> None:
        """All that are there cannot do it, or nobody has been there for a long time."""
        unable = [f"{each.name.removeprefix('worker ')} {each.why}" for each in self._workers.values() if each.why]
        if not pool.finished and (unable or time.monotonic() - since > ALONE):
            text = "; ".join(unable[:4]) or "all are gone"
            raise RunError(f"no worker is left: {text}. Finished pieces are kept; continue with `--resume`")

    def close(self) -> None:
        """Workers end after the frame that they are at."""
        with suppress(Exception):  # they may be gone, and the scheduler too
            self.client.run(dask_worker.forget, self.film, on_error="ignore")


def needed(job: Job) -> Iterator[tuple[str, Path]]:
    """The files that the film reads, with their names among each other."""
    for name in (job.scene.data.file, job.scene.data.labels_file):
        if name:
            yield Path(name).as_posix(), (job.base / name).resolve()
    for key, origin in (("origin", job.origin), ("init", job.init)):
        if origin is not None:
            for path in sorted(each for each in origin.rglob("*") if each.is_file()) if origin.is_dir() else [origin]:
                yield f"{OUTSIDE}/{key}/{path.relative_to(origin.parent).as_posix()}", path.resolve()
