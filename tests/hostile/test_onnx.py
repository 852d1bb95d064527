"""ONNX files that are broken or mean harm: refused in words, before memory is taken; nothing outside their folder is read, nothing runs."""

from __future__ import annotations

import os
import sys
import time
import tracemalloc

import numpy as np
import pytest

from nnviz3d.formats.onnx import feed as onnx_feed
from nnviz3d.formats.onnx import graph as onnx_graph
from nnviz3d.formats.onnx import model_file as onnx_file
from nnviz3d.formats.onnx import run as onnx_run
from nnviz3d.formats.onnx import session as onnx_session
from nnviz3d.spec import file_kinds
from nnviz3d.spec.errors import InputError, RunError
from tests.helpers import onnx_models as models

helper, TensorProto = models.onnx.helper, models.onnx.TensorProto
WATCHED: list[list] = []
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "import")


def _listen(event, arguments):
    for log in WATCHED:
        if event == "open" or event in STARTS:
            log.append((event, arguments[0]))


sys.addaudithook(_listen)


@pytest.fixture
def events():
    """What Python opened and started meanwhile."""
    log: list = []
    WATCHED.append(log)
    yield log
    WATCHED.remove(log)


def refused(made, folder, match):
    path = folder if made is None else models.save(made, folder)
    with pytest.raises(InputError, match=match) as caught:
        onnx_graph.read(path)
    assert all(problem.message for problem in caught.value.problems)
    return caught.value


def feeding(nodes, arrays=None, shape=(1, 4), **more):
    return models.model(nodes, [models.value("x", list(shape))], [models.value("y", None)], arrays, **more)


@pytest.mark.parametrize(
    "location", ["../canary.bin", "a/../../canary.bin", "/{}/canary.bin", "C:\\canary.bin", "..\\canary.bin", "", "./../canary.bin", "a\0b"]
)
def test_numbers_outside_the_folder_are_never_read(tmp_path, events, location):
    (tmp_path / "in").mkdir()
    canary = tmp_path / "canary.bin"
    canary.write_bytes(np.full(1440, 7, np.float32).tobytes())
    made = models.stored_outside(tmp_path / "in", location.replace("{}", str(tmp_path).strip("/")), make=False)
    error = refused(made, tmp_path / "in", "outside the model's folder; they are not read")
    assert "w2" in str(error)
    assert not [each for event, each in events if event == "open" and "canary.bin" in str(each) and each == str(canary)][1:]


def test_links_are_never_followed(tmp_path, events):
    (tmp_path / "in").mkdir()
    canary = tmp_path / "canary.bin"
    canary.write_bytes(np.full(1440, 7, np.float32).tobytes())
    (tmp_path / "in" / "soft.bin").symlink_to(canary)
    os.link(canary, tmp_path / "in" / "hard.bin")
    (tmp_path / "in" / "folder").symlink_to(tmp_path)
    events.clear()
    refused(models.stored_outside(tmp_path / "in", "soft.bin", make=False), tmp_path / "in", "which is a link; copy the file itself")
    refused(models.stored_outside(tmp_path / "in", "hard.bin", make=False), tmp_path / "in", "a hard link")
    refused(models.stored_outside(tmp_path / "in", "folder/canary.bin", make=False), tmp_path / "in", "which is a link")
    assert not [each for event, each in events if event == "open" and str(each).endswith(("canary.bin", "soft.bin", "hard.bin"))]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_no_file_of_numbers(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(models.stored_outside(tmp_path, "pipe", make=False), tmp_path, "is no ordinary file")


def test_places_in_other_files_must_fit(tmp_path):
    refused(models.stored_outside(tmp_path, "missing.bin", make=False), tmp_path, "cannot be read: No such file")
    made = models.stored_outside(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(100))
    refused(made, tmp_path, r"ends at byte 5,760 of weights.bin, which has 100")
    twice = models.stored_outside(tmp_path)
    tensor = next(t for t in twice.graph.initializer if t.data_location == 1)
    tensor.external_data.add(key="location", value="other.bin")
    refused(twice, tmp_path, "says twice")


def test_absurd_shapes_take_no_memory(tmp_path):
    made = feeding([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": np.zeros((4, 4), np.float32)})
    made.graph.initializer[0].dims[:] = [1 << 31, 1 << 31]
    tracemalloc.start()
    refused(made, tmp_path, "needs")
    made.graph.initializer[0].dims[:] = [-4, -4]
    refused(made, tmp_path, "none below 0")
    made.graph.initializer[0].dims[:] = [1] * 60
    refused(made, tmp_path, "at most 16 axes")
    refused(feeding([helper.make_node("Relu", ["x"], ["y"])], shape=(1 << 31, 1 << 31)), tmp_path, "numbers; at most")
    large = [helper.make_node("ConstantOfShape", ["s"], ["big"]), helper.make_node("Add", ["x", "big"], ["y"])]
    refused(feeding(large, {"s": np.array([1 << 20, 1 << 20])}), tmp_path, "would have")
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_memory_that_a_run_asks_for_is_bounded(tmp_path):
    """A shape that only the run knows."""
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0), helper.make_node("Cast", ["m"], ["n"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["n", "zero"], ["s"]), helper.make_node("ConstantOfShape", ["s"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["y"]),
    ]  # fmt: skip
    built = onnx_graph.read(models.save(feeding(nodes, {"zero": np.array([0])}), tmp_path))
    start = time.perf_counter()
    with pytest.raises(InputError, match="onnxruntime does not run it"):
        onnx_run.Values(built, {"x": np.full((1, 4), 1e11, np.float32)}).compute()
    assert time.perf_counter() - start < 20 and onnx_session.MEMORY <= 4 << 30


def test_a_loop_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_run, "SECONDS", 0.5)
    made = models.loop(turns=(1 << 62) - 1)
    del made.graph.output[1], made.graph.node[1].output[1]  # nothing that all turns are kept of
    del made.graph.node[1].attribute[0].g.output[2]
    built = onnx_graph.read(models.save(made, tmp_path))
    start = time.perf_counter()
    with pytest.raises((onnx_run.RunStopped, InputError)):
        onnx_run.Values(built, onnx_feed.random(built)).compute()
    assert time.perf_counter() - start < 20


def test_circles_and_names_that_are_not_there(tmp_path):
    circle = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Neg", ["b"], ["y"])]
    refused(feeding(circle), tmp_path, "the graph has a circle")
    refused(feeding([helper.make_node("Relu", ["nowhere"], ["y"])]), tmp_path, "nowhere: is read and is not there")
    twice = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]
    refused(feeding(twice), tmp_path, "is the name of two values")
    refused(feeding([], opset=17), tmp_path, "has no nodes")
    call = helper.make_function("my", "f", ["a"], ["b"], [helper.make_node("f", ["a"], ["b"], domain="my")], [helper.make_opsetid("my", 1)])
    made = feeding([helper.make_node("f", ["x"], ["y"], domain="my")], opsets=[helper.make_opsetid("my", 1)], functions=[call])
    refused(made, tmp_path, "calls itself")


def test_versions_that_are_not_known(tmp_path):
    node = [helper.make_node("Relu", ["x"], ["y"])]
    refused(feeding(node, opset=999), tmp_path, "version 999 of the operations is not known")
    refused(feeding(node, ir=31), tmp_path, "ir_version: 31 is not known")
    refused(feeding(node, opsets=[helper.make_opsetid("", 9)]), tmp_path, "names versions 17 and 9")


def test_claims_of_more_than_there_is(tmp_path):
    path = models.save(models.conv_net(), tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw[:40] + b"\x3a\xff\xff\xff\xff\x07" + raw[46:])
    refused(None, path, "no sound ONNX model") if file_kinds.of(path) is file_kinds.ONNX else None
    path.write_bytes(b"\x08\x08\x3a\xff\xff\xff\xff\x07" + bytes(64))  # a graph of 2 GB in 72 bytes
    refused(None, path, "claims 2,147,483,647 bytes where 64 are left")
    with path.open("r+b") as file:
        file.truncate(3 << 30)  # sparse
    refused(None, path, "3,221,225,472 bytes; a model in one ONNX file")


def test_graphs_inside_graphs_without_end(tmp_path):
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "in", [], [models.value("y", None)])
    for _ in range(12):
        node = helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=helper.make_graph([], "e", [], []))
        graph = helper.make_graph([node], "around", [], [models.value("y", None)])
    made = models.model(list(graph.node), [models.value("x", [1]), models.value("c", [], models.BOOL)], [models.value("y", None)])
    refused(made, tmp_path, "nested more than")


def test_more_nodes_than_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr("nnviz3d.formats.onnx.flat.NODES", 50)
    refused(models.long_chain(60), tmp_path, "a graph of 60 nodes; at most 50 are shown")


def test_numbers_that_are_none_are_told_and_drawn_as_nothing(tmp_path):
    weights = np.full((4, 4), np.nan, np.float32)
    built = onnx_graph.read(models.save(feeding([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": weights}), tmp_path))
    notes: list[str] = []
    built.read_parameters(notes)
    assert notes == ["16 of its parameters are not finite numbers; they are drawn as 0"]


def test_the_name_of_a_file_means_nothing(tmp_path):
    path = models.save(models.conv_net(), tmp_path, "photo.png")
    assert onnx_graph.read(path).graph.nodes and file_kinds.of(path) is file_kinds.ONNX
    (tmp_path / "model.onnx").write_text("a,b\n1,2\n3,4\n")
    refused(None, tmp_path / "model.onnx", "is a table; expected an ONNX model")


def test_no_bit_that_is_wrong_brings_it_down(tmp_path, events):
    """Flipped bits and cut files: an InputError or a model, never anything else, and nothing is started."""
    rng = np.random.default_rng(0)
    path = tmp_path / "model.onnx"
    raws = [models.ALL[kind]().SerializeToString() for kind in ("conv", "if", "loop", "quantised")]
    events.clear()
    for turn in range(240):
        raw = bytearray(raws[turn % len(raws)])
        if turn % 3 == 0:
            raw = raw[: rng.integers(2, len(raw))]
        else:
            for place in rng.integers(0, len(raw), 1 + turn % 4):
                raw[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(raw))
        try:
            built = onnx_graph.read(path)
            built.graph.topology()
            if turn % 4 == 0:
                onnx_run.Values(built, onnx_feed.random(built)).compute()
        except (InputError, RunError):
            pass
    assert not [event for event, _ in events if event in STARTS and event != "import"]
    opened = {str(each) for event, each in events if event == "open" and isinstance(each, (str, os.PathLike))}
    assert not [each for each in opened if "tmp" in each and not each.startswith(str(tmp_path))]


def test_the_file_itself_is_judged_first(tmp_path):
    assert onnx_file.KEPT < 1 << 16
    with pytest.raises(InputError, match="no such file"):
        onnx_graph.read(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="is a folder"):
        onnx_graph.read(tmp_path)
