"""Weights, checkpoints and recordings of graphs: by the names of layers; what is of another network is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nnviz3d.backend import choose
from nnviz3d.formats import weights
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.sources.training_recorder import TrainingRecorder
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology
from tests.layers.kinds import ON_TABLES, scene_on_data


def source(kind: str = "add") -> OwnTraining:
    made = OwnTraining(scene_on_data(kind), Path(), choose("cpu"))
    made.run(10)
    return made


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("kind", ON_TABLES)
def test_weights_go_by_the_names_of_layers(kind, tmp_path):
    own = source(kind)
    weights.save(tmp_path / "w.safetensors", own.parameters(), own.scene)
    assert (
        set(load_file(tmp_path / "w.safetensors"))
        == set(own.topology.parameter_ranges)
        >= {"a.weight", "r.bias", f"{own.topology.output.name}.weight"}
    )
    assert same(weights.load(tmp_path / "w.safetensors", own.topology), own.parameters())


def test_numbered_names_are_read_for_a_graph_and_names_of_layers_for_a_chain(tmp_path):
    own = source()
    names = own.topology.other_names
    assert names["a.weight"] == "layers.0.weight" and names["r.weight"] == "layers.2.weight", "k counts the layers with parameters"
    save_file({names[name]: array for name, array in own.parameters().items()}, tmp_path / "numbered.safetensors")
    assert same(weights.load(tmp_path / "numbered.safetensors", own.topology), own.parameters())
    chain = build_topology(Network(layers=(Layer(units=3),)), (2,), 2, "softmax")
    arrays = {name: np.random.default_rng(0).random(r.shape, np.float32) for name, r in chain.parameter_ranges.items()}
    assert next(iter(arrays)) == "layers.0.weight"
    save_file({chain.other_names[name]: array for name, array in arrays.items()}, tmp_path / "named.safetensors")
    assert set(load_file(tmp_path / "named.safetensors")) == {"dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"}
    assert same(weights.load(tmp_path / "named.safetensors", chain), arrays)


def test_names_of_other_programs_are_taken_where_layers_follow_each_other_and_refused_where_they_branch(tmp_path):
    layers = [{"name": "first", "units": 3}, {"kind": "activation"}, {"kind": "dropout"}, {"name": "last", "units": 4}]
    line = build_topology(Network.model_validate({"layers": layers}), (2,), 2, "softmax")
    arrays = {name: np.random.default_rng(0).random(r.shape, np.float32) for name, r in line.parameter_ranges.items()}
    others = ("0.weight", "0.bias", "3.weight", "3.bias", "4.weight", "4.bias")
    save_file(dict(zip(others, arrays.values(), strict=True)), tmp_path / "torch.safetensors")
    said: list[str] = []
    assert same(weights.load(tmp_path / "torch.safetensors", line, say=said.append), arrays) and "by order and shape" in said[0]
    own = source()
    save_file({f"{k}.{name.split('.')[1]}": array for k, (name, array) in enumerate(own.parameters().items())}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="is not for this network"):
        weights.load(tmp_path / "x.safetensors", own.topology)


def test_what_does_not_fit_a_graph_is_reported_by_name(tmp_path):
    own = source()
    arrays = own.parameters()
    arrays["other.weight"] = arrays.pop("r.weight")
    arrays["s.bias"] = np.zeros(5, np.float32)
    save_file(arrays, tmp_path / "w.safetensors")
    with pytest.raises(InputError) as caught:
        weights.load(tmp_path / "w.safetensors", own.topology)
    assert {problem.key for problem in caught.value.problems} == {"other.weight", "r.weight", "s.bias"}


@pytest.mark.parametrize("kind", ON_TABLES)
def test_a_recording_of_a_graph_opens_with_the_same_numbers(kind, tmp_path):
    own = source(kind)
    recorder = TrainingRecorder(own.trainer, own.scene, Path(), tmp_path / "r.nnrec")
    for _ in range(5):
        own.run(1)
        recorder.note()
    recorder.close("steps")
    recording = Recording(tmp_path / "r.nnrec")
    played = RecordedTraining(recording, scene_of(recording), Path(), choose("cpu"))
    played.enter(own.step)
    for name in ("parameter", "z", "activation", "delta"):
        assert np.array_equal(played.tensors(name), own.tensors(name)), name
    assert played.topology == own.topology and [node.name for node in recording.head.nodes] == [node.name for node in own.topology.nodes]


def test_a_recording_whose_nodes_are_not_those_of_its_scene_is_refused(tmp_path):
    own = source()
    recorder = TrainingRecorder(own.trainer, own.scene, Path(), tmp_path / "r.nnrec")
    recorder.close("steps")
    index = tmp_path / "r.nnrec" / "index.jsonl"
    index.write_bytes(index.read_bytes().replace(b'"inputs":["k"]', b'"inputs":["a"]', 1))
    recording = Recording(tmp_path / "r.nnrec")
    with pytest.raises(InputError, match="nodes"):
        RecordedTraining(recording, scene_of(recording), Path(), choose("cpu"))


def test_a_scene_inside_a_weights_file_is_the_graph(tmp_path):
    own = source("concat")
    weights.save(tmp_path / "w.safetensors", own.parameters(), own.scene)
    text = weights.describe(tmp_path / "w.safetensors")["scene"]
    assert toml.validate(toml.parse(text.encode(), "file")).network == own.scene.network
