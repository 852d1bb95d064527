"""`nv.watch(..., to="run.nnrec")`: a recording that opens like any other."""

from __future__ import annotations

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.backend import choose
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.sources.recorded import RecordedTraining, scene_of
from nnviz3d.spec.errors import InputError

SCENE = nv.Scene(network=nv.Network(layers=(nv.Layer(units=6, activation="tanh"),)), data=nv.Data(kind="iris"))
SAMPLE = np.linspace(-1, 1, 8).reshape(2, 4), np.array([2, 0])


@pytest.fixture(autouse=True)
def _own_folder(alone):
    pass


def params(k):
    rng = np.random.default_rng(k)
    return [
        {"w": rng.standard_normal((4, 6)), "b": rng.standard_normal(6)},
        {"w": rng.standard_normal((6, 3)), "b": rng.standard_normal(3)},
    ]


def test_a_loop_is_recorded_and_played(tmp_path):
    with nv.watch(SCENE, every=0, sample=SAMPLE, to=tmp_path / "run.nnrec", name="mine") as view:
        for k in range(1, 31):
            view.step(params=params(k), loss=1 / k, epoch=k / 10)
    recording = Recording(tmp_path / "run.nnrec")
    assert recording.steps.tolist() == list(range(1, 31)) and view.sink.dropped == 0
    source = RecordedTraining(recording, scene_of(recording), tmp_path, choose("cpu"))
    assert source.topology.n_parameters == 4 * 6 + 6 + 6 * 3 + 3 and source.data.class_names == ("0", "1", "2")
    source.go(17)
    first, last = params(17)
    assert np.array_equal(source.parameters()["layers.0.weight"], first["w"].T.astype(np.float32))
    h = np.tanh(SAMPLE[0][0] @ first["w"] + first["b"])
    z = h @ last["w"] + last["b"]
    assert np.allclose(recording.z(17)[-3:], z, atol=1e-5)
    assert source.loss == pytest.approx(1 / 17, rel=1e-6) and recording.head.data.target == 2


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"model": None}, "no network was given"),
        ({"sample": None}, r"give sample=\(x, target\)"),
        ({"sample": SAMPLE[:1]}, r"give sample=\(x, target\)"),
        ({"exclude": "*bias"}, "needs all parameters"),
    ],
)
def test_what_cannot_be_recorded_is_said_at_the_first_step(settings, text, tmp_path):
    settings = {"model": SCENE, "sample": SAMPLE, "every": 0, "to": tmp_path / "run.nnrec"} | settings
    with pytest.raises(InputError, match=text), nv.watch(**settings) as view:
        view.step(params=params(1))
    assert not (tmp_path / "run.nnrec").exists()


def test_a_recording_that_is_there_is_not_lost(tmp_path):
    (tmp_path / "run.nnrec").mkdir()
    with pytest.raises(InputError, match="already exists"):
        nv.watch(SCENE, to=str(tmp_path / "run.nnrec"))
    with pytest.raises(InputError, match="no folder"):
        nv.watch(SCENE, to=str(tmp_path / "none" / "run.nnrec"))


def test_a_loop_that_fails_leaves_what_it_had(tmp_path):
    with pytest.raises(ZeroDivisionError), nv.watch(SCENE, every=0, sample=SAMPLE, to=tmp_path / "run.nnrec") as view:
        for k in range(1, 6):
            view.step(params=params(k), loss=1.0)
        1 / 0  # noqa: B018
    recording = Recording(tmp_path / "run.nnrec")
    assert len(recording.steps) == 5 and recording.end.end == "interrupted"
