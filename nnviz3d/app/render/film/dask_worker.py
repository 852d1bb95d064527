"""What a Dask worker is asked to do: keep a film, make its pieces, forget it. The film itself is `worker.FilmWorker`'s.

OpenGL and imgui belong to one thread, so all rendering of a process happens in one, and for one film at a time.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nnviz3d.app.render.film.worker import FilmWorker
from nnviz3d.app.training import blas_threads
from nnviz3d.spec.errors import RunError

EVERY = 0.2  # seconds between two reports of how many frames there are

_films: dict[str, FilmWorker] = {}
_thread = ThreadPoolExecutor(1, "renderer")


class Unknown(RunError):
    """This process does not have the film: it is new, or another one at the same address."""


def keep(order: bytes) -> None:
    """Keep a film, a pickled `Order`, so that `render` can be asked for it. Raises InputError where that cannot be."""
    from distributed import get_worker

    made = pickle.loads(order)
    forget(made.film)
    _films[made.film] = FilmWorker(made, get_worker().local_directory)  # Dask clears up that folder, also after a kill


def render(film: str, number: int) -> list[bytes]:
    """Make a piece, when it is its turn. Raises Unknown, Stopped, InputError, RunError."""
    from distributed import get_worker

    one, worker, last = _films.get(film), get_worker(), 0.0
    if one is None:
        raise Unknown("this worker does not have the film")

    def rendered(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            worker.log_event(film, (number, done))

    return _thread.submit(_render, one, number, rendered).result()


@blas_threads.one()
def _render(one: FilmWorker, number: int, rendered: Callable[[int], None]) -> list[bytes]:
    for other in list(_films.values()):
        if other is not one:
            other.renderer.release()
    return one.render(number, rendered)


def forget(film: str) -> None:
    """End with a film, after its present frame. Does not wait for it."""
    one = _films.pop(film, None)
    if one is not None:
        one.stop()
        _thread.submit(one.close)


def sees(names: list[tuple[str, int]]) -> bool:
    """Whether these files, each with its size in bytes, are seen from here."""
    return all(Path(name).is_file() and Path(name).stat().st_size == size for name, size in names)
