"""What holds for every source, and for everything that can be looked at."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.step_runner import always
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.live.wire import Reader
from nnviz3d.sources.opened import OpenedGraph
from nnviz3d.sources.opened_model import OpenedModel, open_model
from nnviz3d.sources.opened_network import OpenedNetwork
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.sources.snapshot_source import KeptMoment, SnapshotDifference
from nnviz3d.sources.training_recorder import TrainingRecorder
from nnviz3d.sources.viewable import Viewable
from nnviz3d.sources.walk import Walk
from nnviz3d.sources.watching.feed import WatchedFeed
from nnviz3d.sources.watching.loop import WatchedLoop
from nnviz3d.spec.edit import Edit, diff
from nnviz3d.spec.foreign_graph import ForeignGraph, ForeignNode
from nnviz3d.spec.reasons import Reasons
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.toml import apply, validate
from tests.helpers.fake_source import FakeSource
from tests.helpers.hugging_face import GPT2, gpt2_tensors, write
from tests.helpers.loop_stand_in import StandIn

PARAMETERS = ("parameter", "gradient", "change", "before", "after")
NEURONS = ("z", "activation", "delta")


def scene(hidden: tuple[int, ...] = (6,), data: str = "iris") -> Scene:
    layers = [{"units": units, "activation": "tanh"} for units in hidden]
    return validate({"network": {"layers": layers}, "data": {"kind": data}, "train": {"batch": 16}, "view": {"sample": 2}})


def own(remember: int = 8 << 20) -> OwnTraining:
    made = OwnTraining(scene(), Path(), choose("cpu"), remember)
    made.run(7)
    made.show()
    return made


def recording(folder: Path, wanted: Scene | None = None, steps: int = 20) -> Recording:
    trained = OwnTraining(wanted or scene(), Path(), choose("cpu")).trainer
    recorder = TrainingRecorder(trained, wanted or scene(), Path(), folder / "a.nnrec", every=5, steps=steps)
    for _ in range(steps):
        trained.run(1)
        recorder.note()
    recorder.close("steps")
    return Recording(folder / "a.nnrec")


def recorded(folder: Path) -> RecordedTraining:
    made = recording(folder)
    return RecordedTraining(made, scene_of(made), Path(), choose("cpu"))


def kept(source: Source) -> KeptMoment:
    assert source.history is not None
    return KeptMoment(source, source.history.snapshot("A"), source.objective)


def difference() -> SnapshotDifference:
    source = own()
    first = kept(source)
    source.run(5)
    return SnapshotDifference(first, kept(source))


def model(folder: Path) -> OpenedModel:
    made = open_model(write(folder / "m", GPT2, gpt2_tensors()), choose("cpu"))
    made.show()
    return made


def watched_loop() -> WatchedLoop:
    loop, feed = StandIn(), WatchedFeed(Scene(), 1 << 20)
    made = WatchedLoop(feed.look, Path(), choose("cpu"), feed)
    for raw in (loop.hello, loop.structure(), *loop.steps(6, 2)):
        feed.hear(Reader().feed(raw)[0], "unix:/loop")
    made.renew()
    made.enter(2)
    return made


def opened() -> OpenedGraph:
    parts = (("weight", (2, 3)), ("bias", (2,)))
    nodes = (ForeignNode("x", "input", (), (3,)), ForeignNode("y", "linear", ("x",), (2,), parameters=parts, labels=("yes", "no")))
    return OpenedGraph(ForeignGraph(nodes, "G"), {"x": np.arange(3), "y": np.ones(2)}, choose("cpu"), {"y.weight": np.eye(2, 3)})


def network() -> OpenedNetwork:
    source = own()
    return OpenedNetwork(source.scene, source.parameters(), source.sample.x, 3, choose("cpu"))


SOURCES = {
    "own": lambda _: own(),
    "unremembered": lambda _: own(0),
    "recorded": recorded,
    "fake": lambda _: FakeSource(),
    "graph": lambda _: opened(),
    "network": lambda _: network(),
    "model": model,
    "watched": lambda _: watched_loop(),
}
SEEN = {
    **SOURCES,
    "walk": lambda _: Walk(own()),
    "snapshot": lambda _: kept(own()),
    "snapshot of a recording": lambda folder: kept(recorded(folder)),
    "difference": lambda _: difference(),
}


@pytest.fixture(params=SOURCES)
def source(request, tmp_path) -> Source:
    return SOURCES[request.param](tmp_path)


@pytest.fixture(params=SEEN)
def seen(request, tmp_path) -> Viewable:
    return SEEN[request.param](tmp_path)


def test_tensors_have_their_shape_or_are_not_known(seen):
    for kinds, size in ((PARAMETERS, seen.topology.n_parameters), (NEURONS, seen.topology.n_neurons)):
        for kind in kinds:
            for array in (seen.tensors(kind), seen.settled(kind)):
                assert array is None or (array.shape == (size,) and np.isfinite(array).all())
    assert seen.tensors("parameter") is not None and seen.tensors("activation") is not None
    assert seen.last_batch == 0 or seen.tensors("gradient") is not None


def test_looking_is_no_change(seen):
    version, serial = seen.version, seen.serial
    before = {kind: None if (a := seen.tensors(kind)) is None else a.copy() for kind in (*PARAMETERS, *NEURONS)}
    seen.answer(), seen.targets()
    assert seen.version == version and seen.serial == serial
    for kind, array in before.items():
        assert array is None or np.array_equal(array, seen.tensors(kind))


def test_the_sample_fits_the_network(seen):
    sample, answer = seen.sample, seen.answer()
    assert np.size(sample.x) == seen.topology.input.size and 0 <= sample.index < max(sample.count, 1)
    assert isinstance(answer[0], str) and answer[1] in (True, False, None)
    targets = seen.targets()
    assert (targets is None) == (not seen.objective.loss) and (targets is None or targets.shape == (seen.topology.output.size,))
    output = seen.topology.output
    assert len(seen.data.class_names) == (output.shape[1] if seen.data.tokens else output.size)
    assert seen.edited is None or all(0 <= p < seen.topology.n_parameters for p in seen.edited)
    assert seen.at_boundary and seen.step >= 0 and seen.batch_size >= 0 and seen.holds is not None


def test_no_two_things_have_one_serial(tmp_path):
    a, b = own(), own()
    there = [a, b, kept(a), kept(a), Walk(b), FakeSource(), FakeSource(), recorded(tmp_path)]
    assert len({each.serial for each in there}) == len(there)


def test_what_a_source_cannot_has_a_reason(source):
    reasons = source.reasons
    for there, names in (
        (source.learner, ("edit", "seed", "compare", "export")),
        (source.learner or (source.playback if source.playback is not None and source.playback.grows else None), ("walk",)),
        (source.history, ("back", "keep")),
        (None if source.playback is not None and source.playback.gone else source.evaluator, ("data",)),
    ):
        assert all(bool(getattr(reasons, name)) == (there is None) for name in names)
    assert bool(reasons.play) == (source.learner is None and source.playback is None)
    assert all(not text or text.endswith(".") for text in (getattr(reasons, field.name) for field in fields(Reasons)))


def test_the_clock(source):
    step = source.step
    taken = source.advance(lambda: False, 5)
    source.settle()
    assert source.at_boundary and source.step - step == taken
    assert (taken > 0) == (source.learner is not None or source.playback is not None)
    done, whole = source.of_epoch
    assert 0 <= done <= whole and source.epoch >= 0 and source.diverged is None and not source.phase


def test_history_leads_back(source):
    if source.history is None:
        return
    source.run(10)
    there, here = source.history.nearest(5), source.step
    assert source.history.oldest <= there <= source.history.newest == max(here, source.history.newest)
    source.history.enter(there)
    assert source.step == there


def test_snapshots_are_entered_again(source):
    if source.history is None:
        return
    source.run(5)
    step, parameters = source.step, source.tensors("parameter").copy()
    source.history.snapshot("A")
    source.run(5)
    source.history.enter_snapshot("A")
    assert source.step == step and np.array_equal(source.tensors("parameter"), parameters)


def test_parameters_by_name_are_those_of_the_arena(source):
    named = source.parameters()
    whole = np.full(source.topology.n_parameters, np.nan, np.float32)
    for name, place in source.topology.parameter_ranges.items():
        place.view(whole)[...] = named[name]
    assert np.array_equal(whole, source.tensors("parameter"))
    parts = [(part, place) for node in source.topology.nodes for part, place in node.parameters]
    assert [name.rpartition(".")[2] for name in named] == [part for part, _ in parts]


def test_samples_wrap_around(source):
    source.show_sample(source.sample.count + 1)
    assert source.sample.index == 1 % source.sample.count


def test_another_look_changes_no_number(source):
    before, serial = source.tensors("parameter").copy(), source.serial
    looked = apply(source.scene, [Edit("look.palette", "safe")])
    source.apply(looked, diff(source.scene, looked))
    assert source.scene.look.palette == "safe" and source.serial == serial and np.array_equal(before, source.tensors("parameter"))


def test_rows_are_measured_where_there_are_data(source):
    data = source.evaluator
    if data is None:
        assert not len(source.data.x_train) and source.plane is None
        return
    part = source.data.held_out[0]
    score = data.score(part)
    assert score.whole and score.loss > 0 and list(data.scoring(part))[-1] == score
    rows = data.numbers("train", 10)
    losses = np.concatenate([loss for _, _, loss in data.judging("train", rows)])
    assert losses.shape == (min(10, len(source.data.x_train)),) and np.isfinite(losses).all()


def test_another_run_has_another_serial_until_it_is_put_back():
    source = own()
    serial, run, parameters = source.serial, source.kept(), source.tensors("parameter").copy()
    other = apply(source.scene, [Edit("train.seed", 9)])
    source.apply(other, diff(source.scene, other))
    assert source.serial != serial and source.step == 0
    source.put_back(run)
    assert source.serial == serial and np.array_equal(source.tensors("parameter"), parameters)


def test_a_second_network_shares_the_data_and_nothing_else():
    source = own()
    second = source.second(apply(source.scene, [Edit("train.learning_rate", 0.5)]), 1 << 20)
    assert second.data is source.data and second.serial != source.serial and second.history is not None
    before = source.tensors("parameter").copy()
    assert second.advance(always, 3) == 3 and np.array_equal(before, source.tensors("parameter"))


def test_a_recording_opens_with_two_numbers_a_parameter(tmp_path):
    made = recording(tmp_path, scene((600, 600), "xor"), steps=10)
    wanted, ops = scene_of(made), choose("cpu")
    RecordedTraining(made, wanted, Path(), ops)  # what is imported and kept for all is there
    tracemalloc.start()
    source = RecordedTraining(made, wanted, Path(), ops)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    parameters, neurons = 4 * source.topology.n_parameters, 4 * source.topology.n_neurons
    rest = 8 * neurons + 200_000  # the shown sample, the data
    assert 2 * parameters <= held <= 2 * parameters + rest
    assert peak <= 2 * parameters + 2 * rest
