"""Where a film is rendered: by processes of this machine, or by the workers of a Dask scheduler; and the connection to one."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nnviz3d.spec.errors import InputError

INSTALL = 'a render farm needs Dask: pip install "nnviz3d[farm]"'
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
    """Raises InputError, also where a scheduler is named and Dask is not installed."""
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
    if found.address and importlib.util.find_spec("distributed") is None:
        raise InputError.option("", "farm", INSTALL)
    return found


@contextmanager
def opened(address: str) -> Iterator[Any]:
    """A Dask client of the scheduler. Raises InputError where it does not answer."""
    import distributed  # sets up its loggers

    log = logging.getLogger(distributed.__name__)
    level = log.level
    log.setLevel(logging.CRITICAL)  # lost workers are reported in our own words
    try:
        with _connected(address) as client:
            yield client
    finally:
        log.setLevel(level)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    from distributed import Client
    from distributed.security import Security

    try:
        with ThreadPoolExecutor(1) as knocking:  # a notebook has a loop of its own in this thread
            knocking.submit(asyncio.run, _knock(address)).result()
        client = Client(address, timeout=REACH, set_as_default=False)
    except Exception as error:  # noqa: BLE001  whatever answers there, it is no scheduler
        why = f"nothing in {REACH:g} s" if isinstance(error, TimeoutError) else error
        if address.startswith("tls:") and not Security().get_connection_args("client").get("ssl_context"):
            why = "TLS needs certificates; give them in Dask's settings (distributed.comm.tls: ca-file, client.cert, client.key)"
        raise InputError.option(address, "farm", f"no Dask scheduler answers there: {why}") from None
    with client:
        yield client


async def _knock(address: str) -> None:
    """Dask's own client waits without end for a port that takes the call and says nothing. Raises what went wrong."""
    from distributed.comm.core import connect
    from distributed.security import Security

    call = connect(address, timeout=REACH, **Security().get_connection_args("client"))
    (await asyncio.wait_for(call, REACH)).abort()
