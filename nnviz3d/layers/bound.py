"""One node's part of a pass: the arrays that its kind's `engine` face turns into a list of calls. They are bound once and never move.

`forward(b)` makes z and a of the inputs. `backward(b)` gets d = dL/dz, the way back through the node's activation behind it, and makes
the gradients of the parameters and of the inputs. Dropout and killed neurons act on what a node passes on, whatever its kind: the engine
adds them. Arrays are (B, size), C-contiguous, of `ops.xp`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nnviz3d.backend.numpy_ops import Calls, NumpyOps
from nnviz3d.spec.topology import Node


class InputGradient(NamedTuple):
    """dL/dx of one input. `add`: another part of the network has written to it already, so this one is added."""

    d: Any
    add: bool


@dataclass(frozen=True)
class Bound:
    """`x`: by slot, what each of `sources` passes on. `activation`: that of `a = f(z)`; "linear" where the loss applies the node's own.
    `z` and `a` may be one array. `parts`, `gradients`: by the name of the part; no gradients where none are asked for. `dx`: by slot;
    None where nobody asks. `training`: a step of training, where kinds may do otherwise than later (batch norm, dropout).
    `kept`: arrays that the calls of one node share, forward, backward and update. In training, forward puts there, under the name of each
    part that is kept but not learned, what this step makes of it."""

    ops: NumpyOps
    node: Node
    sources: tuple[Node, ...]
    x: tuple[Any, ...]
    z: Any
    a: Any
    activation: str
    parts: dict[str, Any]
    d: Any = None
    dx: tuple[InputGradient | None, ...] = ()
    gradients: dict[str, Any] = field(default_factory=dict)
    training: bool = False
    kept: dict[str, Any] = field(default_factory=dict)

    def activate(self, bias=None) -> Calls:
        """z += bias, wherever as many numbers come again; a = f(z)."""
        width = self.z.shape[1] if bias is None else bias.size
        z = self.z.reshape(-1, width)
        return self.ops.activate(self.activation, z, bias, z if self.a is self.z else self.a.reshape(-1, width))

    def pass_back(self, slot: int) -> Calls:
        """The gradient of an input that passes its numbers on unchanged: dx = d."""
        to = self.dx[slot]
        return [] if to is None else self.ops.copy(self.d, to.d, to.add)
