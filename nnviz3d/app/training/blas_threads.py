"""One thread for matrix products, unless the environment says how many.

The threads of a BLAS library wait for each other at the end of every product. On a machine that does anything else as well one of them is
always late: with two cores and a load of 6, `train wide` took 10 times as long with two threads as with one, and a product of 128 x 1024 x
1024 numbers 17 times. Their number also decides the last bits of large products; one thread gives the same numbers everywhere. On an idle
machine with many cores, OPENBLAS_NUM_THREADS=8 trains networks of many million weights faster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def asked() -> bool:
    """Whether the environment says how many threads there are to be."""
    return any(os.environ.get(name) for name in NAMES)


def from_the_start() -> None:
    """For a process of our own and all that it starts, before numpy is imported."""
    if not asked():
        os.environ |= dict.fromkeys(NAMES[:-1], "1")


@contextmanager
def one() -> Iterator[None]:
    """While it lasts, in a process that is somebody else's; also a decorator."""
    if asked():
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


def count() -> int | None:
    """Threads of a matrix product now; None where the library does not say."""
    from threadpoolctl import threadpool_info

    return max((library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"), default=None)
