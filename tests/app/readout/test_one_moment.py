"""Random networks in random moments, read off the screen: what is printed multiplies and adds up, no quantity has two values, nothing is
reported before it is worked out. `NNVIZ3D_MOMENTS=200` looks at so many networks, from seed 0."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.app.window.loop import Loop
from nnviz3d.draw.renderer import Renderer
from nnviz3d.gfx.hosts import open_host
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.spec.number_text import pair_plain, plain
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.readout import Command
from nnviz3d.spec.toml import validate
from tests.ui.printed import Printed, number, numbers
from tests.ui.screen import Screen, begin, check, one_value, reading

pytestmark = pytest.mark.gl
SEEDS = range(int(os.environ.get("NNVIZ3D_MOMENTS", "8")))
SIZE = (1500, 1000)
ACTIVATIONS = ["linear", "relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus", "sigmoid", "tanh", "sin"]
CLASSES = [("cross_entropy", "auto"), ("bce", "sigmoid"), ("mse", "softmax"), ("half_mse", "tanh"), ("huber", "sigmoid"), ("mse", "linear")]
NUMBERS = [("mse", "linear"), ("huber", "linear"), ("half_mse", "gelu"), ("mse", "tanh")]


def scene(r: random.Random):
    """Any network, loss, optimiser, with and without regularisers, clipping, dropout and a schedule."""
    regression = r.random() < 0.25
    kind = r.choice(["reg-plane"] if regression else ["xor", "circle", "iris", "digits", "wine"])
    loss, output = r.choice(NUMBERS if regression else CLASSES)
    layers = [
        {"units": r.randint(1, 14), "activation": r.choice(ACTIVATIONS), "dropout": r.choice([0, 0, 0, 0.3])}
        for _ in range(r.randint(0, 3))
    ]
    train = {
        "loss": loss, "optimizer": r.choice(["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]),
        "learning_rate": r.choice([1e-4, 0.003, 0.05]), "batch": r.choice([1, 7, 32]), "l1": r.choice([0, 0, 0.01]),
        "l1_dead_at_zero": r.random() < 0.4, "l2": r.choice([0, 0, 0.02]), "clip_norm": r.choice([0, 0, 0.05, 1e3]),
        "schedule": r.choice(["constant", "step", "cosine"]), "schedule_steps": 5, "warmup": r.choice([0, 0, 8]),
        "huber_delta": r.choice([0.1, 1.0]), "seed": r.randint(0, 99),
    }  # fmt: skip
    tables = {"network": {"layers": layers, "output": {"activation": output}}, "data": {"kind": kind, "standardize": True},
              "train": train, "look": {"quality": r.choice(["low", "balanced"])}}  # fmt: skip
    return validate(tables)


class Visitor:
    """Sits before a window that is not painted, and reads."""

    def __init__(self, seed: int, screen: Screen, make=scene):
        self.random, self.screen, self.reported = random.Random(seed), screen, 0
        self.scene = make(self.random)
        self.session = new_session(self.scene, Path(), "cpu", None, REMEMBER)
        self.loop = Loop(open_host(*SIZE, headless=True), self.session, play=False)
        self.loop.overlay.memory.hint = False
        dock = self.loop.overlay._dock
        dock.opened.update(dict.fromkeys(dock.opened, False))
        self.loop.overlay.open("Neuron", "Edit by hand")
        self.clip = self.scene.train.huber_delta
        self.pick()

    def pick(self) -> None:
        """A neuron and a weight of its layer."""
        topology = self.session.source.topology
        self.layer = self.random.randint(1, len(topology.nodes) - 1)
        node = topology.nodes[self.layer]
        self.neuron = node.neurons.start + self.random.randrange(node.size)
        j = self.neuron - node.neurons.start
        self.weight = node.weight.start + j * node.weight.shape[1] + self.random.randrange(node.weight.shape[1])

    def do(self, name: str, value=None) -> None:
        self.loop.do(Command(name, value))

    def frame(self, count: int = 1) -> None:
        for _ in range(count):
            begin(self.screen)
            self.loop.frame(1 / 60)
            self.reported += check(self.screen, self.clip)
            stage = self.loop.stage
            if stage.pointer.hovered in (-1, stage.pointer.picked):  # the card at the pointer may be of another one that stands before it
                one_value(self.screen, stage.pointer.picked >= 0, stage.pointer.hovered == stage.pointer.picked >= 0)

    def look(self, future: tuple[str, ...] = ()) -> None:
        """At the neuron, at one of its weights, at its layer. `future`: numbers that must not be there yet."""
        stage = self.loop.stage
        for picked, chosen, layer in ((self.neuron, -1, -1), (-1, self.weight, -1), (-1, -1, self.layer)):
            stage.pointer.picked, stage.pointer.chosen, stage.pointer.layer = picked, chosen, layer
            if picked >= 0:
                (x,), (y,), _ = stage.projection.neurons(np.array([picked])) if stage.view.frame else ((0.0,), (0.0,), ())
                imgui.get_io().add_mouse_pos_event(x, y)
            self.frame(2)
            for text in future:
                pattern = re.compile(rf"(?<![\d.]){re.escape(text)}(?![\d.e])")
                assert not [line for line in self.screen.all().split("\n") if pattern.search(line)], (text, self.where())
        stage.pointer.picked = stage.pointer.chosen = stage.pointer.layer = -1
        imgui.get_io().add_mouse_pos_event(-1.0, -1.0)

    def where(self) -> str:
        walking = self.session.walking
        return "" if walking is None else walking.walk.place.text(self.session.source.topology)

    # moments

    def learns(self) -> None:
        self.session.running = True
        self.loop.stage.pointer.picked = self.neuron
        self.frame(self.random.randint(3, 14))
        self.look()
        self.session.running = False
        self.frame(2)

    def walks(self) -> None:
        """One step, at places in no order."""
        self.do("walk")
        if self.session.walking is None or self.session.walking.walk.tape.diverged:
            return
        self.session.walking.playing = False
        topology = self.session.source.topology
        count = len(phases(topology))
        for _ in range(5):
            place = Place(self.random.randrange(count), self.random.choice([0.0, 1.0, self.random.random(), self.random.random()]))
            self.session.walking.walk.go(place)
            if self.random.random() < 0.3:
                self.do("next_sample")
            self.do("walk_gradient", self.random.random() < 0.5)
            self.look(future=self.future(place))
            self.answers(place)
        self.do("walk_leave")
        self.frame(2)

    def answers(self, place: Place) -> None:
        """The network says something once its output is there, and two things only in the end."""
        last, said = len(self.session.source.topology.nodes) - 1, self.screen.find(r"the network's answer: (.+)$")
        assert bool(said) == (place.number > last + 0.75)
        assert bool(self.screen.find(r"^(loss .+ → .+)$")) == (place.index == 3 * last + 2)

    def future(self, place: Place) -> tuple[str, ...]:
        """Numbers that the walk has not come to, by the order of the phases alone, but for those that look like a known one."""
        tape, topology = self.session.walking.walk.tape, self.session.source.topology
        last, number, loss = len(topology.nodes) - 1, place.number, tape.old.loss
        z, a, delta, new = (float(x[self.neuron]) for x in (tape.old.z, tape.old.a, tape.old.delta, tape.new.z))
        sent_at = last + 1 if self.layer == last else 2 * last + 1 - self.layer
        steps = (([z, a], number > self.layer + 0.5), ([delta], number > sent_at + 0.5), ([loss], place.index > last))
        known = {plain(float(value)) for value in self.near(tape)}
        known |= {plain(value) for values, there in steps for value in values if there}
        to_come = {plain(value) for values, there in steps for value in values if not there}
        if place.index < 3 * last + 2:  # before the phase after
            to_come |= {plain(new), plain(tape.new.loss), pair_plain(loss, tape.new.loss)[1]}
        return tuple(text for text in to_come - known if len(text.strip("\u22120.").replace(".", "").rstrip("0")) > 3)  # distinguished

    def near(self, tape) -> list[float]:
        """Numbers that may be reported at any time, and could look the same."""
        node, j = self.session.source.topology.locate(self.neuron)
        weights = [node.weight.view(p)[j] for p in (tape.before, tape.after)]
        return [*tape.x.ravel(), *np.ravel(weights), tape.before[node.bias.start + j], tape.after[node.bias.start + j]]

    def turns(self) -> None:
        """A weight by hand, and back: what the last step did to it stays true."""
        trainer, p = self.session.source.trainer, self.weight
        if not self.session.source.step or trainer.edited is None or p in trainer.edited or self.session.source.diverged:
            return
        old, new = (float(array[p]) for array in (trainer.arenas.before, trainer.arenas.parameters))
        self.do("set_parameter", (p, new + 0.25))
        for _ in range(2):
            self.loop.stage.pointer.chosen = p
            self.frame(2)
            change = next(line for line in self.screen.lines["Update"] if line.kind == "change")
            reported = numbers(change)[-2:]
            assert reported[0].says(old) and reported[1].says(new) and number(change.printed).says(new - old), (change.text, old, new)
            hand = [line.text for line in self.screen.lines["Update"] if line.kind == "note"]
            assert hand == ([f"set by hand since, to {plain(float(np.float32(new + 0.25)))}"] if trainer.edited else [])
            self.look()
            self.do("undo")
        assert float(trainer.arenas.parameters[p]) == new

    def kept_value(self) -> Printed:
        """What the panel says of the chosen weight: the first number of its term."""
        return numbers(next(line for line in self.screen.lines["Its contribution to z"] if line.kind == "term"))[0]

    def keeps(self) -> None:
        """A kept moment is looked at while the run stands at another one."""
        self.do("keep_moment", "A")
        self.session.run(3)
        self.do("show_moment", "A")
        self.look()
        kept = self.session.moments.kept["A"].snapshot.parameters[self.weight]
        self.loop.stage.pointer.chosen = self.weight
        self.frame(2)
        assert self.kept_value().says(float(kept))
        self.do("show_moment", "")
        self.frame(2)


@pytest.fixture
def unpainted(monkeypatch):
    """Pictures are not what is tested: their time is saved."""
    monkeypatch.setattr(Renderer, "render", lambda *args: None)
    monkeypatch.setattr(ImguiFrame, "draw", lambda *args: imgui.render())
    until = Loop._until
    monkeypatch.setattr(Loop, "_until", staticmethod(lambda ms: until(min(ms, 1.0))))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_one_moment_and_one_meaning_a_line(seed, unpainted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with reading() as screen:
        visitor = Visitor(seed, screen)
        try:
            visitor.look()
            for _ in range(6):
                visitor.random.choice([visitor.learns, visitor.walks, visitor.walks, visitor.turns, visitor.keeps])()
            assert visitor.reported > 100
        finally:
            visitor.loop.close()
