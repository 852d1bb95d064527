"""Which hidden layer of a changed network is which of the old one: what weights, and neurons that are held, are carried over by."""

from __future__ import annotations

from difflib import SequenceMatcher

from nnviz3d.spec.layer_table import LayerTable

Origins = tuple[int | None, ...]  # for each new hidden layer the old one's number; None: it is new


def origins(old: tuple[LayerTable, ...], new: tuple[LayerTable, ...]) -> Origins:
    """Guessed from the layers themselves, where nobody said (undo, a typed file): what has the same name is the same; then what is equal
    and in the same order; then what is equal at another place has moved; then what stands between the same neighbours has been changed."""
    found: list[int | None] = [None] * len(new)
    left = set(range(len(old)))

    def match(k: int, o: int) -> None:
        found[k] = o
        left.discard(o)

    named = {layer.name: o for o, layer in enumerate(old) if layer.name}
    for k, layer in enumerate(new):
        if layer.name in named and old[named[layer.name]].kind == layer.kind:
            match(k, named[layer.name])
    blocks = SequenceMatcher(None, [repr(layer) for layer in old], [repr(layer) for layer in new], autojunk=False).get_opcodes()
    for tag, a, b, c, d in blocks:
        if tag == "equal":
            for o, k in zip(range(a, b), range(c, d), strict=True):
                if o in left and found[k] is None:
                    match(k, o)
    for k, layer in enumerate(new):
        if found[k] is None:
            moved = next((o for o in sorted(left) if old[o] == layer), None)
            if moved is not None:
                match(k, moved)
    for tag, a, b, c, d in blocks:
        if tag == "replace":
            for o, k in zip([o for o in range(a, b) if o in left], [k for k in range(c, d) if found[k] is None], strict=False):
                match(k, o)
    return tuple(found)
