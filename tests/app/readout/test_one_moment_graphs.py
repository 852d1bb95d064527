"""As `test_one_moment`, for networks of every kind of layer: random convolutions, pools, norms, residual paths, tokens and attention.
`NNVIZ3D_MOMENTS=200` looks at so many networks, from seed 0."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nnviz3d.spec.number_text import pair_plain, plain
from nnviz3d.spec.phases import Place, index_of
from nnviz3d.spec.toml import validate
from tests.app.readout.test_one_moment import ACTIVATIONS, SEEDS, Visitor, reading, unpainted  # noqa: F401 a fixture
from tests.ui.printed import Printed, number, numbers

pytestmark = pytest.mark.gl


def pictures(r: random.Random) -> list[dict]:
    """Convolutions of 8 x 8 pixels, a block with a path around it, pools and norms."""
    layers: list[dict] = []
    if r.random() < 0.5:
        layers.append({"kind": "conv_block", "channels": r.randint(1, 3), "kernel": r.choice([2, 3]), "padding": r.choice([0, 1]),
                       "norm": r.choice(["batch", "none"]), "activation": r.choice(ACTIVATIONS), "pool": r.choice([0, 2]),
                       "pooling": r.choice(["max", "avg"]), "dropout": r.choice([0, 0.3])})  # fmt: skip
    if r.random() < 0.6:
        layers.append({"kind": "residual_block", "channels": r.choice([0, 2]), "norm": r.choice(["batch", "none"]),
                       "stride": r.choice([1, 2]), "activation": r.choice(ACTIVATIONS)})  # fmt: skip
    if r.random() < 0.7 or not layers:
        layers.append(
            {"kind": "conv2d", "channels": 4, "kernel": [2, 3], "stride": [1, 2], "padding": 1, "activation": r.choice(ACTIVATIONS)}
        )
    layers += [{"kind": r.choice(["layer_norm", "rms_norm", "batch_norm"])}] * r.randint(0, 1)
    layers += r.choice(
        [[], [{"kind": "global_avg_pool"}], [{"kind": "max_pool", "kernel": [2, 1]}], [{"kind": "avg_pool", "kernel": [2, 1]}]]
    )
    return layers


def rows(r: random.Random) -> list[dict]:
    """A strip: a table's columns seen as two channels."""
    layers = [
        {"units": 12, "activation": r.choice(ACTIVATIONS)},
        {"kind": "reshape", "shape": [2, 6], "axes": ["channel", "column"]},
        {"kind": "conv1d", "channels": 4, "kernel": 3, "padding": "same", "groups": r.choice([1, 2]), "activation": r.choice(ACTIVATIONS)},
    ]
    return [*layers, {"kind": r.choice(["max_pool", "avg_pool"]), "kernel": 2}, {"kind": r.choice(["batch_norm", "layer_norm"])}]


def tokens(r: random.Random, ids: bool) -> list[dict]:
    """An embedding, or patches of a picture, and attention."""
    width = r.choice([4, 8])
    first = [{"kind": "embedding", "units": width}] if ids else [
        {"kind": "patches", "size": 4}, {"units": width, "per_token": True, "activation": r.choice(ACTIVATIONS)}]  # fmt: skip
    layers = [*first, {"kind": "position", "form": r.choice(["learned", "sinusoidal"])}]
    block = {"kind": "transformer_block", "heads": 2, "causal": ids and r.random() < 0.7, "rotary": r.random() < 0.3, "mlp": 1.0,
             "norm": r.choice(["layer", "rms", "none"]), "dropout": r.choice([0, 0, 0.2]), "activation": r.choice(ACTIVATIONS)}  # fmt: skip
    return [*layers, block, *r.choice([[], [{"kind": "layer_norm"}]])]


def scene(r: random.Random):
    """Any network of a family, with any optimiser, regularisers, clipping and schedule."""
    family = r.choice(["pictures", "pictures", "rows", "tokens", "patches"])
    data = {
        "pictures": {"kind": "digits"},
        "rows": {"kind": "wine"},
        "tokens": {"kind": "sort", "length": 3},
        "patches": {"kind": "digits"},
    }
    layers = {"pictures": pictures, "rows": rows, "tokens": lambda r: tokens(r, True), "patches": lambda r: tokens(r, False)}
    train = {
        "optimizer": r.choice(["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]), "learning_rate": r.choice([1e-4, 0.003, 0.02]),
        "batch": r.choice([2, 7, 16]), "l1": r.choice([0, 0, 0.01]), "l1_dead_at_zero": r.random() < 0.4, "l2": r.choice([0, 0, 0.02]),
        "clip_norm": r.choice([0, 0, 0.05, 1e3]), "schedule": r.choice(["constant", "step", "cosine"]), "schedule_steps": 5,
        "warmup": r.choice([0, 0, 8]), "seed": r.randint(0, 99),
    }  # fmt: skip
    samples = {"samples": 200} if family == "tokens" else {"standardize": family == "rows"}
    return validate(
        {"network": {"layers": layers[family](r)}, "data": {**data[family], **samples}, "train": train, "look": {"quality": "low"}}
    )


class GraphVisitor(Visitor):
    """Reads a network that is no chain of dense layers."""

    def pick(self) -> None:
        """A node of a kind that is drawn first, so that rare kinds are read as often as dense ones; a weight of it, or of any."""
        topology = self.session.source.topology
        kind = self.random.choice(sorted({node.kind for node in topology.nodes[1:]}))
        node = self.random.choice([node for node in topology.nodes[1:] if node.kind == kind])
        self.layer, self.neuron = node.number, node.neurons.start + self.random.randrange(node.size)
        owner = node if node.parameters else topology.nodes[self.random.choice(topology.learning)]
        _, part = self.random.choice(owner.parameters)
        self.weight = part.start + self.random.randrange(part.size)

    def kept_value(self) -> Printed:
        """What the panel says of the chosen parameter: the first number of its term, or itself where neurons share it."""
        shown = self.screen.lines["Its contribution to z"]
        line = next(line for line in shown if line.kind in ("term", "bias", "number") and line.value is not None)
        return numbers(line)[0] if line.kind == "term" else number(line.printed)

    def answers(self, place: Place) -> None:
        topology = self.session.source.topology
        here, said = self.come("forward", topology.output.number, place), self.screen.find(r"the network's answer: (.+)$")
        assert bool(said) == (here > 0.75)
        assert bool(self.screen.find(r"^(loss .+ → .+)$")) == (place.index == self.index("after"))

    def index(self, kind: str, layer: int = 0) -> int:
        index = index_of(self.session.source.topology, kind, layer)
        assert index is not None
        return index

    def come(self, kind: str, layer: int, place: Place) -> float:
        """How far a phase has passed: below 0 to come, above 1 over."""
        return place.number - self.index(kind, layer)

    def future(self, place: Place) -> tuple[str, ...]:
        """z, a and delta of the picked neuron, the loss and what will be after, as long as the walk has not come to them."""
        tape = self.session.walking.walk.tape
        z, a, delta, new = (float(x[self.neuron]) for x in (tape.old.z, tape.old.a, tape.old.delta, tape.new.z))
        to_come = set()
        if self.come("forward", self.layer, place) <= 0.5:
            to_come |= {plain(z), plain(a)}
        if self.sent(self.layer, place) <= 0.5:
            to_come.add(plain(delta))
        if place.index < self.index("loss"):
            to_come.add(plain(tape.old.loss))
        if place.index < self.index("after"):
            to_come |= {plain(new), plain(tape.new.loss), pair_plain(tape.old.loss, tape.new.loss)[1]}
        reported = {text.replace("\u2212", "") for text in self.near_texts(place)}
        if place.index >= self.index("loss"):
            reported.add(plain(tape.old.loss))
        distinct = [text for text in to_come if text.replace("\u2212", "") not in reported]
        return tuple(text for text in distinct if len(text.strip("\u22120.").replace(".", "").rstrip("0")) > 3)

    def sent(self, layer: int, place: Place) -> float:
        """How far the phase has passed that adds the last part of a layer's errors."""
        topology = self.session.source.topology
        readers = {c.target.number for c in topology.connections if c.source.number == layer}
        return min((self.come("backward", k, place) for k in readers), default=self.come("loss", 0, place))

    def near_texts(self, place: Place) -> set[str]:
        """All numbers that may be reported by now, and could look like one to come."""
        tape, topology, known = self.session.walking.walk.tape, self.session.source.topology, []
        known += [tape.before, tape.after, tape.gradient, tape.sample_gradient, tape.x.ravel()]  # what is reported of any parameter
        for node in topology.nodes[1:]:
            if self.come("forward", node.number, place) > 0.5:
                known += [tape.old.z[node.neurons.slice], tape.old.a[node.neurons.slice]]
            if self.sent(node.number, place) > 0.5:
                known.append(tape.old.delta[node.neurons.slice])
        numbers = np.unique(np.concatenate([np.asarray(tape.ops.to_host(x), np.float64).ravel() for x in known]))
        return {plain(float(value)) for value in numbers}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_one_moment_and_one_meaning_a_line(seed, unpainted, tmp_path, monkeypatch):  # noqa: F811 the fixture
    monkeypatch.chdir(tmp_path)
    with reading() as screen:
        visitor = GraphVisitor(seed, screen, scene)
        try:
            for _ in range(6):
                visitor.pick()
                visitor.look()
                visitor.random.choice([visitor.learns, visitor.walks, visitor.walks, visitor.turns, visitor.keeps])()
            assert visitor.reported > 60
        finally:
            visitor.loop.close()
