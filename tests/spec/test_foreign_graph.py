"""Graphs that were built elsewhere: checked before anything is made of them, and then a topology like any other."""

from __future__ import annotations

import pytest

from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.foreign_graph import MOST, ForeignGraph, ForeignNode, drawn_shape
from nnviz3d.ui.core import tree


def node(name: str, *inputs: str, shape: tuple[int, ...] = (2,), **more) -> ForeignNode:
    return ForeignNode(name, "op", inputs, shape, **more)


def refused(*nodes: ForeignNode) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        ForeignGraph(nodes, "G").topology()
    return [(problem.key, problem.message) for problem in caught.value.problems]


def test_nodes_are_ordered_ranked_and_placed_in_the_arenas():
    parameters = (("weight", (3, 2)), ("bias", ()))
    topology = ForeignGraph((
        node("out", "a.2", "scale"), node("a.2", "a.1", shape=(2, 3, 4, 5)), node("x"), node("scale", shape=()),
        node("a.1", "x", parameters=parameters), node("end", "out"),
    )).topology()  # fmt: skip
    assert [n.name for n in topology.nodes] == ["x", "scale", "a.1", "a.2", "out", "end"]
    assert [n.rank for n in topology.nodes] == [0, 2, 1, 2, 3, 4]
    assert topology.input.kind == "input" and {n.kind for n in topology.nodes[1:]} == {"opaque"}
    assert topology.n_neurons == 2 + 1 + 2 + 120 + 2 + 2 and topology.n_parameters == 7
    assert topology.by_name["a.2"].shape == (6, 4, 5) and topology.by_name["a.2"].axes == ("channel", "row", "column")
    assert [(c.source.name, c.slot) for c in topology.into(topology.by_name["out"])] == [("a.2", 0), ("scale", 1)]
    assert topology.by_name["a.1"].weight is None and topology.parameter_ranges.keys() == {"a.1.weight", "a.1.bias"}


def test_the_last_node_is_the_output_unless_something_reads_it():
    assert ForeignGraph((node("x"), node("out", "x"), node("aside", "x"))).topology().output.name == "aside"
    assert ForeignGraph((node("late", "x"), node("x"))).topology().output.name == "late"


def test_several_outputs_and_a_long_way_behind_the_last():
    nodes = (node("x"), node("a", "x"), node("b", "a"), node("other", "b"), node("main", "x"))
    topology = ForeignGraph(nodes).topology()
    assert topology.output.name == "main" and topology.output.rank == 1 and topology.ranks == 3


@pytest.mark.parametrize(("shape", "axes", "drawn"), [
    ((), (), ((1,), ("neuron",))), ((4, 5), (), ((4, 5), ("row", "column"))),
    ((2, 3, 4, 5), ("a", "head", "query", "key"), ((6, 4, 5), ("head", "query", "key"))),
    ((2, 3, 4, 5, 6), (), ((24, 5, 6), ("channel", "row", "column"))),
])  # fmt: skip
def test_a_tensor_is_drawn_with_three_axes(shape, axes, drawn):
    assert drawn_shape(shape, axes) == drawn


def test_everything_that_is_wrong_is_told_at_once():
    found = refused(node("x"), node("x"), node("e", "x", shape=(0, 3)), node("r", "gone"), node("n\n"), node("a", axes=("row", "column")))
    assert {key for key, _ in found} == {"x", "e", "r", "n\n", "a"}
    assert ("r", "reads gone, which is not there") in found and any("holds no number" in text for _, text in found)


def test_circles_are_refused_by_name():
    (key, text), = refused(node("x"), node("a", "x", "c"), node("b", "a"), node("c", "b"), node("d", "c"))  # fmt: skip
    assert key in "abc" and text in {f"the graph has a circle: {a} reads {b} reads {c} reads {a}" for a, b, c in ("acb", "cba", "bac")}
    assert "itself reads itself" in refused(node("x"), node("itself", "itself"))[0][1]


def test_what_is_too_much_is_refused_before_it_is_allocated():
    assert "nodes" in refused(*(node(f"n{k}") for k in range(MOST + 1)))[0][1]
    assert "numbers in all" in refused(node("x"), node("y", "x", shape=(limits.NEURONS, 1 << 40)))[0][1]
    assert len(refused(*(node(f"n{k}", "gone") for k in range(50)))) == 21
    assert "expected 2" in refused(node("x"))[0][1]


def test_an_operation_is_found_by_its_own_name():
    inner = ForeignNode("a.b", "LayerNormalization", ("x",), (3,)), ForeignNode("a.c", "Relu", ("a.b",), (3,))
    topology = ForeignGraph((ForeignNode("x", "input", (), (3,)), *inner, ForeignNode("y", "Gemm", ("a.c",), (2,))), "G").topology()
    assert [row.name for row in tree.search(topology, "layernorm")] == ["a.b"]
    assert [row.what for row in tree.rows(topology)][-1] == "Gemm, 2"
    assert tree.rows(topology) is tree.rows(topology), "a list of thousands is drawn in every frame"
    assert [row.name for row in tree.rows(topology, frozenset())] == ["x", "a", "y"]
    assert [row.name for row in tree.rows(topology, frozenset({"a"}))] == ["x", "a", "a.b", "a.c", "y"]
