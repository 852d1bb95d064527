"""Attention's arcs in the picture: at the rows of tokens, share and light unchanged."""

from __future__ import annotations

import numpy as np

from nnviz3d.bridge.arc_columns import Arcs
from nnviz3d.layout.grid import place
from nnviz3d.spec.parts import NetworkParts
from tests.app.session.test_own_prompt import SMALL, session


def test_arcs_begin_and_end_at_the_rows_of_their_tokens():
    topology = session("sort-gpt", *SMALL).source.topology
    layout, mixture = place(topology), next(node for node in topology.nodes if node.kind == "mix")
    arcs = Arcs(mixture.number, np.array([5, 3]), np.array([0, 3]), np.array([0.75, 0.25]), np.array([1.0, 0.5]))
    lines = arcs.lines(topology, layout).reshape(2, 2, 4)
    np.testing.assert_array_equal(lines[:, 0, 3], arcs.share_m.astype(np.float32))
    np.testing.assert_array_equal(lines[:, 1, 3], arcs.light_m.astype(np.float32))
    places = layout.place_n4[mixture.neurons.slice, :3].reshape(11, -1, 3)
    for k in range(2):
        for end, token in ((0, arcs.query_m[k]), (1, arcs.key_m[k])):
            row = places[token]
            assert np.allclose(lines[k, end, :2], row[0, :2], atol=1e-5), "on its row"
            assert lines[k, end, 2] >= row[:, 2].max(), "at the rim"


def test_what_is_in_a_slab_has_none():
    topology = session("sort-gpt", *SMALL).source.topology
    mixture = next(node for node in topology.nodes if node.kind == "mix")
    layout = place(topology, folded=NetworkParts(topology).folded(()))
    assert mixture.number in layout.hidden
    arcs = Arcs(mixture.number, np.array([1]), np.array([0]), np.array([0.5]), np.array([1.0]))
    assert not len(arcs.lines(topology, layout))
