"""Where the workers of a farm are: processes of this machine with a scheduler of our own, or somebody's Dask scheduler."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnviz3d.spec.errors import InputError, RunError

INSTALL = 'a farm needs Dask: pip install "nnviz3d[farm]"'
HERE = "127.0.0.1"  # nothing of a farm on this machine listens anywhere else: whoever reaches a port of Dask runs code
PORT = 8786  # of a Dask scheduler
MOST_LOCAL = 256
REACH = 5.0  # seconds for a scheduler to answer
EXPECTED = "local:N (N workers on this machine), or dask://HOST:PORT (a Dask scheduler; tls://HOST:PORT by Dask's own TLS settings)"


@dataclass(frozen=True)
class Where:
    """`workers` on this machine, or the `address` of a scheduler."""

    workers: int = 0
    address: str = ""


def parse(text: str) -> Where:
    """Raises InputError, also where Dask is not installed."""
    kind, _, rest = text.partition(":")
    found = None
    if kind == "local" and rest.isdecimal() and len(rest) < 6 and 1 <= int(rest) <= MOST_LOCAL:
        found = Where(workers=int(rest))
    elif kind in ("dask", "tcp", "tls") and rest.startswith("//"):
        host, _, port = rest[2:].rpartition(":") if ":" in rest.rpartition("]")[2] else (rest[2:], "", str(PORT))
        if host and not set(host) & set("/?#@ ") and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536:
            found = Where(address=f"{'tls' if kind == 'tls' else 'tcp'}://{host}:{port}")
    if found is None:
        more = f"; N is 1 to {MOST_LOCAL}" if kind == "local" else ""
        raise InputError.option("", "farm", f'expected {EXPECTED}; found "{text}"{more}')
    if importlib.util.find_spec("distributed") is None:
        raise InputError.option("", "farm", INSTALL)
    return found


@contextmanager
def opened(where: Where) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A client, and what brings dead workers back. Raises InputError where the scheduler does not answer."""
    import distributed  # sets up its loggers

    log = logging.getLogger(distributed.__name__)
    level = log.level
    log.setLevel(logging.CRITICAL)  # lost workers are told in our own words
    try:
        with _local(where.workers) if where.workers else _remote(where.address) as pair:
            yield pair
    finally:
        log.setLevel(level)


@contextmanager
def _remote(address: str) -> Iterator[tuple[Any, Callable[[], None]]]:
    from distributed import Client
    from distributed.security import Security

    try:
        with ThreadPoolExecutor(1) as knocking:  # a notebook has a loop of its own in this thread
            knocking.submit(asyncio.run, _knock(address)).result()
        client = Client(address, timeout=REACH, set_as_default=False)
    except Exception as error:  # noqa: BLE001  whatever answers there, it is no scheduler
        why = f"nothing in {REACH:g} s" if isinstance(error, TimeoutError) else error
        if address.startswith("tls:") and not Security().get_connection_args("client").get("ssl_context"):
            why = "TLS needs certificates; name them in Dask's settings (distributed.comm.tls: ca-file, client.cert, client.key)"
        raise InputError.option(address, "farm", f"no Dask scheduler answers there: {why}") from None
    with client:
        yield client, lambda: None


async def _knock(address: str) -> None:
    """Dask's own client waits without end for a port that takes the call and says nothing. Raises what went wrong."""
    from distributed.comm import connect
    from distributed.security import Security

    call = connect(address, timeout=REACH, **Security().get_connection_args("client"))
    (await asyncio.wait_for(call, REACH)).abort()


@contextmanager
def _local(count: int) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A scheduler in this process, and worker processes of our own: their environment is ready before numpy and OpenGL are loaded."""
    from distributed import Client, LocalCluster

    options = {"n_workers": 0, "host": HERE, "dashboard_address": f"{HERE}:0", "silence_logs": logging.CRITICAL}
    options |= {"scheduler_kwargs": {"dashboard": False}}
    with tempfile.TemporaryDirectory(prefix="nnviz3d-farm-") as scratch, LocalCluster(**options) as cluster:
        workers = Workers(cluster.scheduler_address, count, Path(scratch))
        try:
            with Client(cluster, set_as_default=False) as client:
                yield client, workers.keep
        finally:
            workers.end()


class Workers:
    """Worker processes of this machine. One that dies is replaced, but not for ever."""

    def __init__(self, address: str, count: int, scratch: Path):
        self._scratch, self._address = scratch, address
        self._log = (scratch / "workers.log").open("ab")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # numpy keeps the threads that it has here: another number of them may train to other last bits
        self._environment = {
            "LP_NUM_THREADS": str(max(cores // count, 1)), **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }  # fmt: skip
        self._replacements = 2 * count
        self.processes = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen:
        command = [
            sys.executable, "-P", "-m", "distributed.cli.dask_worker", self._address, "--host", HERE, "--dashboard-address", f"{HERE}:0",
            "--no-dashboard", "--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--death-timeout", "30",
            "--local-directory", str(self._scratch),
        ]  # fmt: skip
        return subprocess.Popen(
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def keep(self) -> None:
        """Raises RunError where they end again and again."""
        for k, process in enumerate(self.processes):
            if process.poll() is not None:
                if not self._replacements:
                    raise RunError(f"workers end again and again; the last words: {self.words()}")
                self._replacements -= 1
                self.processes[k] = self._start()

    def words(self) -> str:
        """The end of what they wrote."""
        self._log.flush()
        return (self._scratch / "workers.log").read_text(errors="replace").strip()[-600:]

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()
