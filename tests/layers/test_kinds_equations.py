"""Every kind's equations, in a graph where tensors are read twice: printed rows add up to the printed result, forward and backward."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from nnviz3d.app.probes import explain, explain_layer
from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine import initializers
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.layers import face
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec.neuron_locks import NONE
from nnviz3d.spec.readout import MatrixReading
from nnviz3d.ui.equations import layer_equations, neuron_equations, sections
from tests.layers.kinds import CASES, graph_with
from tests.ui.printed import number


class Source:
    """One sample through a graph, in float64; what `explain` asks of a source."""

    def __init__(self, kind: str):
        self.topology = graph_with(kind)
        self.ops, self.objective, self.holds = NumpyOps("float64"), Objective("cross_entropy", "softmax", 3), NONE
        self.sample, self.last_batch, self.edited = SimpleNamespace(target=2, unknown=frozenset()), 1, {}
        parameters = initializers.parameters(self.topology, 4).astype(np.float64)
        shown = Shown(self.ops, self.topology, self.objective, parameters)
        self.row = CASES[kind].rows(1, seed=6)[0]
        shown.show(self.row, 2)
        gradient = np.zeros_like(parameters)
        self._arrays = {
            "parameter": parameters, "before": parameters, "after": parameters, "gradient": gradient,
            "activation": shown.activation, "z": shown.z, "delta": shown.delta,
        }  # fmt: skip

    def tensors(self, kind: str) -> np.ndarray:
        return self._arrays[kind]

    def target_of(self, output: int) -> float:
        return float(output == 2)


@pytest.fixture(scope="module", params=CASES)
def source(request) -> Source:
    return Source(request.param)


def neurons(source, name: str):
    node = source.topology.by_name[name]
    return [explain.read(source, n) for n in range(node.neurons.start, node.neurons.stop)]


def added(lines: list[Line]) -> float:
    return sum(line.value for line in lines if line.kind in ("term", "rest", "bias"))


def joined(source, reading, values) -> float:
    """What comes in, as the kind of the neuron's layer joins it."""
    return CASES[source.topology.nodes[reading.layer].kind].joined(values)


def slack(lines: list[Line]) -> float:
    """How far digits that are not printed can move a sum."""
    return sum(number(line.printed).unit for line in lines if line.value is not None) / 2 + 1e-12


def test_what_comes_in_adds_up_to_the_printed_sum(source):
    for name in ("a", "k", "r"):
        for reading in neurons(source, name):
            lines = [line for line in neuron_equations.pre_activation(reading) if line.kind != "note"]
            if reading.incoming is None:
                assert not lines and reading.z == 0, "a masked cell"
                continue
            symbols, *terms, end = lines
            total = joined(source, reading, [line.value for line in terms if line.kind in ("term", "rest", "bias")])
            assert total == pytest.approx(end.value, abs=1e-12) and end.value == reading.z
            printed = joined(source, reading, [number(line.printed).value for line in terms if line.kind in ("term", "rest", "bias")])
            assert abs(printed - number(end.printed).value) <= slack(lines)
            for before in source.topology.sources(source.topology.nodes[reading.layer]):
                concat = len(terms) == 1  # such a neuron has one edge, from one of the layers that are joined
                assert concat or f"a[{before.number}]" in symbols.text
            assert f"z[{reading.layer}]" in symbols.text


def test_the_short_formula_in_a_walk_is_a_sum_only_where_what_comes_in_adds_up_to_z(source):
    face_k = equations_of(source.topology.by_name["k"].kind)
    for reading in neurons(source, "k"):
        if face_k.applies or reading.incoming is None:
            continue
        values = [term.value for part in reading.incoming.connections for term in part.terms]
        letters = [f"a_{k + 1}" for k in range(len(values))]
        said = face_k.of(letters)
        if said == " + ".join(letters):
            assert sum(values) == pytest.approx(reading.z, abs=1e-12)
        if said == r" \cdot ".join(letters):
            assert np.prod(values) == pytest.approx(reading.z, abs=1e-12)


def test_what_comes_back_adds_up_over_everything_that_is_fed(source):
    topology = source.topology
    for name in ("input", "a", "b", "k", "r"):
        node = topology.by_name[name]
        for reading in neurons(source, name):
            back = reading.outgoing
            leading = [c for c in topology.out_of(node) if edges_of(c).passes_back and len(edges_of(c).out_of(c, reading.index))]
            assert len(back.connections) == len(leading)
            if all(edges_of(c).sums_back for c in leading):
                assert back.total == pytest.approx(sum(t.product for t in back.terms) + back.rest)
            if node is topology.input:
                assert back.total == pytest.approx(float(source.tensors("delta")[reading.neuron]), abs=1e-12)
                continue
            symbols, *lines, end = neuron_equations.backward(reading)
            total, shared = added(lines), reading.slope_mean is not None
            passed = reading.a * (total - reading.slope_mean) if shared else reading.slope * total
            assert passed == pytest.approx(end.value, abs=1e-12) and end.value == reading.delta
            for c in leading if not shared else ():
                assert f"δ[{c.target.number}]" in symbols.text
            assert all(line.neuron is not None for line in lines if line.kind == "term")


def test_the_shown_terms_lead_to_the_neurons_whose_numbers_they_are(source):
    for reading in neurons(source, "k"):
        for line in neuron_equations.pre_activation(reading):
            if line.kind == "term":
                terms = [term for part in reading.incoming.connections for term in part.terms if term.neuron == line.neuron]
                shown = "product" if CASES[reading.kind].joined is sum else "value"  # a sum has terms, a product factors, a maximum numbers
                if CASES[reading.kind].sums:
                    assert any(line.value == pytest.approx(getattr(term, shown)) for term in terms)
                assert all(term.value == float(source.tensors("activation")[line.neuron]) for term in terms)
                assert line.parameter is None or any(term.weight == source.tensors("parameter")[line.parameter] for term in terms)
        for term in reading.outgoing.terms:
            assert term.value == float(source.tensors("delta")[term.neuron])


def test_the_gradient_of_every_parameter_is_its_central_difference(source):
    topology, arrays = source.topology, source._arrays
    node = topology.by_name["k"]
    for part, r in node.parameters:
        for p in {r.start, r.start + r.size // 2, r.stop - 1}:
            reported = explain.parameter(source, p)
            if part in CASES[node.kind].unlearned:
                assert reported.sample is None and reported.batch is None
                continue
            ends = []
            for step in (1e-5, -1e-5):
                moved = arrays["parameter"].copy()
                moved[p] += step
                shown = Shown(source.ops, topology, source.objective, moved)
                shown.show(source.row, 2)
                ends.append(shown.loss)
            assert reported.sample == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-9), (part, p)
            letter = equations_of(node.kind).letter(part)
            assert any(letter in line.tex for title, lines in sections.sections(reported) for line in lines if title == sections.GRADIENT)


def test_a_layer_without_parameters_says_so_in_one_sentence_and_has_no_update(source):
    kind = source.topology.by_name["k"].kind
    bare = not source.topology.by_name["k"].parameters
    reported = dict(sections.sections(neurons(source, "k")[0]))
    whole = dict(sections.sections(explain_layer.layer(source, source.topology.by_name["k"].number)))
    for one in (reported, whole):
        assert (sections.PARAMETERS in one) == bare
        if bare:
            (line,) = one[sections.PARAMETERS]
            assert line.text == equations_of(kind).still and line.text.count(".") == 1
            assert sections.UPDATE not in one and sections.GRADIENT not in one


def test_a_whole_layer_goes_both_ways(source):
    for name in ("a", "k", "s"):
        node = source.topology.by_name[name]
        reported = explain_layer.layer(source, node.number)
        assert reported.slope is None or np.allclose(reported.back * reported.slope, reported.delta, atol=1e-12)
        assert isinstance(reported, MatrixReading) == (node.weight is not None and edges_of(source.topology.into(node)[0]).complete)
        assert [end.node for end in reported.sources] == [before.number for before in source.topology.sources(node)]
        forward, backward = layer_equations.forward(reported), layer_equations.backward(reported)
        for end in reported.sources:
            assert f"a[{end.node}]" in forward[0].text
        for end in reported.targets:
            assert f"δ[{end.node}]" in backward[0].text
        assert backward[-1].value == pytest.approx(float(np.linalg.norm(reported.delta)))


def test_every_kind_has_words_of_one_sentence(source):
    words = face(source.topology.by_name["k"].kind, "words")
    assert words.NAME and words.LOOK.endswith(".") and words.SENTENCE[0].isupper() and words.SENTENCE.endswith(".")
    assert len(words.SENTENCE) < 200
    for reported in (words.FORWARD, words.BACKWARD):
        reported = reported.format(activation="relu")
        assert reported.endswith(".") and not reported[0].isupper() and len(reported) < 120, "a sentence of a walk goes on with it"
