"""Positions as a line of numpy or PyTorch."""

from __future__ import annotations

from typing import Any

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    return _line(node, x[0], p, "np", "np.concatenate", "np.stack", "")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _line(node, x[0], p, "torch", "torch.cat", "torch.stack", ".float()")


def _line(node: Node, x: str, p: dict[str, str], np: str, joined: str, stacked: str, real: str) -> str:
    table: Any = node.table
    tokens, width = node.shape
    if table.form == "learned":
        return f"{x} + {p['weight']}[:{tokens}].reshape(1, -1)"
    part = width if table.form == "sinusoidal" else width // table.heads
    turn = f"{np}.arange({tokens})[:, None] / {table.base!r} ** ({np}.arange(0, {part}, 2) / {part})"
    if table.form == "sinusoidal":
        return f"{x} + {stacked}([{np}.sin({turn}), {np}.cos({turn})], 2).reshape(1, -1){real}"
    half, shape = part // 2, f"(-1, {tokens}, {table.heads}, {part})"
    cos, sin = (f"{np}.{f}({turn})[:, None]{real}" for f in ("cos", "sin"))
    first, second = (f"{x}.reshape{shape}[..., {where}]" for where in (f":{half}", f"{half}:"))
    turned = f"{joined}([{first} * {cos} - {second} * {sin}, {second} * {cos} + {first} * {sin}], 3)"
    return f"{turned}.reshape(-1, {node.size})"
