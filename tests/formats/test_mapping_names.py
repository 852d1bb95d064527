"""State dicts of PyTorch for networks of all kinds: by name, by the shapes of parts, and refused where either leaves a doubt."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnviz3d.formats import weights
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.topology_builder import build_topology

CONVNET = {
    "layers": [
        {"name": "strokes", "kind": "conv2d", "channels": 4, "kernel": 3}, {"name": "norm1", "kind": "batch_norm"},
        {"name": "pool", "kind": "max_pool"}, {"name": "parts", "kind": "conv2d", "channels": 4, "kernel": 2},
        {"name": "norm2", "kind": "batch_norm"},
    ]
}  # fmt: skip
RESNET = {"layers": [{"name": "stem", "kind": "conv_block", "channels": 4}, {"name": "blocks", "kind": "residual_block", "repeat": 2}]}
TRANSFORMER = {
    "layers": [
        {"name": "tokens", "kind": "embedding", "units": 8}, {"name": "places", "kind": "position"},
        {"name": "blocks", "kind": "transformer_block", "repeat": 2, "heads": 2}, {"name": "norm", "kind": "layer_norm"},
    ]
}  # fmt: skip


def network(keys, shape, axes=()):
    scene = toml.validate({"network": keys})
    topology = build_topology(scene.network, shape, 5, "softmax", input_axes=axes)
    rng = np.random.default_rng(3)
    return topology, {name: rng.random(r.shape, np.float32) for name, r in topology.parameter_ranges.items()}


def loaded(tmp_path, arrays, topology):
    said = []
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, tmp_path / "w.safetensors")
    return weights.load(tmp_path / "w.safetensors", topology, say=said.append), said


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def renamed(arrays, *pairs):
    out = {}
    for name, array in arrays.items():
        for ours, theirs in pairs:
            name = name.replace(ours, theirs)
        out[name] = array
    return out


def torch_names(arrays, head):
    """As a module of TransformerEncoderLayers saves them."""
    out = renamed(arrays, (".mlp1.", ".linear1."), (".mlp2.", ".linear2."), (".project.", ".self_attn.out_proj."), (head, "head"))
    for block in ("blocks.0", "blocks.1"):
        for part in ("weight", "bias"):
            thirds = [out.pop(f"{block}.{name}.{part}") for name in ("query", "key", "value")]
            out[f"{block}.self_attn.in_proj_{part}"] = np.concatenate(thirds)
    out["places"] = out.pop("places.weight")[None]
    return out


@pytest.mark.parametrize("before", ["", "model."])
def test_a_transformer_of_torch(tmp_path, before):
    topology, arrays = network(TRANSFORMER, (6,), ("token",))
    theirs = {before + name: array for name, array in torch_names(arrays, topology.output.name).items()}
    found, said = loaded(tmp_path, theirs, topology)
    assert same(found, arrays) and "w.safetensors: " in said[0] and "names of another program" in said[0]


def test_a_transformer_whose_layers_are_called_otherwise_is_reported_by_shapes_and_last_words(tmp_path):
    topology, arrays = network(TRANSFORMER, (6,), ("token",))
    theirs = renamed(torch_names(arrays, topology.output.name), ("blocks.", "encoder.layers."), ("tokens.", "wte."))
    assert same(loaded(tmp_path, theirs, topology)[0], arrays)
    doubtful = renamed(theirs, (".norm2.", ".second."))  # norms of one size, by other words
    with pytest.raises(InputError, match=r"not for this network|missing"):
        loaded(tmp_path, doubtful, topology)


def test_a_residual_network_by_name_without_the_biases_that_a_norm_takes_away(tmp_path):
    topology, arrays = network(RESNET, (1, 6, 6))
    theirs = {f"module.{name}": array for name, array in arrays.items() if not ("conv" in name and name.endswith("bias"))}
    found, said = loaded(tmp_path, theirs, topology)
    assert "biases that are not there are 0 (stem.conv.bias" in said[0]
    assert all(np.array_equal(found[name], array) for name, array in arrays.items() if f"module.{name}" in theirs)
    assert not found["blocks.0.conv1.bias"].any()


def test_layers_in_a_row_by_shapes_and_numbers(tmp_path):
    topology, arrays = network(CONVNET, (1, 10, 10))
    named = {"strokes": "conv1", "parts": "conv2", "norm1": "bn1", "norm2": "bn2", topology.output.name: "fc"}
    theirs = {f"{named[name.split('.')[0]]}.{name.split('.')[1]}": array for name, array in arrays.items()}
    found, said = loaded(tmp_path, theirs, topology)
    assert same(found, arrays) and "by the shapes of their parts" in said[0]
    theirs = renamed(theirs, ("bn1", "first"), ("bn2", "last"))
    with pytest.raises(InputError, match="is not for this network"):
        loaded(tmp_path, theirs, topology)


def test_a_part_of_another_shape_is_refused(tmp_path):
    topology, arrays = network(TRANSFORMER, (6,), ("token",))
    theirs = torch_names(arrays, topology.output.name)
    theirs["blocks.1.self_attn.in_proj_weight"] = theirs["blocks.1.self_attn.in_proj_weight"][:-1]
    with pytest.raises(InputError):
        loaded(tmp_path, theirs, topology)
