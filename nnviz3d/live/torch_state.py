"""Reading a PyTorch model by running its own code, and leaving no trace of that: random numbers, counters, buffers, caches."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
    "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks",
)  # fmt: skip


def original(model: Any) -> Any:
    """The module itself, of one that was compiled or is trained by several processes."""
    model = getattr(model, "_orig_mod", model)
    return model.module if type(model).__name__ in ("DistributedDataParallel", "DataParallel") else model


def tensors(model: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """name -> (the dictionary that holds the tensor, its key there): parameters once where they are tied, and buffers."""
    found, seen = {}, set()
    for path, module in model.named_modules():
        for held in (module._parameters, module._buffers):
            for key, tensor in held.items():
                if tensor is not None and id(tensor) not in seen:
                    seen.add(id(tensor))
                    found[f"{path}.{key}".strip(".")] = held, key
    return found


@contextmanager
def untouched(model: Any) -> Iterator[Callable[[Any], str | None]]:
    """The model may be called and traced inside; afterwards it is what it was. Inside, its tensors are copies: yields what gives the name
    of one, None for other tensors.

    Hooks are put aside. Attributes are put back, lists and dictionaries among them one level deep.
    """
    torch = sys.modules["torch"]
    modules = list(model.modules())
    saved = [(module, dict(module.__dict__)) for module in modules]
    names = {id(held[key]): name for name, (held, key) in tensors(model).items()}
    copies: dict[int, Any] = {}
    state = _random_state(torch)

    def copied(tensor: Any) -> Any:
        if tensor is None:
            return None
        if id(tensor) not in copies:
            clone = tensor.detach().clone()
            parameter = type(tensor).__name__ == "Parameter"
            copies[id(tensor)] = type(tensor)(clone, requires_grad=tensor.requires_grad) if parameter else clone
        return copies[id(tensor)]

    try:
        for module, attributes in saved:
            own = {key: copy.copy(value) for key, value in attributes.items() if type(value) in (list, dict, set)}
            own |= {key: {name: copied(tensor) for name, tensor in attributes[key].items()} for key in ("_parameters", "_buffers")}
            own |= {key: type(attributes[key])() for key in HOOKS if key in attributes}
            module.__dict__.update(own)
        with torch.no_grad():
            known = {id(clone): names[key] for key, clone in copies.items() if key in names}
            yield lambda tensor: known.get(id(tensor))
    finally:
        for module, attributes in saved:
            module.__dict__.clear()
            module.__dict__.update(attributes)
        _put_back(torch, state)


def _random_state(torch: Any) -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.get_rng_state(), cuda, np.random.get_state(), random.getstate()  # noqa: NPY002  the program that is watched may use it


def _put_back(torch: Any, state: tuple[Any, ...]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state_all(state[1])
    np.random.set_state(state[2])  # noqa: NPY002
    random.setstate(state[3])
