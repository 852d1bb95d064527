"""One run of a PyTorch model, watched: every call of torch that makes numbers, what it reads, and in which module it happens.

The model is not changed: gradients are off, what the run writes into buffers is written back, and the random numbers that it draws are
drawn again. Nothing is imported: whoever has a model has torch. Tensors are told apart by a table of weak references, never by an id that
may be used again. Calls that only look at numbers in another way (views), copies of them and tensors filled with one number are not told.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

SAME = frozenset(
    ("reshape", "contiguous", "clone", "to", "float", "double", "half", "bfloat16", "type", "type_as", "flatten", "view", "cpu")
)
FILLED = frozenset(("zeros", "ones", "empty", "full", "tensor", "zeros_like", "ones_like", "empty_like", "full_like"))
DEPTH = 4  # objects in objects that are looked through for tensors


class TensorOrigin(NamedTuple):
    """Where a tensor comes from: a call by its number, an input by its number, or a parameter by its name."""

    kind: str  # "call", "input", "parameter", "constant"
    number: int = 0
    name: str = ""


@dataclass
class Call:
    """One call. `path`: of the module that it happened in, with the number of its call where it is not the first; `reads`: in the order of
    its arguments; `value`: what it made, or wrote; None where it failed. `error`: why."""

    op: str
    path: str
    module: str
    reads: tuple[TensorOrigin, ...]
    value: Any = None
    error: str = ""


@dataclass
class TorchRun:
    """`outputs`: what the model returned, by the calls that made it; `result`: as it returned it, None where it failed."""

    calls: list[Call]
    outputs: list[TensorOrigin]
    result: Any


def tensors(x: Any, depth: int = 0) -> Iterator[Any]:
    """Every tensor in nested arguments: lists, dicts, slices, data classes, caches."""
    torch = sys.modules["torch"]
    if isinstance(x, torch.Tensor):
        yield x
    elif isinstance(x, (list, tuple, set, frozenset)):
        yield from (t for each in x for t in tensors(each, depth + 1))
    elif isinstance(x, dict):
        yield from (t for each in x.values() for t in tensors(each, depth + 1))
    elif isinstance(x, slice):
        yield from tensors((x.start, x.stop, x.step), depth + 1)
    elif is_dataclass(x) and not isinstance(x, type):
        yield from (t for field in fields(x) for t in tensors(getattr(x, field.name, None), depth + 1))
    elif depth < DEPTH and hasattr(x, "__dict__") and not callable(x):
        yield from tensors(vars(x), depth + 1)


def watch(model: Any, args: tuple, kwargs: dict[str, Any], keep) -> TorchRun:
    """Run the model once. `keep(tensor, op)`: what is kept of each, as it is at that moment. An error of the model ends the
    run and is told."""
    torch = sys.modules["torch"]
    watcher = _Watcher(model, (args, kwargs), keep)
    result = None
    with ExitStack() as stack:
        stack.enter_context(_unchanged(torch, model))
        stack.enter_context(torch.no_grad())
        stack.enter_context(_plainly(torch))
        stack.enter_context(watcher.hooked())
        try:
            with _mode(torch, watcher):
                result = model(*args, **kwargs)
        except Exception as raised:  # noqa: BLE001  of any kind: it is the model's own
            watcher.failed(raised)
    outputs = [source for t in tensors(result) for source in watcher.sources(t)]
    return TorchRun(watcher.calls, list(dict.fromkeys(outputs)), result)


class _Watcher:
    def __init__(self, model: Any, given: Any, keep):
        torch = self.torch = sys.modules["torch"]
        self.keep = keep
        self.calls: list[Call] = []
        self.made = import_module("torch.utils.weak").WeakTensorKeyDictionary()
        self.writer: dict[int, int] = {}  # by storage, the last call that wrote into it
        self.stack: list[tuple[Any, str, str]] = []  # module, its path, its name
        self.times: Counter[tuple[Any, str]] = Counter()
        self.names: dict[Any, list[str]] = {}
        for name, module in model.named_modules(remove_duplicate=False):
            self.names.setdefault(module, []).append(name)
        for name, t in model.named_parameters(remove_duplicate=False):
            self.made.setdefault(t, (TensorOrigin("parameter", 0, name),))  # tied: one tensor, the first name
        for name, t in model.named_buffers(remove_duplicate=False):
            self.made.setdefault(t, (TensorOrigin("constant", 0, name),))
        for name, module in model.named_modules():
            for key, value in vars(module).items():
                if key not in ("_parameters", "_buffers", "_modules"):
                    for t in tensors(value, DEPTH - 1):
                        self.made.setdefault(t, (TensorOrigin("constant", 0, f"{name}.{key}"),))
        for k, t in enumerate(tensors(given)):
            self.made[t] = (TensorOrigin("input", k),)
        self.plain = torch._C.DisableTorchFunction

    # ---------------------------------------------------------------- modules

    @contextmanager
    def hooked(self):
        module = self.torch.nn.modules.module
        hooks = module.register_module_forward_pre_hook(self._enter), module.register_module_forward_hook(self._leave)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _enter(self, module: Any, args: Any) -> None:
        around, outer = (self.stack[-1][1], self.stack[-1][2]) if self.stack else ("", "")
        known = self.names.get(module, [type(module).__name__])
        name = next((each for each in known if each.startswith(f"{outer}." if outer else "")), known[0])
        inside = name[len(outer) + 1 :] if outer and name.startswith(f"{outer}.") else name
        path = f"{around}.{inside}" if around and inside else around or inside
        self.times[module, path] += 1
        times = self.times[module, path]
        self.stack.append((module, f"{path}#{times}" if times > 1 and path else path, name))

    def _leave(self, module: Any, args: Any, out: Any) -> None:
        with self.plain():
            unseen = [t for t in tensors(out) if self.made.get(t) is None]  # made by code that cannot be seen: a compiled part
            if unseen:
                reads = tuple(source for t in tensors(args) for source in self.sources(t))
                self._note(Call(type(module).__name__, self.path, type(module).__name__, reads, self.keep(unseen[0], "")), unseen)
        while self.stack and self.stack.pop()[0] is not module:  # an error that was caught inside has left some
            pass

    @property
    def path(self) -> str:
        return self.stack[-1][1] if self.stack else ""

    @property
    def module(self) -> str:
        return type(self.stack[-1][0]).__name__ if self.stack else ""

    # ---------------------------------------------------------------- calls

    def sources(self, t: Any) -> tuple[TensorOrigin, ...]:
        """What made it, and what has written into its numbers since, through it or another view of them."""
        own = self.made.get(t) or ()
        last = self.writer.get(_storage(self.torch, t), -1)
        if last < 0 or any(source.kind == "call" and source.number >= last for source in own):
            return own
        return (*own, TensorOrigin("call", last))

    def called(self, func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        op, given = name_of(self.torch, func), list(tensors((args, kwargs)))
        before = [(t, t._version) for t in given if not t.is_inference()]
        reads = tuple(dict.fromkeys(source for t in given for source in self.sources(t)))
        try:
            out = func(*args, **kwargs)
        except Exception as raised:
            self.calls.append(Call(op, self.path, self.module, reads, error=_words(raised)))
            raise
        with self.plain():
            wrote = [t for t, version in before if t._version != version]
            outs = [] if isinstance(out, (int, float, str, bool)) else [t for t in tensors(out) if not any(t is i for i in given)]
            if not wrote and outs and self._seen_otherwise(op, given, outs):
                for t in outs:
                    self.made[t] = reads
            elif not wrote and outs and op in FILLED:
                for t in outs:
                    self.made[t] = (TensorOrigin("constant", 0, op),)
            elif wrote or outs:
                self._note(Call(op.rstrip("_"), self.path, self.module, reads, self.keep((outs or wrote)[0], op)), [*outs, *wrote], wrote)
        return out

    def _seen_otherwise(self, op: str, given: list[Any], outs: list[Any]) -> bool:
        """The same numbers as one of the arguments, or some of them."""
        if op in SAME and given and all(t.numel() == given[0].numel() for t in outs):
            return True
        there = {_storage(self.torch, t) for t in given}
        return all(_storage(self.torch, t) in there for t in outs) and 0 not in there

    def _note(self, call: Call, made: list[Any], wrote: list[Any] | tuple = ()) -> None:
        number = len(self.calls)
        self.calls.append(call)
        for t in made:
            self.made[t] = (TensorOrigin("call", number),)
        for t in wrote:
            self.writer[_storage(self.torch, t)] = number

    def failed(self, raised: BaseException) -> None:
        """Where no call of torch failed, but the model's own code, that is told as a call."""
        if not self.calls or not self.calls[-1].error:
            last = (TensorOrigin("call", len(self.calls) - 1),) if self.calls else (TensorOrigin("input"),)
            self.calls.append(Call(type(raised).__name__, self.path, self.module, last, error=_words(raised)))


def _mode(torch: Any, watcher: _Watcher) -> Any:
    class Watching(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return watcher.called(func, args, kwargs or {})

    return Watching()


def _storage(torch: Any, t: Any) -> int:
    """A number that all views of the same numbers share while they live; 0 where there is none."""
    if t.layout != torch.strided or t.is_meta:
        return 0
    try:
        return t.untyped_storage()._cdata
    except (RuntimeError, NotImplementedError):
        return 0


def name_of(torch: Any, func: Any) -> str:
    """What a function of torch is called, in its shortest form: "conv2d", "add"."""
    name = torch.overrides.resolve_name(func) or getattr(func, "__name__", str(func))
    name = name.rpartition(".")[2] if not name.endswith("__get__") else name.split(".")[-2]
    return name.strip("_") if name.startswith("__") else name


def _words(raised: BaseException) -> str:
    return f"{type(raised).__name__}: {str(raised).strip()}".split("\n")[0][:300]


@contextmanager
def _plainly(torch: Any):
    """Without what would hide the calls: parts that are compiled, and encoder layers as one fused call."""
    mha, compiler = torch.backends.mha, torch.compiler
    fast = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)
    eager = hasattr(compiler, "set_stance") and "torch._dynamo" in sys.modules
    if eager:
        compiler.set_stance("force_eager")
    try:
        yield
    finally:
        mha.set_fastpath_enabled(fast)
        if eager:
            compiler.set_stance("default")


@contextmanager
def _unchanged(torch: Any, model: Any):
    """Buffers, and all random numbers to come, are afterwards what they were."""
    kept = [(t, t.detach().clone()) for t in model.buffers()]
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  the model's, not ours
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        with torch.no_grad():
            for t, before in kept:
                if not torch.equal(t, before):
                    t.copy_(before)
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
