"""A film by many workers of a Dask cluster, on this machine or on others: hands out pieces, takes them back, survives workers.

Dask carries calls and bytes and knows who is alive; which worker makes which piece is decided by `Deck`, because neighbouring pieces
share the training before them. What has come back lies in the film's own folder, so a farm that ends is resumed as any other run.
"""

from __future__ import annotations

import os
import pickle
import secrets
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from nnviz3d.app.render.film import dask_cluster, pipeline
from nnviz3d.app.render.film import worker as hand
from nnviz3d.app.render.film.dask_cluster import Where
from nnviz3d.app.render.film.job import Job
from nnviz3d.app.render.film.piece_queue import FATAL, Deck
from nnviz3d.app.render.film.pipeline import PACKAGES, Progress
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video.segment_folder import Parts

FIRST = 10.0  # seconds for a scheduler to have a worker
PATIENCE = 60.0  # seconds without any worker, in the middle of a film
POLL = 0.2
SENT_BYTES = 256 << 20  # files of a scene that are sent to every worker
OUTSIDE = ".outside"  # where files that are not the scene's own lie among those that are sent

Say = Callable[[str], None]


def record(
    job: Job, where: Where, *, resume: bool = False, overwrite: bool = False, progress: Progress = lambda done, total: None,
    say: Say = lambda text: None,
) -> dict:  # fmt: skip
    """The whole film. Returns what the sidecar says. Raises InputError before any work, RunError where what is finished is kept."""
    with dask_cluster.opened(where) as (client, keep):
        farm = Farm(client, job, where, say, keep)
        parts = pipeline.begin(job, resume=resume, overwrite=overwrite)
        try:
            farm.paint(parts, progress)
        finally:
            farm.close()
    told = pipeline.finish(parts, job.target, job.sidecar)
    if len(told["renderer"]) > 1:
        say(f"note: pieces were drawn by {', '.join(told['renderer'])}: their pictures differ a little")
    return told


class Farm:
    """`client`: of Dask. `keep()` brings dead workers back where we own them. Raises InputError where nobody can do the work."""

    def __init__(self, client: Any, job: Job, where: Where, say: Say, keep: Callable[[], None] = lambda: None):
        self.client, self.job, self.where, self.say, self.keep = client, job, where, say, keep
        self.film = f"{job.target.name}-{secrets.token_hex(6)}"
        self._aside: dict[str, str] = {}  # workers that cannot do it, and why
        self._known: set[str] = set()  # workers that have the film
        self._calls: dict[str, Any] = {}  # worker -> the call that it works on
        self._frames: dict[int, int] = {}  # frames that are painted in the pieces in work
        self._deck = Deck(())
        self._ended = Event()  # a call has
        self._alone = 0.0  # since when there is no worker
        self._await_first()
        self._check_versions()
        self._order = self._pack()

    def _await_first(self) -> None:
        end = time.monotonic() + FIRST * (3 if self.where.workers else 1)
        while not self.client.nthreads():
            self.keep()
            if time.monotonic() > end:
                told = "has no workers; start some with: dask worker HOST:PORT" if self.where.address else "no worker has started"
                raise InputError.option(self.where.address, "farm", told)
            time.sleep(POLL / 4)

    def _check_versions(self) -> None:
        """All must have the same nnviz3d, the scheduler too; other differences may show where pieces meet, and are told."""
        found = self.client.get_versions(packages=["nnviz3d", *PACKAGES])
        mine = found["client"]["packages"]
        others = {"the scheduler": found["scheduler"], **{f"worker {name}": told for name, told in found["workers"].items()}}
        wrong, differ = [], set()
        for name, told in others.items():
            there = told["packages"]
            if there["nnviz3d"] != mine["nnviz3d"]:
                wrong.append(f"{name} has {'nnviz3d ' + there['nnviz3d'] if there['nnviz3d'] else 'no nnviz3d'}")
            elif name != "the scheduler":
                differ |= {f"{key} {there[key]} ({mine[key]} here)" for key in ("python", *PACKAGES) if there[key] != mine[key]}
        if wrong:
            told = "; ".join(wrong[:8]) + ("; ..." if len(wrong) > 8 else "")
            raise InputError.option(self.where.address, "farm", f"all must have nnviz3d {mine['nnviz3d']}, as here: {told}")
        if differ:
            self.say(f"note: workers have {', '.join(sorted(differ))}: frames may differ in their last bits where pieces meet")

    def _pack(self) -> bytes:
        job = self.job
        order = hand.order_of(job, self.film)
        if not self.where.workers:
            found, files = list(needed(job)), None
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
        blind = [worker for worker, sees in self.client.run(hand.sees, names, on_error="return").items() if sees is not True]
        if blind:
            told = f"{size / 1e6:,.0f} MB of files belong to the scene; up to {SENT_BYTES >> 20} MB are sent to workers"
            raise InputError.option(
                names[0][0], "farm", f"{told}. Put them where all machines see them under this path; {blind[0]} does not"
            )

    # ---------------------------------------------------------------- the work

    def paint(self, parts: Parts, progress: Progress) -> None:
        """Make all pieces that are missing. Raises RunError when no worker is left, or a piece ends every worker that takes it."""
        missing = parts.missing()
        total, ready = sum(len(parts.plan.piece(k)) for k in missing), 0
        self._deck = Deck(missing)
        self.client.subscribe_topic(self.film, self._hear)
        while self._deck:
            live = self._look()
            for worker in live:
                if worker not in self._calls:
                    self._hand_out(worker)
            if not self._calls:
                self._wait_for_workers(live)
            for worker in self._finished():
                number = self._take_back(worker, parts)
                ready += len(parts.plan.piece(number)) if number is not None else 0
            progress(ready + sum(self._frames.get(number, 0) for number in self._deck.busy.values()), total)

    def _hear(self, event: tuple) -> None:
        number, frames = event[1]
        self._frames[number] = frames

    def _look(self) -> list[str]:
        """Workers that are there and can do it; what the others had is to be made by somebody else."""
        self.keep()
        live = set(self.client.nthreads())
        for worker in set(self._calls) - live:
            self._calls.pop(worker).cancel()
            self._known.discard(worker)
            self._give_up(worker, "is gone")
        self._known &= live
        return sorted(live - set(self._aside))

    def _give_up(self, worker: str, why: str) -> None:
        if worker not in self._deck.busy:
            return
        number = self._deck.busy[worker]
        ended = self._deck.lost(worker)
        frames = self.job.plan().piece(number)
        told = f"worker {worker} {why}; frames {frames[0]:,}..{frames[-1]:,}"
        if ended >= FATAL:
            raise RunError(f"{told} have ended {ended} workers; what is finished is kept, `--resume` goes on")
        self.say(f"{told} go to another")

    def _hand_out(self, worker: str) -> None:
        """An idle worker hears of the film first, and then gets a piece."""
        if worker not in self._known:
            self._known.add(worker)
            self._calls[worker] = self._call(worker, _welcome, self._order)
        elif (number := self._deck.take(worker)) is not None:
            self._frames[number] = 0
            self._calls[worker] = self._call(worker, _paint, self.film, number)

    def _call(self, worker: str, function: Callable, *arguments) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            call = self.client.submit(function, *arguments, workers=[worker], pure=False)
        call.add_done_callback(lambda _call: self._ended.set())
        return call

    def _finished(self) -> list[str]:
        self._ended.wait(POLL)
        self._ended.clear()
        return [worker for worker, call in self._calls.items() if call.status not in ("pending", "processing")]

    def _take_back(self, worker: str, parts: Parts) -> int | None:
        """The piece that this worker has finished; None: it was something else, or it went wrong."""
        call = self._calls.pop(worker)
        number = self._deck.busy.get(worker)
        if call.status != "finished":
            error = call.exception() if call.status == "error" else None
            if isinstance(error, hand.Unknown):  # the same address, another process
                self._known.discard(worker)
                self._deck.lost(worker)
            else:
                why = f"cannot do it ({error})" if error else "has lost it"
                self._aside[worker] = why
                self._give_up(worker, why)
            return None
        if number is None:  # it knows the film now
            return None
        try:
            store(parts, number, call.result())
        except OSError as error:
            raise RunError(f"{parts.folder}: {error.strerror or error}; what is finished is kept, `--resume` goes on") from None
        return self._deck.done(worker)

    def _wait_for_workers(self, live: list[str]) -> None:
        if live:
            self._alone = 0.0
            return
        self._alone = self._alone or time.monotonic()
        if self._aside or time.monotonic() - self._alone > PATIENCE:
            told = "; ".join(f"{worker} {why}" for worker, why in list(self._aside.items())[:4]) or "all are gone"
            raise RunError(f"no worker is left: {told}. What is finished is kept, `--resume` goes on")
        time.sleep(POLL)

    def close(self) -> None:
        """Workers end after the frame that they are at."""
        for call in self._calls.values():
            call.cancel()
        with suppress(Exception):  # they may be gone, and the scheduler too
            self.client.run(hand.leave, self.film, on_error="ignore")


def _welcome(order: bytes) -> None:
    """On a worker. Dask clears up its folder, also after a kill."""
    from distributed import get_worker

    hand.welcome(pickle.loads(order), get_worker().local_directory)


def _paint(film: str, number: int) -> list[bytes]:
    """On a worker."""
    from distributed import get_worker

    worker, last = get_worker(), 0.0

    def told(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > POLL:
            last = time.monotonic()
            worker.log_event(film, (number, done))

    return hand.paint(film, number, told)


def store(parts: Parts, number: int, made: list[bytes]) -> None:
    """A piece that came as bytes, each of its files whole or not at all. Raises OSError."""
    if not made:  # it was written where it belongs
        return
    for path, raw in zip(hand.files(parts, number), made, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".tmp")
        part.write_bytes(raw)
        os.replace(part, path)


def needed(job: Job) -> Iterator[tuple[str, Path]]:
    """The files that the film reads, with their names among each other."""
    for name in (job.scene.data.file, job.scene.data.labels_file):
        if name:
            yield Path(name).as_posix(), (job.base / name).resolve()
    for key, origin in (("origin", job.origin), ("init", job.init)):
        if origin is not None:
            for path in sorted(each for each in origin.rglob("*") if each.is_file()) if origin.is_dir() else [origin]:
                yield f"{OUTSIDE}/{key}/{path.relative_to(origin.parent).as_posix()}", path.resolve()
