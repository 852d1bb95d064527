"""ONNX files: the graph that is shown, and every value of it, equal to what onnxruntime says."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from nnviz3d.formats.onnx import feed as onnx_feed
from nnviz3d.formats.onnx import graph as onnx_graph
from nnviz3d.formats.onnx import model_file as onnx_file
from nnviz3d.formats.onnx import run as onnx_run
from nnviz3d.spec.errors import InputError
from tests.helpers import onnx_models as models


def opened(made, folder, **chosen):
    return onnx_graph.read(models.save(made, folder), chosen)


def reference(path, feed):
    """The outputs by onnxruntime itself, of the file as it is, without optimisations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


def by_value(built, found):
    """What is shown by the name of the value in the file."""
    return {value: found[name] for name, value in built.values.items() if name in found}


def nodes(built):
    return {node.name: node for node in built.graph.nodes}


@pytest.mark.parametrize("kind", models.ALL)
def test_the_outputs_are_onnxruntimes_to_the_bit_and_every_value_is_there(tmp_path, kind):
    built = opened(models.ALL[kind](), tmp_path)
    feed = onnx_feed.random(built)
    values = onnx_run.Values(built, feed)
    found = by_value(built, values.compute())
    for name, wanted in reference(built.file.path, feed).items():
        assert found[name].astype(wanted.dtype).tobytes() == wanted.tobytes(), name
    missing = set(built.values.values()) - set(found)
    assert not values.notes and all("else" in name for name in missing)
    assert built.graph.topology().n_neurons == sum(max(int(np.prod(node.shape)), 1) for node in built.graph.nodes)


def test_a_convolutional_network_keeps_its_names_shapes_and_parameters(tmp_path):
    built = opened(models.conv_net(), tmp_path)
    found = nodes(built)
    assert list(found) == ["x", "features.conv1", "features.relu1", "features.pool1", "Flatten", "head.fc", "head.Softmax"]
    conv = found["features.conv1"]
    assert (conv.op, conv.shape, conv.axes) == ("Conv", (4, 12, 12), ("channel", "row", "column"))
    assert conv.parameters == (("weight", (4, 1, 3, 3)), ("bias", (4,)))
    assert ("kernel_shape", "3 x 3") in conv.settings
    arrays = built.read_parameters([])
    assert np.array_equal(arrays["head.fc.weight"], models.numbers(10, 144, seed=2) / np.float32(8))


def test_values_inside_are_what_the_operations_make(tmp_path):
    built = opened(models.conv_net(), tmp_path)
    feed = onnx_feed.random(built, seed=4)
    found = onnx_run.Values(built, feed).compute()
    assert np.array_equal(found["features.relu1"], np.maximum(found["features.conv1"], 0))
    windows = found["features.relu1"].reshape(4, 6, 2, 6, 2)
    assert np.array_equal(found["features.pool1"], windows.max(axis=(2, 4)))
    weight, bias = models.numbers(10, 144, seed=2) / 8, models.numbers(10, seed=3)
    np.testing.assert_allclose(found["head.fc"], weight @ found["Flatten"] + bias, rtol=1e-4, atol=1e-5)


def test_the_branch_that_is_taken_has_numbers_and_the_other_one_none(tmp_path):
    built = opened(models.nested_if(), tmp_path)
    x = np.array([1, -2, 3], np.float32)
    for a, b in ((True, True), (True, False), (False, True)):
        found = onnx_run.Values(built, {"x": x, "a": np.array(a), "b": np.array(b)}).compute()
        inner = abs(2 * x) if b else -(2 * x)
        assert np.array_equal(found["outer.output"], inner + 1 if a else x / 2)
        assert ("outer.then.double" in found) is a and ("outer.else" in found) is not a
        assert ("outer.then.inner.then" in found) is (a and b)
    assert "outer.then.inner.output" in nodes(built)["outer.then.out"].inputs


def test_a_loop_shows_its_last_turn(tmp_path):
    built = opened(models.loop(turns=3), tmp_path)
    x = np.array([1, 2], np.float32)
    found = onnx_run.Values(built, {"x": x}).compute()
    turns = [x]
    for _ in range(3):
        turns.append(2 * turns[-1] + x)
    assert found["repeat.body.i"] == 2
    assert np.array_equal(found["repeat.body.s"], turns[2]) and np.array_equal(found["repeat.body.s2"], turns[3])
    assert np.array_equal(found["repeat.output_2"], [2 * turn for turn in turns[:3]])


def test_small_integers_are_shown_as_what_they_stand_for(tmp_path):
    built = opened(models.quantised(), tmp_path)
    x = np.linspace(-1, 1, 6, dtype=np.float32)[None]
    found = onnx_run.Values(built, {"x": x}).compute()
    assert np.array_equal(found["xq"], found["xd"])
    assert np.abs(found["xq"] - x[0]).max() <= 0.025 + 1e-6
    layer = nodes(built)["y"]
    assert layer.parameters == (("weight", (6, 4)),) and ("weight", "stored as int8") in layer.settings
    wq = np.random.default_rng(0).integers(-127, 128, (6, 4)).astype(np.float32)
    assert np.array_equal(built.read_parameters([])["y.weight"], wq * np.linspace(0.01, 0.04, 4, dtype=np.float32))


def test_tokens_heads_and_open_lengths(tmp_path):
    built = opened(models.two_inputs(), tmp_path, ids=(1, 7))
    found = nodes(built)
    assert built.given == {"ids": (1, 7), "mask": (1, 7)}  # lengths of one name are equal
    assert found["ids"].axes == ("token",) and found["embed"].axes == ("token", "feature")
    assert found["attn.Softmax"].shape == (2, 7, 7) and found["attn.Softmax"].axes == ("head", "query", "key")
    assert built.graph.topology().output.name == "ReduceMean"  # the first output of the model
    feed = onnx_feed.random(built)
    assert feed["ids"].max() < 11 and (feed["mask"] == 1).all()  # as many rows as the table has; a mask lets all through


def test_weights_in_constant_nodes_are_weights(tmp_path):
    made = models.conv_net()
    stored = list(made.graph.initializer)
    del made.graph.initializer[:]
    for tensor in stored:
        made.graph.node.insert(0, models.onnx.helper.make_node("Constant", [], [tensor.name], value=tensor))
    plain = opened(models.conv_net(), tmp_path)
    built = onnx_graph.read(models.save(made, tmp_path, "constants.onnx"))
    assert [(n.name, n.parameters) for n in built.graph.nodes] == [(n.name, n.parameters) for n in plain.graph.nodes]
    feed = onnx_feed.random(built)
    assert (
        onnx_run.Values(built, feed).compute()["head.Softmax"].tobytes() == onnx_run.Values(plain, feed).compute()["head.Softmax"].tobytes()
    )


def test_large_arrays_stay_in_the_file(tmp_path):
    made = models.model(
        [models.onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        [models.value("x", [1, 512])], [models.value("y", [1, 512])], {"w": models.numbers(512, 512)},
    )  # fmt: skip
    built = opened(made, tmp_path)
    assert built.file.bytes > 1 << 20 and built.file.model.ByteSize() < 1000
    assert np.array_equal(built.read_parameters([])["y.weight"], models.numbers(512, 512))
    feed = onnx_feed.random(built)
    wanted = reference(built.file.path, feed)["y"]
    assert onnx_run.Values(built, feed).compute()["y"].tobytes() == wanted[0].tobytes()


def test_arrays_beside_the_model_are_read(tmp_path):
    path = models.save(models.stored_outside(tmp_path, offset=4096), tmp_path)
    built = onnx_graph.read(path)
    assert np.array_equal(built.read_parameters([])["head.fc.weight"], models.numbers(10, 144, seed=2) / np.float32(8))
    feed = onnx_feed.random(built)
    plain = opened(models.conv_net(), tmp_path / "..")
    assert onnx_run.Values(built, feed).compute()["head.fc"].tobytes() == onnx_run.Values(plain, feed).compute()["head.fc"].tobytes()
    (tmp_path / ".." / "model.onnx").unlink()


def test_groups_bound_what_one_run_gives_out(tmp_path, monkeypatch):
    built = opened(models.conv_net(), tmp_path)
    feed = onnx_feed.random(built)
    whole = onnx_run.Values(built, feed).compute()
    monkeypatch.setattr(onnx_run, "GROUP", 1)
    asked = []
    ask = onnx_run.Values.ask
    monkeypatch.setattr(onnx_run.Values, "ask", lambda self, made, names: asked.append(len(names)) or ask(self, made, names))
    pieces = onnx_run.Values(built, feed).compute()
    assert max(asked) == 1 and all(pieces[name].tobytes() == whole[name].tobytes() for name in whole)


def test_a_value_that_is_too_large_shows_its_first_slices(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_graph, "CELLS", 1000)
    built = opened(models.conv_net(), tmp_path)
    found = nodes(built)["features.conv1"]
    assert found.shape[0] < 4 and found.shape[1:] == (12, 12) and any(name == "shown" for name, _ in found.settings)
    assert onnx_run.Values(built, onnx_feed.random(built)).compute()["features.conv1"].shape == found.shape


def test_an_operation_of_others_is_a_grey_box(tmp_path):
    nodes_ = [
        models.onnx.helper.make_node("Secret", ["x"], ["h"], domain="my.own", name="secret"),
        models.onnx.helper.make_node("Relu", ["h"], ["y"]),
    ]
    made = models.model(
        nodes_, [models.value("x", [1, 3])], [models.value("y", [1, 3])], opsets=[models.onnx.helper.make_opsetid("my.own", 1)]
    )
    built = opened(made, tmp_path)
    secret = nodes(built)["secret"]
    assert secret.op == "Secret" and ("domain", "my.own") in secret.settings
    with pytest.raises(InputError, match="onnxruntime does not run it"):
        onnx_run.Values(built, onnx_feed.random(built)).compute()


def test_a_run_can_be_stopped(tmp_path):
    built = opened(models.conv_net(), tmp_path)
    values = onnx_run.Values(built, onnx_feed.random(built))
    values.stop()
    with pytest.raises(onnx_run.RunStopped):
        values.compute()


def test_what_is_given_is_brought_to_the_shape_of_the_input(tmp_path):
    built = opened(models.conv_net(), tmp_path)
    image = models.numbers(12, 12)
    for x in (image[None, None], image[None], {"x": image[None, None]}, [image[None]], image.reshape(-1), image):
        assert onnx_feed.chosen(built.inputs, x, "m")["x"].shape == (1, 1, 12, 12)
    with pytest.raises(InputError, match=r"shape 5 x 5; the model expects N x 1 x 12 x 12"):
        onnx_feed.chosen(built.inputs, models.numbers(5, 5), "m")
    with pytest.raises(InputError, match="no such input; it has x"):
        onnx_feed.chosen(built.inputs, {"y": image}, "m")


def test_ten_thousand_nodes_are_read_in_a_moment(tmp_path):
    built = opened(models.long_chain(), tmp_path)
    topology = built.graph.topology()
    assert len(topology.nodes) == 10_001 and topology.ranks == 10_000
    assert built.graph.nodes[1].name == "blocks.0.layer.0.MatMul"


def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "onnx":
            raise ImportError(name)
        return real(name, *rest)

    path = models.save(models.conv_net(), tmp_path)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'nnviz3d\[onnx\]'"):
        onnx_file.load(path)
