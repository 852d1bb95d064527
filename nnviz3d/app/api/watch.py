"""`nv.watch`: one line in a training loop of one's own, and a window shows it."""

from __future__ import annotations

import atexit
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz3d.live.idle_view import IdleView

if TYPE_CHECKING:
    from nnviz3d.live.loop_view import FrameSink, LoopSubject, LoopView

OFF = "NNVIZ3D"  # of the environment: "off" and nothing is watched
_open: dict[str, LoopView] = {}


def watch(
    model: Any = None, optimizer: Any = None, *, every: float = 0.1, include: Any = "*", exclude: Any = (), sample: Any = None,
    budget_mb: float = 256, to: str | os.PathLike | None = None, name: str | None = None, enabled: bool = True,
) -> LoopView | IdleView:  # fmt: skip
    """Show a training loop of one's own while it runs: parameters, gradients, loss. Call `view.step(loss=..., **metrics)` after each step.

    `model`: a PyTorch module; or a Scene or nothing, and then `view.step(params=tree, grads=tree)` hands arrays over. `optimizer`: one or
    several; without it every PyTorch optimiser that has parameters of the model. At most one frame in `every` seconds, of the arrays whose
    names match `include` and not `exclude`. `sample`: a batch x, or (x, target), whose first row is shown; without it the first batch that
    the model is called with. `budget_mb`: for frames that are kept for viewers.
    `to`: None starts a viewer on this machine; "unix:PATH" or "tcp://HOST:PORT" waits for one; "RUN.nnrec" records.
    The training is not changed by a bit and never waits. Raises InputError for settings that cannot be.
    """
    if not enabled or os.environ.get(OFF, "").lower() == "off" or _is_other_rank():
        return IdleView()
    from nnviz3d.live.control import LoopControl
    from nnviz3d.live.loop_view import LoopView

    shown = _checked(every, budget_mb, sample)
    title = name or _program()
    if title in _open:
        _open[title].close("restarted")
    subject = _subject(model, optimizer, title, every, include, exclude)
    control = LoopControl()
    sink = _sink(to, title, int(budget_mb * 1e6), control)
    view = LoopView(subject, sink, every, control, shown)
    if not _open:
        atexit.register(_close_all)
        os.register_at_fork(after_in_child=_forget) if hasattr(os, "register_at_fork") else None
    _open[title] = view
    view.on_close = partial(_open.pop, title, None)
    return view


def _program() -> str:
    """What runs here: a script, a package, or nothing with a name."""
    path = Path(sys.argv[0] if sys.argv else "")
    named = path.parent.name if path.stem == "__main__" else path.stem
    return named if named not in ("", "-c", "-m") else "training"


def _checked(every: float, budget_mb: float, sample: Any) -> tuple | None:
    """The sample as (x, target) or (x,). Raises InputError."""
    from nnviz3d.live.numbers import is_batch
    from nnviz3d.spec.errors import InputError, OptionProblem

    problems = []
    if not isinstance(every, (int, float)) or not 0 <= every <= 86_400:
        problems.append(OptionProblem("", "every", f"expected seconds from 0 to 86400, found {every!r}"))
    if not isinstance(budget_mb, (int, float)) or not 1 <= budget_mb <= 100_000:
        problems.append(OptionProblem("", "budget_mb", f"expected 1 to 100000, found {budget_mb!r}"))
    shown: tuple[Any, ...] = sample if isinstance(sample, tuple) else (sample,)
    if sample is not None and (len(shown) not in (1, 2) or not is_batch(shown[0])):
        problems.append(OptionProblem("", "sample", "expected a batch x, or (x, target): arrays with one row for each sample"))
    if problems:
        raise InputError(*problems)
    return None if sample is None else shown


def _subject(model: Any, optimizer: Any, title: str, every: float, include: Any, exclude: Any) -> LoopSubject:
    from nnviz3d.app.api.watch_model import WatchedModel
    from nnviz3d.formats.torch import modules
    from nnviz3d.spec.errors import InputError
    from nnviz3d.spec.scene import Scene

    asked = WatchedModel(title, every, include, exclude)
    if model is None or isinstance(model, Scene):
        from nnviz3d.live.array_trees import ArrayTrees

        return ArrayTrees(lambda found: asked.of_tree(model, found))
    if not modules.is_module(model):
        text = f"expected a PyTorch module, an nnviz3d Scene, or none with view.step(params=...); found {type(model).__name__}"
        raise InputError.option("", "model", text)
    from nnviz3d.live.torch_model import TorchModel

    optimizers = () if optimizer is None else tuple(optimizer) if isinstance(optimizer, (list, tuple)) else (optimizer,)
    return TorchModel(model, optimizers, asked.of_torch)


def _sink(to: str | os.PathLike | None, title: str, budget: int, control: Any) -> FrameSink:
    """Raises InputError for a target that cannot be, RunError where there can be no socket."""
    from nnviz3d.app.api import watch_viewer
    from nnviz3d.spec.file_extensions import RECORDING

    text = "" if to is None else os.fspath(to)
    if text.endswith(RECORDING):
        from nnviz3d.sources.watching.recorder import WatchedRecorder

        return WatchedRecorder(Path(text), title, budget)
    publisher = watch_viewer.publisher(text, title, budget, control)
    if to is None:
        watch_viewer.start(publisher)
    else:
        watch_viewer.tell(publisher)
    return publisher


def _is_other_rank() -> bool:
    """Whether this process trains the same model as another one that is watched."""
    distributed = sys.modules.get("torch.distributed")
    return distributed is not None and distributed.is_available() and distributed.is_initialized() and distributed.get_rank() != 0


def _close_all() -> None:
    """At the end of the program, which may be an error that nobody has handled."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    for view in list(_open.values()):
        view.close("error" if error is not None else "finished", f"{type(error).__name__}: {error}" if error is not None else "")


def _forget() -> None:
    """In a process that was forked (a loader's worker): the run is its parent's."""
    for view in _open.values():
        view.closed = True
    _open.clear()
