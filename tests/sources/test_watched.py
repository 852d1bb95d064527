"""A watched loop as a source: what came is what is shown, the past can be gone back to, and nothing that comes can hurt."""

from __future__ import annotations

import gc
import struct
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.engine.tape import record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.live import wire
from nnviz3d.live.addresses import Address, parse
from nnviz3d.live.joining import ask
from nnviz3d.sources.watching.feed import SAMPLES, WatchedFeed
from nnviz3d.sources.watching.link import Receiver
from nnviz3d.sources.watching.loop import WatchedLoop
from nnviz3d.sources.watching.ring import MOST, KeptState, StateRing
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.scene import Scene
from tests.helpers.loop_stand_in import Publisher, StandIn

NETWORKS = ("dense", "conv")


def always() -> bool:
    return True


def watched(*messages: bytes, budget: int = 64 << 20) -> WatchedLoop:
    """A source that has heard these messages."""
    feed = WatchedFeed(Scene(title="Watch"), budget)
    source = WatchedLoop(feed.look, Path(), choose("cpu"), feed)
    hear(source, *messages)
    return source


def hear(source: WatchedLoop, *messages: bytes) -> None:
    reader = wire.Reader()
    for raw in messages:
        for message in reader.feed(raw):
            source.feed.hear(message, "unix:/loop")
    source.renew()
    source.follow(always)
    source.show()


def same(source: WatchedLoop, loop: StandIn) -> bool:
    """Whether it shows this network; the loop does not tell the names of its inputs."""
    a, b = source.topology, loop.trainer.topology
    return a.parameter_ranges == b.parameter_ranges and [n.shape for n in a.nodes] == [n.shape for n in b.nodes]


def until(what, seconds: float = 20.0) -> None:
    """Wait for what a thread does."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def changed(message: bytes, **header) -> bytes:
    """The same message with other words in its header."""
    read = wire.Reader().feed(message)[0]
    return wire.packed(read.header.model_copy(update=header), {name: np.array(array) for name, array in read.arrays.items()})


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize("network", NETWORKS)
def test_values_are_those_of_the_engines_own_forward_pass(network):
    loop = StandIn(network)
    source = watched(loop.hello, loop.structure(), *loop.steps(20, 5))
    trainer, row = loop.trainer, loop.sample
    assert same(source, loop) and source.step == 20 and source.loss == trainer.loss
    assert np.array_equal(source.tensors("parameter"), trainer.arenas.parameters)
    assert np.array_equal(source.tensors("gradient"), trainer.arenas.gradients) and source.last_batch == trainer.rows
    shown = Shown(trainer.ops, trainer.topology, trainer.objective, trainer.arenas.parameters)
    shown.show(loop.data.x_train[row], loop.data.t_train[row])
    for kind in ("z", "activation", "delta"):
        assert np.array_equal(source.tensors(kind), getattr(shown, kind)), kind
    assert source.sample.label == loop.data.class_names[int(loop.data.t_train[row])] and source.answer()[1] in (True, False)
    assert all(np.array_equal(array, trainer.parameters()[name]) for name, array in source.parameters().items())


def test_the_change_is_from_the_kept_state_before():
    loop = StandIn()
    messages = list(loop.steps(10, 5))
    before = np.array(wire.Reader().feed(messages[0])[0].arrays["parameter/layers.0.weight"])
    source = watched(loop.hello, loop.structure(), *messages)
    place = source.topology.parameter_ranges["layers.0.weight"]
    assert np.array_equal(place.view(source.tensors("change")), place.view(loop.trainer.arenas.parameters) - before)


def test_without_gradients_that_of_the_shown_sample_is_worked_out():
    loop = StandIn(gradients=False)
    source = watched(loop.hello, loop.structure(), *loop.steps(4))
    gradient = np.zeros(source.topology.n_parameters, np.float32)
    shown = Shown(source.ops, source.topology, source.objective, source.tensors("parameter"), (), gradient)
    shown.show(source.sample.x, source.sample.target)
    assert gradient.any() and np.array_equal(source.tensors("gradient"), gradient) and source.last_batch == 1
    assert not source.watched(True).gradients
    silent = StandIn(gradients=False, sample=None)
    source = watched(silent.hello, silent.structure(), *silent.steps(2))
    assert source.tensors("gradient") is None and source.tensors("delta") is None and source.last_batch == 0


def test_what_a_frame_leaves_out_is_as_it_was():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(), loop.frame())
    old = np.array(loop.trainer.arenas.parameters)
    loop.trainer.run(3)
    frame = wire.Reader().feed(loop.frame())[0]
    part = {"parameter/layers.1.weight": np.array(frame.arrays["parameter/layers.1.weight"])}
    hear(source, wire.packed(frame.header.model_copy(update={"arrays": ()}), part))
    expected = old.copy()
    place = source.topology.parameter_ranges["layers.1.weight"]
    place.view(expected)[...] = part["parameter/layers.1.weight"]
    assert source.step == 3 and np.array_equal(source.tensors("parameter"), expected)


def test_samples_that_came_are_rows_and_the_newest_is_followed_until_another_is_chosen():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(), loop.frame())
    for row in (5, 70, 9):
        loop.sample = row
        hear(source, loop.frame())
    assert source.sample.count == 4 and source.sample.index == 3
    assert np.array_equal(source.sample.x, loop.data.x_train[9]) and len(source.data.x_train) == 4
    source.show_sample(1)
    loop.sample = 11
    hear(source, loop.frame())
    assert source.sample.count == 5 and np.array_equal(source.sample.x, loop.data.x_train[5])
    for row in range(SAMPLES + 20):
        loop.sample = row
        hear(source, loop.frame())
    assert source.sample.count == SAMPLES and source.sample.x.shape == (4,)


def test_numbers_that_are_not_finite_are_told_and_shown_as_zero():
    loop = StandIn()
    loop.trainer.arenas.parameters[3] = np.nan
    source = watched(loop.hello, loop.structure(), loop.frame(loss=float("nan")))
    assert source.unsound and source.tensors("parameter")[3] == 0 and np.isfinite(source.tensors("activation")).all()


def test_losses_of_all_steps_make_the_curve():
    loop = StandIn()
    messages = list(loop.steps(30, 10))
    source = watched(loop.hello, loop.structure(), *messages)
    points = source.arrived()
    assert [step for step, _ in points] == list(range(1, 31)) and points[-1][1] == loop.trainer.loss and source.arrived() == []
    hear(source, loop.frame(past=True, step=4))
    assert source.arrived() == []


def test_a_large_state_is_copied_over_several_frames(monkeypatch):
    from nnviz3d.sources.watching import loop as module

    monkeypatch.setattr(module, "PIECE", 16)
    loop = StandIn("conv")
    source = watched(loop.hello, loop.structure(), loop.frame())
    loop.trainer.run(2)
    for message in wire.Reader().feed(loop.frame()):
        source.feed.hear(message, "unix:/loop")
    frames = 0
    while not source.follow(lambda: False):
        frames += 1
        assert not source.at_boundary and source.step == 0
    assert frames >= source.topology.n_parameters // 16 - 1 and source.at_boundary and source.step == 2
    assert np.array_equal(source.tensors("parameter"), loop.trainer.arenas.parameters)


# ---------------------------------------------------------------- the past


def test_going_back_and_live_again():
    loop = StandIn()
    kept = []
    source = watched(loop.hello, loop.structure())
    for message in loop.steps(40, 4):
        hear(source, message)
        kept.append((loop.trainer.step, np.array(loop.trainer.arenas.parameters)))
    step, parameters = kept[2]
    assert source.history.oldest == 4 and source.history.newest == 40 and source.history.nearest(13) == step == 12
    source.history.enter(13)
    assert source.step == 12 and np.array_equal(source.tensors("parameter"), parameters)
    assert dict(source.history.moments()).keys() == {step for step, _ in kept}
    assert np.array_equal(dict(source.history.moments())[12]["arenas"]["parameters"], parameters)
    source.follow(always)
    assert source.step == 40


def test_a_snapshot_outlives_the_ring():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(), *loop.steps(2, 1), budget=6 * 4 * 2 * loop.trainer.topology.n_parameters)
    source.history.enter(2)
    kept = np.array(source.tensors("parameter"))
    source.history.snapshot("A")
    hear(source, *loop.steps(60, 1))
    assert source.at(2) != 2 and source.step > 2
    source.history.enter_snapshot("A")
    assert source.step == 2 and np.array_equal(source.tensors("parameter"), kept)


def test_the_ring_keeps_its_budget_its_first_and_its_newest():
    ring, size = StateRing(budget=100 * 1500), 250
    for step in range(5000):
        ring.put(KeptState(step, 0.0, 0.0, np.full(size, step, np.float32)))
        assert ring.bytes <= ring.budget
    steps = ring.steps
    assert steps[0] == 0 and (np.diff(steps) > 0).all() and (steps[-15:] == np.arange(4985, 5000)).all()
    gaps = np.diff(steps)
    assert gaps[:20].mean() > 4 * gaps[-20:].mean() and gaps.max() < 500  # thinner with age, and no hole
    assert all(ring.at(step).parameters[0] == step for step in steps)
    large = StateRing(budget=10)
    for step in (1, 2):
        large.put(KeptState(step, 0.0, 0.0, np.zeros(size, np.float32)))
    assert large.steps.tolist() == [2]
    many = StateRing(budget=1 << 30)
    for step in range(MOST + 50):
        many.put(KeptState(step, 0.0, 0.0, np.zeros(1, np.float32)))
    assert len(many) == MOST


def test_a_late_viewer_is_given_the_past():
    loop = StandIn()
    past = list(loop.steps(10, 2))
    newest = loop.frame()
    source = watched(loop.hello, loop.structure(), newest, *(changed(message, past=True) for message in reversed(past[:-1])))
    assert source.step == 10 and source.ring.steps.tolist() == [2, 4, 6, 8, 10]
    source.history.enter(4)
    first = wire.Reader().feed(past[1])[0].arrays["parameter/layers.0.bias"]
    assert np.array_equal(source.topology.parameter_ranges["layers.0.bias"].view(source.tensors("parameter")), first)


def test_a_step_is_worked_out_from_the_kept_parameters_and_the_sample():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(), *loop.steps(8, 4))
    assert source.reasons.walk == ""
    tape = source.record()
    data = source.network.holding(source.samples)
    train = loop.scene.train.model_copy(update={"batch": 0, "order": "sequential"})
    own = Trainer(source.scene.model_copy(update={"train": train}), data, source.ops)
    own.load_parameters(loop.trainer.parameters())
    expected = record(own)
    for name in ("before", "after", "gradient"):
        assert np.array_equal(getattr(tape, name), getattr(expected, name)), name
    assert tape.topology is source.topology and not np.array_equal(tape.before, tape.after)
    assert np.array_equal(source.tensors("parameter"), loop.trainer.arenas.parameters)  # looking is no change
    silent = StandIn(sample=None)
    source = watched(silent.hello, silent.structure(), silent.frame())
    assert "sample" in source.reasons.walk
    with pytest.raises(RunError, match="sample"):
        source.record()


# ---------------------------------------------------------------- other networks


def test_a_loop_with_other_shapes_takes_the_place_of_the_old_one():
    first, second = StandIn("dense"), StandIn("wider")
    source = watched(first.hello, first.structure(), *first.steps(6))
    serial = source.serial
    hear(source, second.structure())
    assert same(source, first)  # until its first state is there
    hear(source, second.frame())
    assert source.serial != serial and same(source, second)
    assert np.array_equal(source.tensors("parameter"), second.trainer.arenas.parameters) and source.ring.steps.tolist() == [0]
    assert source.run_shown.again


def test_the_same_loop_that_is_joined_again_keeps_its_past_and_one_that_began_again_does_not():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(), *loop.steps(6, 2))
    run = source.run_shown
    hear(source, loop.hello, loop.structure(), *loop.steps(2, 2))
    assert source.run_shown is run and source.ring.steps.tolist() == [2, 4, 6, 8]
    hear(source, loop.hello, loop.structure(), *StandIn().steps(2, 2))
    assert source.run_shown is not run and source.ring.steps.tolist() == [2]


def test_a_model_of_other_kinds_has_curves_and_a_reason():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(scene="", why="LSTM is no kind that is drawn"), *loop.steps(5))
    reading = source.watched(True)
    assert reading.empty and reading.why == "LSTM is no kind that is drawn" and len(source.arrived()) == 5
    hear(source, loop.structure(parameters=()), loop.frame())
    assert same(source, loop) and not source.watched(True).empty


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"scene": "network = 3"}, "network"),
        ({"scene": "[network]\nlayers = [{units = 100000000}]"}, "units"),
        ({"shape": (2_000_000_000,)}, "shape"),
        ({"shape": (5,)}, "layers.0.weight"),
        ({"outputs": 60_000, "names": ()}, "layers.2.weight"),
        ({"axes": ("token",)}, "token"),
        ({"scene": '[data]\nkind = "csv"\nfile = "/etc/passwd"\n[network]\nlayers = [{units = 12}, {units = 8}]'}, ""),
    ],
)
def test_a_structure_that_cannot_be_says_why_and_reads_no_file(said, words, monkeypatch):
    from nnviz3d.engine import data

    monkeypatch.setattr(data, "load", lambda *_: pytest.fail("a file was read"))
    source = watched(_MADE.hello, _MADE.structure(**said))
    assert words in source.feed.run.why and bool(source.feed.run.why) == bool(words)


_MADE = StandIn()


# ---------------------------------------------------------------- hostile


def broken(loop: StandIn) -> dict[str, bytes]:
    frame = wire.Reader().feed(loop.frame())[0]
    arrays = {name: np.array(array) for name, array in frame.arrays.items()}
    header = frame.header.model_copy(update={"arrays": ()})
    other = wire.packed(header, arrays | {"parameter/layers.0.weight": np.zeros((3, 3), np.float32)})
    return {
        "garbage": b"GET / HTTP/1.1\r\n\r\n" * 10,
        "2 GB of arrays": struct.pack("<4sIQ", b"NNVZ", 40, 2 << 30) + b" " * 40,
        "4 GB of header": struct.pack("<4sIQ", b"NNVZ", 0xFFFFFFFF, 0),
        "other version": loop.frame().replace(b'"version":1', b'"version":9', 1),
        "torn": loop.frame()[:-5],
        "other shapes": other,
        "unknown parameter": wire.packed(header, {"parameter/os.system": np.zeros(3, np.float32)}),
        "sample of other size": wire.packed(header, {"x": np.zeros(7, np.float32)}),
        "class that is not there": wire.packed(header, {"x": arrays["x"], "target": np.array(99)}),
        "a control": wire.packed(wire.Control(action="step")),
    }


@pytest.mark.parametrize("what", list(broken(_MADE)))
def test_what_is_broken_is_refused_in_words_and_the_picture_stays(what):
    loop = StandIn()
    good = [loop.hello, loop.structure(), loop.frame()]
    publisher = Publisher(lambda: iter([*good, broken(loop)[what]]), name="hostile")
    feed = WatchedFeed(Scene(), 1 << 20)
    source = WatchedLoop(feed.look, Path(), choose("cpu"), feed, Receiver(feed, publisher.address))
    source.receiver.start()
    try:
        until(lambda: feed.link.state == "refused")
        assert feed.link.text and "Traceback" not in feed.link.text
        source.renew()
        source.follow(always)
        assert np.array_equal(source.tensors("parameter"), loop.trainer.arenas.parameters)
    finally:
        source.close()
        publisher.close()


def test_a_frame_before_its_structure_is_refused():
    feed = WatchedFeed(Scene(), 1 << 20)
    with pytest.raises(wire.WireError, match="structure"):
        feed.hear(wire.Reader().feed(_MADE.frame())[0], "unix:/loop")


# ---------------------------------------------------------------- the link


def joined(publisher: Publisher | None = None, address=None, look: Scene | None = None) -> WatchedLoop:
    feed = WatchedFeed(look or Scene(), 8 << 20)
    receiver = Receiver(feed, publisher.address if publisher else address)
    source = WatchedLoop(feed.look, Path(), choose("cpu"), feed, receiver)
    receiver.start()
    return source


def test_a_loop_ends_crashes_and_is_lost():
    loop, gate = StandIn(), threading.Event()

    def talk(last: bytes | None):
        yield from (loop.hello, loop.structure(), loop.frame())
        gate.wait(10)
        if last is not None:
            yield last

    for last, state, text in (
        (loop.end(), "finished", ""),
        (loop.end("error", "ZeroDivisionError: division by zero"), "failed", "ZeroDivisionError"),
        (None, "lost", "closed"),
    ):
        gate.clear()
        publisher = Publisher(lambda last=last: talk(last), name="ends")
        source = joined(publisher)
        try:
            until(lambda source=source: source.feed.link.state == "connected")
            gate.set()
            until(lambda source=source, state=state: source.feed.link.state == state)
            assert text in source.feed.link.text and source.feed.link.run == "stand-in"
            source.renew()
            assert same(source, loop)
        finally:
            source.close()
            publisher.close()


def test_a_viewer_that_waits_finds_the_loop_when_it_comes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    source = joined()
    loop = StandIn()
    try:
        time.sleep(0.3)
        assert source.feed.link.state == "waiting" and source.watched(True).code
        publisher = Publisher(lambda: iter([loop.hello, loop.structure(), loop.frame(), loop.end()]), name="late")
        try:
            until(lambda: source.feed.link.state == "finished")
            second = Publisher(lambda: iter([loop.hello, loop.structure(), loop.frame(), loop.end("error", "no")]), name="next")
            try:  # the ended loop is not joined again, the next one is
                until(lambda: source.feed.link.state == "failed")
                assert publisher.joined < 100 and str(second.address) == source.feed.link.address
            finally:
                second.close()
        finally:
            publisher.close()
    finally:
        source.close()


def test_two_publishers_are_listed(tmp_path, monkeypatch):
    from nnviz3d.app.cli.commands import watch

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    loops = StandIn(name="one"), StandIn("wider", name="two")
    publishers = [Publisher(lambda loop=loop: iter([loop.hello, loop.structure()]), name=loop.name) for loop in loops]
    mute = Publisher(lambda: iter([b"not one of ours, whatever it is"]), name="mute")
    try:
        found = {each.run: each for each in watch.loops()}
        assert found.keys() == {"one", "two", "?"}
        assert "191 parameters" in found["one"].what and "163 parameters" in found["two"].what and "no loop" in found["?"].what
        lines = watch.lines(list(found.values()))
        assert any(line.startswith("two") and str(publishers[1].address) in line for line in lines)
    finally:
        for publisher in (*publishers, mute):
            publisher.close()
    assert watch.loops() == [] and "nv.watch" in watch.lines([])[0]


def test_asking_who_does_not_answer():
    publisher = Publisher(lambda: iter([time.sleep(1.5) or b""]), name="slow")
    try:
        assert ask(publisher.address).what == "does not answer"
    finally:
        publisher.close()
    assert ask(publisher.address).what


def test_500_reconnects_leave_nothing_behind():
    loop = StandIn()
    messages = [loop.hello, loop.structure(), loop.frame()]
    publisher = Publisher(lambda: iter(messages), name="flaky")
    feed = WatchedFeed(Scene(), 1 << 20)
    receiver = Receiver(feed, publisher.address)
    try:
        gc.collect()
        before, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
        for _ in range(500):
            receiver._guarded(receiver._talk, publisher.address)
            assert feed.link.state == "lost"
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2 and threading.active_count() == threads
        assert len(feed.run.ring) == 1 and publisher.joined == 500
    finally:
        publisher.close()


def test_over_tcp():
    loop = StandIn()
    publisher = Publisher(lambda: iter([loop.hello, loop.structure(), loop.frame(), loop.end()]), parse("tcp://127.0.0.1:0"))
    publisher.address = Address(host="127.0.0.1", port=publisher._listening.getsockname()[1])
    source = joined(publisher)
    try:
        until(lambda: source.feed.link.state == "finished")
        source.renew()
        assert np.array_equal(source.tensors("parameter"), loop.trainer.arenas.parameters)
        assert source.feed.link.address == str(publisher.address)
    finally:
        source.close()
        publisher.close()


def test_a_file_of_messages(tmp_path):
    loop, file = StandIn("conv"), tmp_path / "run.nnwire"
    file.write_bytes(b"".join([loop.hello, loop.structure(), *loop.steps(6, 2), loop.end()]))
    source = joined(address=file)
    try:
        until(lambda: source.feed.link.state == "finished")
        source.renew()
        assert source.ring.steps.tolist() == [2, 4, 6]
        assert np.array_equal(source.tensors("parameter"), loop.trainer.arenas.parameters)
    finally:
        source.close()
    file.write_bytes(file.read_bytes()[:-3])
    source = joined(address=file)
    until(lambda: source.feed.link.state == "refused")
    source.close()


def silent(publisher_closing: threading.Event, *messages: bytes):
    """A loop that says this and then nothing."""
    yield from messages
    publisher_closing.wait(20)


def test_closing_is_quick_also_while_a_loop_is_silent():
    publisher = Publisher(lambda: silent(publisher.closing, _MADE.hello), name="silent")
    source = joined(publisher)
    try:
        until(lambda: source.feed.link.state == "connected")
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < 2.0 and not source.receiver._thread.is_alive()
    finally:
        publisher.close()


def test_a_control_reaches_the_loop():
    loop = StandIn()
    publisher = Publisher(lambda: silent(publisher.closing, loop.hello, loop.structure(), loop.frame()), name="lends")
    source = joined(publisher)
    try:
        until(lambda: source.feed.run is not None and len(source.feed.run.ring))
        source.control("pause")
        message = wire.receive(publisher.link.recv_into, wire.Reader(0))
        assert message is not None and message.header.action == "pause"
    finally:
        source.close()
        publisher.close()


def test_replace_is_of_the_same_kind():
    loop = StandIn()
    source = watched(loop.hello, loop.structure(), loop.frame())
    data = replace(source.data, x_train=np.repeat(source.data.x_train, 3, 0), t_train=np.repeat(source.data.t_train, 3, 0))
    source.looking.rows("train")
    source.looking.replace(data)
    assert len(source.looking.rows("train")[0]) == 3
