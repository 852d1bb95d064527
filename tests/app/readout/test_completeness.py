"""No field of the readout is one that nobody fills: each differs from its default in some state of a real session."""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING
from fractions import Fraction
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.train import train
from nnviz3d.app.readout import build
from nnviz3d.app.render.film import frame_renderer, job
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session import opening
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.app.window.loop import Loop
from nnviz3d.app.window.personal_settings import Personal
from nnviz3d.gfx.hosts import open_host
from nnviz3d.live import wire
from nnviz3d.sources.watching.feed import WatchedFeed
from nnviz3d.sources.watching.link import Receiver
from nnviz3d.spec import readout, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import Command, Readout, SampleQuery, StageInput, TsneAsked
from nnviz3d.spec.readout import frame as frames
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import EdgeRef
from tests.helpers.hugging_face import GPT2, gpt2_tensors, write
from tests.helpers.loop_stand_in import StandIn

pytestmark = pytest.mark.gl
SIZE = (900, 600)
PRICES = "area,age,price\n" + "".join(f"{40 + 7 * k % 150},{3 * k % 40},{60_000 + 1_500 * k + 700 * (k % 17)}\n" for k in range(90))
HOMES = '[[network.layers]]\nunits = 6\n[data]\nkind = "csv"\nfile = "homes.csv"\nstandardize = true\n[train]\nbatch = 16\n'
MODELS = {getattr(readout, name) for name in readout.__all__} | {frames.Readout}
ELSEWHERE = {
    ("CaptureReading", "dropped"),  # only a slow encoder loses frames: tests/app/window/test_live_capture.py
    *((("MatrixReading", name)) for name in ("kernels", "first_kernel")),  # of convolutions, which are read as layers without a matrix
    *((("WindowReading", name)) for name in ("rest", "rest_count")),  # of a hundred channels: tests/app/probes/test_window.py
}
GRAPH = """
[[network.layers]]
name = "stem"
units = 6
dropout = 0.5
[[network.layers]]
name = "left"
units = 4
[[network.layers]]
name = "right"
units = 2
from = ["stem"]
[[network.layers]]
kind = "concat"
name = "both"
from = ["left", "right"]
[[network.layers]]
kind = "add"
name = "sum"
from = ["both", "stem"]
[[network.layers]]
kind = "activation"
activation = "tanh"
[[network.layers]]
kind = "dropout"
dropout = 0.5
[look]
edges = "weight"
"""
MODELS = {model for model in MODELS if dataclasses.is_dataclass(model)} - {readout.Answer, readout.Command, readout.FreeArea, StageInput}


def blank(value) -> bool:
    """What a field that nobody fills would hold."""
    if isinstance(value, np.ndarray):
        return value.size == 0
    return value is None or value == () or value == "" or value == {} or (isinstance(value, (int, float)) and value in (0, -1))


def default_of(field: dataclasses.Field):
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else MISSING


def differs(value, default) -> bool:
    if default is MISSING:
        return not blank(value)
    if isinstance(value, np.ndarray) or isinstance(default, np.ndarray):
        return not np.array_equal(value, default)
    return bool(value != default)


INSTRUMENTS: dict = {
    "own": True,
    "saliency": 3,
    "strongest": (70, False),
    "pruning": (2, 0.5),
    "tracing": (-1, True, 8, -1),
    "cloud": (2, None),
    "ablation": 2,
    "prompt": (0.8, 2, 0.9, -1, 3),
    "attention": (1, 2, 3, True),
}


class Seen:
    """Fields of every model that have differed from their defaults."""

    def __init__(self):
        self.models: set[type] = set()
        self.filled: set[tuple[str, str]] = set()

    def look(self, thing) -> None:
        if isinstance(thing, (tuple, list)):
            for part in thing:
                self.look(part)
        elif isinstance(thing, dict):
            self.look(tuple(thing.values()))
        elif type(thing) in MODELS:
            kinds = [kind for kind in type(thing).__mro__ if kind in MODELS]
            self.models.update(kinds)
            for field in dataclasses.fields(thing):
                value = getattr(thing, field.name)
                if differs(value, default_of(field)):
                    self.filled.update((kind.__name__, field.name) for kind in kinds)
                self.look(value)

    def missing(self) -> set[tuple[str, str]]:
        return {(m.__name__, f.name) for m in MODELS for f in dataclasses.fields(m)} - self.filled - ELSEWHERE


class Window:
    """A loop, looked at after every frame."""

    def __init__(self, seen: Seen, session: Session, personal: Personal | None = None):
        self.seen, self.loop = seen, Loop(open_host(*SIZE, headless=True), session, play=False, personal=personal)
        self.frames(3)

    session = property(lambda self: self.loop.session)
    topology = property(lambda self: self.loop.session.source.topology)

    def frames(self, count: int = 2, **answer) -> None:
        for _ in range(count):
            if answer:
                self.loop.answer = dataclasses.replace(self.loop.answer, **answer)
            self.loop.frame(1 / 60)
            self.seen.look(self.loop.readout())

    def do(self, name: str, value=None, count: int = 2) -> None:
        self.loop.do(Command(name, value))
        self.frames(count)

    def point_at(self, neuron: int) -> None:
        """The pointer over a neuron."""
        (x,), (y,), _ = self.loop.stage.projection.neurons(np.array([neuron]))
        self.frames(2, stage=StageInput(pointer=(x, y)))

    def walk(self, place: str) -> None:
        self.do("walk") if self.session.walking is None else None
        self.session.walking.playing = False
        self.session.walking.walk.go(Place.parse(place, self.topology))
        self.frames()

    def close(self) -> None:
        self.loop.close()


def scene_of(name: str, *edits: str) -> tuple:
    path = toml.find(name)
    return toml.load(path, [toml.parse_set(edit) for edit in ("look.quality=low", *edits)]), path.parent, path


def session_of(name: str, *edits: str) -> Session:
    scene, base, path = scene_of(name, *edits)
    return opening.new_session(scene, base, "cpu", path, REMEMBER)


# ---------------------------------------------------------------- the states


def digits(seen: Seen, tmp_path: Path) -> None:
    """Learning, picked and chosen, edited by hand, kept moments, panels that want readings, undo."""
    mine = Personal()
    mine.set("palette", "safe")
    window = Window(seen, session_of("digits", "network.layers.0.dropout=0.2", "train.class_weights=balanced"), mine)
    hidden, output = window.topology.nodes[1], window.topology.output
    window.do("play", count=6)
    window.do("pause")
    window.do("keep_moment", "A")
    window.session.run(40)
    window.session.evaluate()
    window.do("keep_moment", "B")
    window.do("show_moment", "B - A")
    window.do("show_moment", "")
    for neuron in (0, hidden.neurons.start, output.neurons.start):
        window.do("pick", neuron)
        window.point_at(neuron)
    for p in (hidden.weight.start + 70, output.bias.start):
        window.do("choose", p)
        window.do("check", p)
    window.do("set_parameter", (hidden.weight.start + 70, 0.7))
    for layer in (1, len(window.topology.nodes) - 1):
        window.do("choose_layer", layer)
    window.do("choose", hidden.weight.start + 70)
    window.frames(1, edits=(Edit("look.glow", 0.3),))
    window.do("freeze", ((hidden.neurons.start,), True))
    window.do("kill", ((hidden.neurons.start + 1,), True))
    for neuron in (hidden.neurons.start, hidden.neurons.start + 1):
        window.do("pick", neuron)
        window.do("choose", window.topology.locate(neuron)[0].weight.start)
    window.do("undo")
    for query in (SampleQuery(), SampleQuery("wrong", "best", 1, 6)):
        window.frames(3, wants={"confusion": True, "layers": ("activation", 1)}, commands=(Command("samples", query),))
    window.session.run(30)
    window.frames(60, wants={"confusion": True, "layers": ("activation", 1)})
    window.do("capture", "stage", 4)
    window.loop.capture.toggle()
    window.frames()
    window.loop.say("saved")
    window.do("rewind", 10)
    window.do("screenshot", "16K", 0)
    window.close()


def walks(seen: Seen, tmp_path: Path) -> None:
    for name, edits in (
        ("digits", ("train.l1=0.3", "train.l1_dead_at_zero=true", "train.clip_norm=0.01", "network.layers.0.dropout=0.3")),
        ("xor", ("train.loss=mse", "network.output.activation=softmax", "train.class_weights=balanced", "train.optimizer=sgd")),
    ):
        window = Window(seen, session_of(name, *edits))
        window.session.run(30)
        nodes = window.topology.nodes
        window.do("freeze", ((nodes[2].neurons.start,), True))
        window.walk("input@0.5")
        for place in ("forward:1@0.7", "forward:2@0.9", "loss", "backward:2@0.8", "backward:1@0.9", "update:1@0.6", "after"):
            window.walk(place)
            dead = np.flatnonzero(window.session.source.tensors("parameter") == 0)
            window.do("choose", int(dead[0]) if len(dead) else -1, 1)
            for node in nodes[1:]:
                window.do("pick", node.neurons.start, 1)
                window.do("choose", node.weight.start, 1)
                window.do("choose", node.bias.start, 1)
                window.do("choose_layer", nodes.index(node), 1)
        window.do("walk_loop", "again")
        window.do("walk_gradient", True)
        window.frames(2, commands=(Command("samples", SampleQuery()),))
        window.close()
    window = Window(seen, session_of("digits", "train.l1=0.01", "train.l2=0.01"))
    window.do("choose_layer", 1)
    window.close()


def odd(seen: Seen, tmp_path: Path) -> None:
    """A step that diverges, a kink under a gradient check, an edge under the pointer, answers that are no numbers."""
    relu = [f"network.layers.{k}.activation=relu" for k in (0, 1)]
    plain = ("network.output.activation=linear", "train.loss=mse", "train.optimizer=sgd", "train.learning_rate=1e9")
    window = Window(seen, session_of("xor", *relu, *plain))
    window.walk("input")
    for _ in range(20):
        if window.session.walking.walk.tape.diverged:
            break
        window.session.walking.next()
    for node in window.topology.nodes[1:]:
        window.do("pick", node.neurons.start, 0)
        window.walk(f"update:{window.topology.nodes.index(node)}@0.8")
    window.close()

    window = Window(seen, session_of("xor", *relu))
    session, node = window.session, window.topology.nodes[1]
    window.do("choose", node.bias.start)
    z = float(session.source.tensors("z")[node.neurons.start])
    window.do("set_parameter", (node.bias.start, session.source.parameter(node.bias.start) - z))
    window.do("check", node.bias.start)
    places = np.linspace(0.2, 0.8, 25)
    for x, y in ((a * SIZE[0] * 0.6, b * SIZE[1]) for a in places for b in places):
        window.loop.answer = dataclasses.replace(window.loop.answer, stage=StageInput(pointer=(x, y)))
        window.loop.frame(1 / 60)
        if window.loop.stage.pointer.hovered_edge is not None:
            break
    window.frames(1, stage=StageInput(pointer=(x, y)))
    window.close()

    deep = "network.layers=[" + ", ".join(['{units = 2, activation = "relu"}'] * 9) + "]"
    window = Window(seen, session_of("xor", deep))
    for node in window.topology.nodes[1:]:
        for p in range(node.weight.start, node.weight.stop):
            window.session.source.set_parameter(p, 1e6)
    window.frames(12, wants={"confusion": True})
    window.close()


def plate(seen: Seen, tmp_path: Path) -> None:
    window = Window(seen, session_of("spiral"))
    window.session.run(20)
    window.frames(6)
    for neuron in range(2, 5):
        window.point_at(neuron)
    window.do("tour", "1")
    window.do("tour", "next")
    window.do("tour", "close")
    window.close()
    window = Window(seen, session_of("iris"))
    x, y = window.session.source.data.feature_names[:2]
    window.session.apply([Edit("view.plate_x", x), Edit("view.plate_y", y)])
    window.frames(6)
    window.close()


def units(seen: Seen, tmp_path: Path) -> None:
    """Numbers with a unit; a table that is asked about; a file that cannot be used."""
    (tmp_path / "homes.csv").write_text(PRICES)
    (tmp_path / "homes.toml").write_text(HOMES)
    path = tmp_path / "homes.toml"
    window = Window(seen, opening.new_session(toml.load(path, []), tmp_path, "cpu", path, REMEMBER))
    window.session.run(30)
    window.session.evaluate()
    window.do("keep_moment", "A")
    window.do("pick", window.topology.output.neurons.start)
    window.frames(3, commands=(Command("samples", SampleQuery()),))
    window.loop.host.dropped.append(str(tmp_path / "homes.csv"))
    window.frames()
    window.loop.host.dropped.append(str(tmp_path / "nothing.csv"))
    window.frames()
    window.close()


def fold(seen: Seen, tmp_path: Path) -> None:
    rows = np.random.default_rng(3).standard_normal((60, 200))
    names = ",".join([*(f"gene {k}" for k in range(200)), "sick"])
    body = [",".join([*(f"{v:.4f}" for v in row), "yes" if row[7] > 0 else "no"]) for row in rows]
    (tmp_path / "genes.csv").write_text("\n".join([names, *body]))
    (tmp_path / "wide.toml").write_text('[data]\nkind = "csv"\nfile = "genes.csv"\n[[network.layers]]\nunits = 5\n')
    path = tmp_path / "wide.toml"
    window = Window(seen, opening.new_session(toml.load(path, []), tmp_path, "cpu", path, REMEMBER))
    window.session.run(5)
    window.frames()
    (stack,) = window.loop.stage.view.picture.layout.stacks
    window.point_at(int(stack.folded_m[0]))
    window.do("choose", window.topology.nodes[1].weight.start)
    window.close()


def compared(seen: Seen, tmp_path: Path) -> None:
    window = Window(seen, session_of("compare"))
    window.session.run(40)
    window.session.evaluate()
    window.do("freeze", ((window.topology.nodes[1].neurons.start,), True))
    window.do("pick", window.topology.nodes[1].neurons.start)
    window.point_at(window.topology.nodes[1].neurons.start + 1)
    window.walk("loss")
    window.close()
    # with a unit, and one of them diverges
    (tmp_path / "two.toml").write_text(HOMES + 'optimizer = "sgd"\nlearning_rate = 1e9\n[compare]\n"train.learning_rate" = 0.01\n')
    path = tmp_path / "two.toml"
    window = Window(seen, opening.new_session(toml.load(path, []), tmp_path, "cpu", path, REMEMBER))
    window.do("play", count=8)
    window.close()


def graph(seen: Seen, tmp_path: Path) -> None:
    """Layers without weights, branches that meet."""
    (tmp_path / "graph.toml").write_text(GRAPH)
    path = tmp_path / "graph.toml"
    window = Window(seen, opening.new_session(toml.load(path, []), tmp_path, "cpu", path, REMEMBER))
    window.session.run(20)
    for place in ("", "after", "backward:1@0.9"):
        if place:
            window.walk(place)
        for node in window.topology.nodes:
            window.do("pick", node.neurons.start + 1, 1)
            window.do("choose_layer", node.number, 1)
    window.do("walk_leave")
    window.frames(4)
    k = next(k for k, c in enumerate(window.topology.connections) if c.target.kind == "add")
    window.loop.stage.pointer.hovered_edge = EdgeRef(k, 3)
    window.seen.look(window.loop.readout())
    window.close()


def maps_and_tokens(seen: Seen, tmp_path: Path) -> None:
    """Parameters that many neurons use, matrices that multiply a row for each token, kinds that ask for numbers of their own."""
    for name, wants in (("convnet", {"strongest": (784 + 30, True)}), ("sort-gpt", {})):
        window = Window(seen, session_of(name))
        window.session.run(2)
        for place in ("", "backward:1@0.9"):
            if place:
                window.walk(place)
            for node in window.topology.nodes[1:8]:
                window.do("pick", node.neurons.start + 1, 1)
                window.do("choose", node.parameters[0][1].start if node.parameters else -1, 1)
                window.do("choose_layer", node.number, 1)
        window.do("walk_leave")
        window.do("pick", window.topology.nodes[1].neurons.stop - 1)
        window.frames(12, wants=wants)
        window.do("fly_to", window.topology.nodes[1].name)
        window.frames(60)
        window.close()


def instruments(seen: Seen, tmp_path: Path) -> None:
    """What panels ask for that look into a network."""
    window = Window(seen, session_of("digits"))
    window.session.run(30)
    window.session.own.draw([[0.1, False, [0.3, 0.2, 0.7, 0.8]]])
    window.frames(4, wants=INSTRUMENTS)
    for running in (True, False):
        wants = {"cloud": (2, TsneAsked(0, running))}
        for _ in range(600):
            window.frames(1, wants=wants)
            cloud = window.loop.readout().cloud
            if cloud is not None and cloud.map is not None and (cloud.map.done and cloud.map.divergence if running else cloud.map.over):
                break
            sleep(0.01)
    window.loop.close()
    for name in ("iris", "sort-gpt"):
        window = Window(seen, session_of(name))
        window.session.show_sample(3)
        window.frames(12, wants=INSTRUMENTS)
        if name == "sort-gpt":
            window.session.prompt.write("CAB")
            window.session.prompt.add(1)
            window.session.prompt.write("X")
            shares = next(node for node in window.topology.nodes if node.kind == "softmax")
            window.do("kill", (tuple(range(shares.neurons.start, shares.neurons.start + 121)), True))
            window.frames(4, wants=INSTRUMENTS)
            window.session.prompt.write("CABBACAABBC")
            window.session.prompt.add(2)
            window.frames(2, wants=INSTRUMENTS)
        window.loop.close()
    (tmp_path / "long.txt").write_text("ab cd\n" * 400)
    text = ("data.kind=text", "data.file=long.txt", "data.context=80", "network.layers.2.repeat=1")
    path = toml.find("sort-gpt")
    scene = toml.load(path, [toml.parse_set(edit) for edit in text])
    window = Window(seen, opening.new_session(scene, tmp_path, "cpu", path, REMEMBER))
    window.session.prompt.write("ab cd\n" * 13)
    for token in (1, 2, 3):
        window.session.prompt.add(token)
    window.frames(2, wants={key: INSTRUMENTS[key] for key in ("prompt", "attention")})
    window.loop.close()


def recorded(seen: Seen, tmp_path: Path) -> None:
    def trained(name: str, **request) -> None:
        assert train(Options(quiet=True), name, TrainRequest(steps=60, **request)) == 0

    trained("iris", record=tmp_path / "r.nnrec", every=20, half=True)
    window = Window(seen, opening.read(tmp_path / "r.nnrec", []).session("cpu", REMEMBER))
    window.do("rewind", 40)
    window.close()
    (tmp_path / "homes.csv").write_text(PRICES)
    (tmp_path / "homes.toml").write_text(HOMES)
    homes = str(tmp_path / "homes.toml")
    trained(homes, save=tmp_path / "a.safetensors")
    trained(homes, resume=tmp_path / "a.safetensors", record=tmp_path / "later.nnrec")
    (tmp_path / "homes.csv").unlink()  # played without its data
    window = Window(seen, opening.read(tmp_path / "later.nnrec", []).session("cpu", REMEMBER))
    window.close()


def filmed(seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, base, _ = scene_of("xor", "record.width=160", "record.height=96", "record.duration=0.1", "record.burn_in=true")
    made = build.readout
    monkeypatch.setattr(build, "readout", lambda *args: seen.look(found := made(*args)) or found)
    with frame_renderer.FrameRenderer(job.make(opening.Opened(scene, base, None), tmp_path / "film.mkv", FilmRequest())) as painter:
        painter.frame(0)
    assert scene.record.rate == Fraction(scene.record.fps)


def failing(seen: Seen, tmp_path: Path) -> None:
    window = Window(seen, session_of("dead-relu"))
    window.session.run(60)
    window.frames(4)
    window.close()


def watched(seen: Seen, tmp_path: Path) -> None:
    """A loop elsewhere: waited for, followed, held, lost, and one that cannot be drawn."""
    feed, told = WatchedFeed(Scene(title="Watch"), 1 << 20), StandIn()
    window = Window(seen, opening.new_session(feed.look, tmp_path, "cpu", watched=Receiver(feed, tmp_path / "none.nnwire")))
    for messages in (
        [told.hello, told.structure(), *told.steps(6, 2, dropped=3, paused=True, metrics={"lr": 0.1})],
        [told.structure(scene="", why="an LSTM is not drawn"), told.frame()],
    ):
        window.frames(1)
        for raw in messages:
            feed.hear(wire.Reader().feed(raw)[0], "unix:/loop")
        window.frames(2)
        window.do("pause")
    feed.say("lost", "the connection was closed")
    window.frames(1)
    window.close()


def model(seen: Seen, tmp_path: Path) -> None:
    """Opened to be asked."""
    window = Window(seen, opening.read(write(tmp_path / "m", GPT2, gpt2_tensors())).session("cpu", REMEMBER))
    window.point_at(window.topology.by_name["h.0.attn.query"].neurons.start)
    window.do("prompt", "3 7 7")
    window.do("choose", window.topology.by_name["lm_head"].weight.start)
    window.frames(2, wants={key: INSTRUMENTS[key] for key in ("prompt", "attention")})
    window.close()


STATES = (watched, instruments, maps_and_tokens, digits, walks, odd, plate, units, fold, compared, graph, recorded, failing, model)


@pytest.mark.timeout(600)
def test_every_field_is_filled_in_some_state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = Seen()
    for state in STATES:
        state(seen, tmp_path)
    filmed(seen, tmp_path, monkeypatch)
    assert Readout in seen.models

    missing = seen.missing()
    assert not missing, "\n".join(map(str, sorted(missing)))
