"""Augmented batches: what is drawn, what training sees and what is never changed; rewind and resume draw the same again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine.augmentation import Augmentation
from nnviz3d.engine.data import load
from nnviz3d.engine.tape import record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.engine.update_explained import check_gradient
from nnviz3d.spec import toml
from nnviz3d.spec.augment import Augment
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError

OPS = NumpyOps()


def augmented(x, augment: Augment, seed: int = 0, axes=(), follow: bool = False):
    """(changed, targets) of a batch (B, *shape)."""
    rows, t = x.reshape(len(x), -1).astype(np.float32), np.zeros((len(x), x[0].size), np.float32)
    made = Augmentation(OPS, augment, x.shape[1:], axes, len(x), follow)
    made.draw(np.random.Generator(np.random.PCG64(seed)), len(x))
    for call in made.calls(rows, t):
        call()
    return rows.reshape(x.shape), t.reshape(x.shape)


def pictures(n: int = 40, *shape: int) -> np.ndarray:
    return np.random.default_rng(3).random((n, *(shape or (9, 12)))).astype(np.float32) + 0.1


def test_shifts_are_whole_pixels_with_zeros_from_outside():
    x = pictures()
    seen = set()
    for old, new in zip(x, augmented(x, Augment(shift=2))[0], strict=True):
        padded = np.pad(old, 2)
        places = [(r, c) for r in range(5) for c in range(5) if np.array_equal(padded[r : r + 9, c : c + 12], new)]
        assert len(places) == 1
        seen |= set(places)
    assert len(seen) > 15, "all directions"


def test_mirrored_left_to_right_one_in_two():
    x = pictures(200)
    new = augmented(x, Augment(flip=True))[0]
    same, mirrored = ((new == old).all((1, 2)) for old in (x, x[:, :, ::-1]))
    assert (same ^ mirrored).all() and 70 < mirrored.sum() < 130


def test_turned_pictures_are_scipys():
    ndimage = pytest.importorskip("scipy.ndimage", reason="needs SciPy")
    x = np.zeros((1, 21, 21), np.float32)
    x[0, 5:14, 8:12] = 1
    rng = np.random.Generator(np.random.PCG64(4))
    angle = (2 * rng.random((1, 4), np.float32)[0, 0] - 1) * 40
    wanted = ndimage.rotate(x[0], angle, reshape=False, order=1)
    got = augmented(x, Augment(rotate=40.0), seed=4)[0][0]
    assert min(np.abs(got - wanted).max(), np.abs(got - ndimage.rotate(x[0], -angle, reshape=False, order=1)).max()) < 1e-4
    assert abs(got - x[0]).max() > 0.5


def test_channels_move_together():
    x = np.repeat(pictures(20, 1, 8, 8), 3, axis=1)
    new = augmented(x, Augment(shift=3, rotate=20.0, flip=True))[0]
    assert np.array_equal(new[:, 0], new[:, 1]) and np.array_equal(new[:, 0], new[:, 2]) and not np.array_equal(new, x)


def test_noise_has_its_deviation_and_reconstruction_wants_the_clean_picture():
    x = pictures(50)
    new, t = augmented(x, Augment(noise=0.25, shift=1), follow=True)
    assert abs((new - t).std() - 0.25) < 0.01
    assert not np.array_equal(t, x) and set(np.unique(t)) <= {*np.unique(x), np.float32(0)}


@pytest.mark.parametrize(
    ("augment", "shape", "axes", "keys"),
    [
        (Augment(shift=1, flip=True), (12,), (), ["shift", "flip"]),
        (Augment(rotate=5.0), (4, 3), ("token", "feature"), ["rotate"]),
        (Augment(noise=0.1), (6,), ("token",), ["noise"]),
    ],
)
def test_what_cannot_be_is_reported_with_its_key(augment, shape, axes, keys):
    with pytest.raises(InputError) as error:
        Augmentation(OPS, augment, shape, axes, 4)
    assert [problem.key for problem in error.value.problems] == [f"data.augment.{key}" for key in keys]


def trainer(*edits: Edit) -> Trainer:
    scene = toml.load("digits", [Edit("data.augment", {"shift": 1, "rotate": 10.0, "noise": 0.05}), *edits])
    return Trainer(scene, load(scene.data, Path()), OPS)


def test_training_sees_it_and_scores_do_not():
    plain, changed = trainer(Edit("data.augment", {})), trainer()
    assert plain.evaluate("test") == changed.evaluate("test") and plain.evaluate("train") == changed.evaluate("train")
    for each in (plain, changed):
        each.run(1)
    assert not np.array_equal(plain.arenas.gradients, changed.arenas.gradients)


@pytest.mark.parametrize("batch", [32, 0])
def test_a_state_that_is_restored_draws_the_same_again(batch):
    one = trainer(Edit("train.batch", batch))
    before = one.data.x_train.copy()
    one.run(3)
    state = one.state()
    one.run(4)
    wanted = one.arenas.parameters.copy()
    one.restore(state)
    one.run(4)
    assert np.array_equal(one.arenas.parameters, wanted)
    again = trainer(Edit("train.batch", batch))
    again.run(7)
    assert np.array_equal(again.arenas.parameters, wanted)
    assert np.array_equal(one.data.x_train, before), "the data stay as they are"


def test_a_tape_knows_what_the_step_saw():
    one = trainer(Edit("train.batch", 8))
    one.run(2)
    tape = record(one)
    assert tape.changed is not None and not np.array_equal(tape.batch[0], tape.data.x_train[tape.rows])
    for p in (5, 4000):
        found = check_gradient(tape, p, batch=True)
        assert found.numeric == pytest.approx(found.analytic, rel=1e-3, abs=1e-6)
