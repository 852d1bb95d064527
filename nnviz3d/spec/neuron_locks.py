"""Neurons that a person holds: a frozen one does not learn, a killed one passes nothing on. Ids only; the engine makes it true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.topology import Topology

Hold = Literal["frozen", "killed"]


@dataclass(frozen=True)
class Holds:
    """Neuron ids, rising. `frozen`: its parameters (weights and bias, or a kernel, with all that share it) keep their bytes, and so does
    what the optimiser remembers of them.
    `killed`: the activation is 0 wherever the network computes, and no error goes back through it."""

    frozen: tuple[int, ...] = ()
    killed: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.frozen or self.killed)

    def having(self, kind: Hold, neurons: Iterable[int], on: bool) -> Holds:
        """With these neurons held so, or released from it."""
        now = set(getattr(self, kind))
        return replace(self, **{kind: tuple(sorted(now | set(neurons) if on else now - set(neurons)))})

    def of(self, neuron: int) -> tuple[Hold, ...]:
        """How a neuron is held."""
        return tuple(kind for kind in ("frozen", "killed") if neuron in getattr(self, kind))

    def freezes(self, topology: Topology, parameter: int) -> bool:
        """Whether a parameter is a frozen neuron's, or shared with one."""
        if not self.frozen:
            return False
        ref = topology.parameter(parameter)
        first = ref.node.neurons.start
        return any(neuron - first in ref.places for neuron in self.frozen)

    def check(self, topology: Topology) -> None:
        """Raises InputError with all that is wrong: inputs have nothing to learn, and outputs are the answer itself."""
        problems = []
        for kind in ("frozen", "killed"):
            for neuron in getattr(self, kind):
                if not 0 <= neuron < topology.n_neurons:
                    problems.append(Problem("", kind, f"there is no neuron {neuron}; the network has {topology.n_neurons:,}"))
                elif neuron < topology.input.neurons.stop:
                    problems.append(Problem("", kind, "an input holds a value of the sample; only later neurons can be frozen or killed"))
                elif kind == "frozen" and (node := topology.locate(neuron)[0]).unit_axis is None:
                    found = "only weights that its neurons share" if node.parameters else "no weights"
                    problems.append(Problem("", kind, f"{node.name} has {found}; there is nothing in it to freeze"))
                elif kind == "killed" and neuron >= topology.output.neurons.start:
                    problems.append(Problem("", kind, "an output is the network's answer; only hidden neurons can be killed"))
        if problems:
            raise InputError(*problems)


NONE = Holds()
