"""Attention of all heads against the network's own numbers: shares, scores, arcs, heads that are switched off."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.probes.attention import LEAST, NONE, Attention, coarsened, layers_of
from tests.app.session.test_own_prompt import session


@pytest.fixture(scope="module")
def s():
    s = session("sort-gpt", "network.layers.2.repeat=2", "network.layers.0.units=24")
    s.run(30)
    s.refresh()
    return s


def reported(s, wanted=(0, 0, -1, False), probe=None):
    probe = probe or Attention()
    found = probe.reading(s.pictured_numbers, s.prompt.words(), s.prompt.known(), wanted)
    assert found is not None
    return found, probe.arcs


def test_shares_and_scores_are_the_networks_own(s):
    assert [(layer.name, layer.heads) for layer in layers_of(s.source.topology)] == [("blocks.0", 3), ("blocks.1", 3)]
    nodes, a, z = s.source.topology.nodes, s.source.tensors("activation"), s.source.tensors("z")
    for k in range(2):
        for h in range(3):
            r, _ = reported(s, (k, h, -1, False))
            layer = r.layers[k]
            shares = a[nodes[layer.shares].neurons.slice].reshape(3, 11, 11)
            np.testing.assert_array_equal(r.share_tt, shares[h])
            np.testing.assert_array_equal(r.score_tt, z[nodes[layer.scores].neurons.slice].reshape(3, 11, 11)[h])
            np.testing.assert_array_equal(r.tiles[k], shares)
            np.testing.assert_allclose(r.share_tt.sum(1), 1, rtol=1e-5)
            assert r.causal and not np.triu(r.share_tt, 1).any() and (r.layer, r.head) == (k, h)
            score = r.score_tt
            for q in range(11):  # the closed form: exponential of each score of the row by their sum
                e = np.exp(score[q, : q + 1].astype(np.float64))
                np.testing.assert_allclose(r.share_tt[q, : q + 1], e / e.sum(), rtol=1e-4, atol=1e-6)


def test_arcs_are_as_wide_as_shares_and_a_token_has_its_own(s):
    r, arcs = reported(s, (1, 2, -1, False))
    own = arcs.light_m == arcs.light_m.max()
    drawn = np.zeros((11, 11), np.float32)
    drawn[arcs.query_m[own], arcs.key_m[own]] = arcs.share_m[own]
    np.testing.assert_array_equal(drawn, np.where(r.share_tt > LEAST, r.share_tt, 0))
    assert arcs.node == r.layers[1].mixture
    for by in (False, True):
        _, arcs = reported(s, (1, 2, 4, by))
        bright = arcs.light_m == 1
        ends = (arcs.key_m if by else arcs.query_m)[bright]
        assert (ends == 4).all() and bright.sum() == ((r.share_tt[:, 4] if by else r.share_tt[4]) > LEAST).sum()
        assert arcs.light_m[~bright].max() <= 0.05


def test_only_real_tokens_of_a_prompt_are_shown(s):
    s.prompt.write("CAB")
    r, arcs = reported(s)
    assert r.words == ("C", "A", "B") and r.share_tt.shape == (3, 3) and arcs.query_m.max() <= 2
    s.prompt.leave()


def test_a_head_that_is_switched_off_has_no_shares(s):
    node = s.source.topology.nodes[layers_of(s.source.topology)[0].shares]
    before = s.source.tensors("z")[s.source.topology.output.neurons.slice].copy()
    ids = range(node.neurons.start + 121, node.neurons.start + 242)
    s.editing.hold("killed", list(ids), True)
    r, _ = reported(s, (0, 1, -1, False))
    assert r.killed == {(0, 1)} and not r.share_tt.any() and r.tiles[0][0].any()
    assert not np.allclose(before, s.source.tensors("z")[s.source.topology.output.neurons.slice]), "the logits answer"
    s.editing.hold("killed", list(ids), False)
    assert not reported(s)[0].killed


def test_the_largest_of_many_cells():
    shares = np.random.default_rng(1).random((2, 7, 7))
    found = coarsened(shares, 3)
    assert found.shape == (2, 3, 3)
    for q in range(3):
        for k in range(3):
            np.testing.assert_array_equal(found[:, q, k], shares[:, 3 * q : 3 * q + 3, 3 * k : 3 * k + 3].max((1, 2)))
    assert coarsened(shares, 1) is shares


def test_networks_of_patches_have_attention_and_others_have_none():
    vit = session("vit-digits")
    r, arcs = reported(vit)
    assert not r.reason and not r.causal and r.words[:2] == ("1", "2") and len(arcs.share_m)
    np.testing.assert_allclose(r.share_tt.sum(1), 1, rtol=1e-5)
    assert reported(session("xor"))[0].reason == NONE


def test_nobody_looks_and_nothing_is_kept(s):
    probe = Attention()
    reported(s, probe=probe)
    first = probe.reading(s.pictured_numbers, s.prompt.words(), 11, (0, 0, -1, False))
    assert first is probe.reading(s.pictured_numbers, s.prompt.words(), 11, (0, 0, -1, False)), "unchanged numbers are not read again"
    assert probe.reading(s.pictured_numbers, (), 0, None) is None and probe.arcs is None
