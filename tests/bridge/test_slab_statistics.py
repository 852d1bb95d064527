"""What slabs show of the layers in them, against the same in closed form."""

import numpy as np
import pytest

from nnviz3d.app.session.opening import read
from nnviz3d.bridge import slab_statistics
from nnviz3d.bridge.slab_statistics import ROWS, UNKNOWN, SlabStatistics, levels
from nnviz3d.spec.parts import NetworkPart, NetworkParts


@pytest.fixture
def session():
    session = read("resnet-tiny").session("cpu")
    session.single_step()
    session.refresh()
    return session


def test_means_are_those_of_the_whole_tensors(session):
    source = session.source
    topology = source.topology
    parts = NetworkParts(topology).folded(())
    found = SlabStatistics(topology, source.ops)
    found.watch(parts)
    assert found.refresh(source.tensors, True, whole=True) and not found.pending
    a, g, d, w = (np.asarray(source.tensors(kind), np.float64) for kind in ("activation", "gradient", "change", "parameter"))
    for k in (k for part in parts for k in part.nodes):
        node = topology.nodes[k]
        assert found.mean_l3[k, 0] == pytest.approx(np.abs(a[node.neurons.slice]).mean(), rel=1e-5)
        learned = np.concatenate([np.zeros(0, int), *(np.arange(r.start, r.stop) for _, r in node.learned)]).astype(int)
        if len(learned):
            assert found.mean_l3[k, 1] == pytest.approx(np.abs(g[learned]).mean(), rel=1e-5)
            assert found.mean_l3[k, 2] == pytest.approx(np.abs(d[learned]).mean() / np.abs(w[learned]).mean(), rel=1e-5)
        else:
            assert np.isnan(found.mean_l3[k, 1:]).all()


def test_they_are_read_in_slices_and_each_gets_its_turn(session, monkeypatch):
    monkeypatch.setattr(slab_statistics, "SLICE", 1)
    source = session.source
    parts = NetworkParts(source.topology).folded(())
    found = SlabStatistics(source.topology, source.ops)
    found.watch(parts)
    count, frames = sum(len(part.nodes) for part in parts), 0
    while found.pending:
        found.refresh(source.tensors, True, whole=False)  # numbers that change in every frame
        frames += 1
        if frames == count:
            break
    assert np.isfinite([found.mean_l3[k, 0] for part in parts for k in part.nodes]).all()


def test_rows_are_decades_below_the_largest():
    part = NetworkPart("p", "", (0, 1, 2, 3), ("a", "b", "c", "d"))
    mean_l3 = np.array([[1.0, np.nan, 1.0], [0.01, np.nan, 0.0], [1e-9, np.nan, np.inf], [0.1, np.nan, 1.0]])
    rows = levels(mean_l3, part)
    assert rows[:, 0] == pytest.approx([1.0, 0.5, 0.0, 0.75])
    assert (rows[:, 1] == UNKNOWN).all()
    assert rows[:, 2] == pytest.approx([1.0, 0.0, 1.0, 1.0])


def test_many_layers_share_rows():
    part = NetworkPart("p", "", tuple(range(100)), (), 100)
    rows = levels(np.ones((100, 3)), part)
    assert rows.shape == (ROWS, 3) and (rows == 1).all()
