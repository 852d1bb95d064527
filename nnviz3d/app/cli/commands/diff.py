"""`nnviz3d diff A B`: how far two files of weights, checkpoints or folders of models are apart."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz3d.app.cli.commands.common import Options
from nnviz3d.formats.tensors import difference as tensor_difference
from nnviz3d.formats.tensors.difference import TensorMoved, TensorsDifference
from nnviz3d.formats.tensors.files import TensorFiles
from nnviz3d.spec import file_kinds
from nnviz3d.spec.errors import InputError, together
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.backend import Ops
    from nnviz3d.sources.protocols import Source

LINES = 20  # tensors that are listed for people


@dataclass(frozen=True)
class TensorFilePair:
    """Two opened files; a reader of what is between them."""

    a: TensorFiles
    b: TensorFiles
    found: TensorsDifference

    @property
    def title(self) -> str:
        return f"{self.a.path.name} -> {self.b.path.name}"

    def __call__(self, ops: Ops) -> Source:
        from nnviz3d.sources.opened_model import open_difference

        return open_difference(self.a, self.b, ops, self.title, summary(self.found))

    def opened(self) -> Opened:
        from nnviz3d.app.session.opening import Opened

        return Opened(Scene(title=self.title[:200]), self.a.path.parent, None, model=self)


def pair(a: Path, b: Path) -> TensorFilePair:
    """Both, and what is between them. Raises InputError with what is wrong with either, or where they have nothing in common."""
    first, second = together(lambda: _tensors(a), lambda: _tensors(b))
    found = tensor_difference.between(first, second)
    if not found.moved:
        raise InputError.of(str(b), "", f"has no tensor of floating-point numbers that {a} has too, by name and shape")
    return TensorFilePair(first, second, found)


def _tensors(path: Path) -> TensorFiles:
    if not path.exists():
        raise InputError.of(str(path), "", "no such file or folder")
    kind = file_kinds.of(path)
    if kind not in (file_kinds.WEIGHTS, file_kinds.MODEL_FOLDER):
        raise file_kinds.refuse(path, "weights or a checkpoint (.safetensors), or a folder with a model", kind)
    return TensorFiles(path)


def facts(pair: TensorFilePair) -> dict[str, Any]:
    """For programs. A number that is not finite is null."""
    found = pair.found
    return {
        "a": str(pair.a.path), "b": str(pair.b.path), "relative": _number(found.relative),
        "tensors": [_facts(each) for each in found.moved], "only_a": list(found.only_a), "only_b": list(found.only_b),
        "reshaped": [{"name": name, "a": list(a), "b": list(b)} for name, a, b in found.reshaped], "unread": list(found.unread),
    }  # fmt: skip


def _facts(each: TensorMoved) -> dict[str, Any]:
    names = ("name", "relative", "moved", "norm", "mean", "largest", "numbers", "not_finite")
    return {name: _number(getattr(each, name)) for name in names} | {"shape": list(each.shape), "place": list(each.place)}


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def lines(pair: TensorFilePair) -> list[str]:
    """For people: what moved most."""
    found = pair.found
    wide = max(len(each.name) for each in found.moved[:LINES])
    rows = [
        f"{each.name:<{wide}}  {_share(each.relative):>9}  {each.largest:>11.4g}  {each.numbers:,} of {prod(each.shape):,}"
        for each in found.moved[:LINES]
    ]
    head = f"{'tensor':<{wide}}  {'change':>9}  {'largest':>11}  numbers that differ"
    more = [f"and {len(found.moved) - LINES:,} more, which moved less"] if len(found.moved) > LINES else []
    for names, text in ((found.only_a, "only in A"), (found.only_b, "only in B"), (found.unread, "no floating-point numbers")):
        more += [f"{text}: {', '.join(names[:LINES])}{' ...' if len(names) > LINES else ''}"] if names else []
    more += [f"{name}: {' x '.join(map(str, a))} in A, {' x '.join(map(str, b))} in B" for name, a, b in found.reshaped[:LINES]]
    return [summary(found), "", head, *rows, *more]


def show(options: Options, pair: TensorFilePair, picture: Path | None, size: tuple[int, int], listed: bool) -> int:
    """Save the picture, or open a window where there is a display and no list for programs was asked for. Returns the exit code."""
    from nnviz3d.app.api import scene as api
    from nnviz3d.gfx.hosts import display_available

    if picture is not None:
        api.shot_file(pair.opened(), picture, backend=options.backend, step=0, phase=None, size=size, ui=True, camera=None, ssaa=1)
        options.say(f"wrote {picture}")
    elif display_available() and not listed:
        from nnviz3d.app.window.run import run_window

        return run_window(pair.opened(), backend=options.backend, size=size)
    return 0


def summary(found: TensorsDifference) -> str:
    if not any(each.numbers for each in found.moved):
        return f"All {len(found.moved):,} tensors are equal."
    most = found.moved[0]
    return f"B is {_share(found.relative)} of A's size away from A; most changed: {most.name}, {_share(most.relative)}."


def _share(value: float) -> str:
    return f"{value:.3%}" if isfinite(value) else "from zero"
