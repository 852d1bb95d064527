"""Answers as colours, and the plane that they are asked over: against closed forms and against the network itself."""

from pathlib import Path

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.bridge import plate_colors
from nnviz3d.engine.data import load
from nnviz3d.engine.data.plane import plane_of
from nnviz3d.layout.grid import place
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec import toml
from nnviz3d.spec.scene import Data


def source(name="xor", *edits):
    path = toml.find(name)
    return OwnTraining(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, backend.choose("cpu"))


def test_a_tie_is_dark_and_a_sure_answer_has_its_class_colour():
    cells = plate_colors.cells(np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [0.25, 0.75]]), "classification", "softmax")
    assert cells[:, 3].tolist() == [0.0, 1.0, 1.0, 0.5]
    assert cells[1, :3].tolist() == plate_colors.pair()[1].astype(np.float32).tolist()
    assert cells[2, :3].tolist() == plate_colors.pair()[0].astype(np.float32).tolist()


def test_numbers_use_the_pair_of_the_signs():
    cells = plate_colors.cells(np.array([[-2.0], [0.0], [0.5]]), "regression", "linear")
    assert cells[:, 3].tolist() == [1.0, 0.0, 0.5] and (cells[0, :3] == cells[1, :3]).all() and (cells[2, :3] != cells[0, :3]).any()


@pytest.mark.parametrize("classes", [2, 3, 7, 12])
def test_neighbouring_classes_have_colours_of_their_own(classes):
    hues = plate_colors.hues(classes)
    assert hues.shape == (classes, 3) and len(np.unique(hues[:7], axis=0)) == min(classes, 7)


@pytest.mark.parametrize("standardize", ["false", "true"])
def test_the_grid_asks_what_the_data_set_would(standardize):
    """A training point put into the grid's formula gives the very inputs that the network is trained on."""
    features = 'data.features=["x1", "x2", "x1^2", "sin(x2)"]'
    s = source("xor", features, f"data.standardize={standardize}")
    plane = s.plane
    assert len(plane.points) == len(s.data.x_train) and np.abs(plane.points).max() <= 6
    rows = np.stack([plane.points[:, 0], plane.points[:, 1], plane.points[:, 0] ** 2, np.sin(plane.points[:, 1])], 1)
    assert np.allclose((rows - plane.mean) / plane.deviation, s.data.x_train, atol=1e-5)
    grid = plane.inputs(7)
    assert grid.shape == (49, 4) and grid.dtype == np.float32


def test_the_first_cell_is_the_upper_left_one():
    data = Data(kind="circle")
    grid = plane_of(data, load(data, Path())).inputs(4)
    assert grid[0].tolist() == [-4.5, 4.5] and grid[3].tolist() == [4.5, 4.5] and grid[-1].tolist() == [4.5, -4.5]


def test_answers_are_the_networks_own(tmp_path):
    s = source()
    s.run(60)
    outputs, rows = s.answers(9), s.plane.inputs(9)
    for k in (0, 17, 80):
        s.trainer.show(rows[k], 0)
        assert np.allclose(s.tensors("activation")[s.topology.output.neurons.slice], outputs[k], atol=1e-6)
    before = outputs.copy()
    s.run(60)
    assert (s.answers(9) != before).any()


def test_asking_never_changes_learning():
    plain, asked = source(), source()
    plain.run(40)
    for _ in range(40):
        asked.run(1)
        asked.answers(5)
    assert all((a == b).all() for a, b in zip(plain.parameters().values(), asked.parameters().values(), strict=True))


def test_only_two_dimensional_data_has_a_plane_and_the_layout_makes_room_for_it():
    assert source("digits").plane is None and source("iris").plane is None
    topology = source().topology
    plain, roomy = place(topology), place(topology, plate=True)
    assert (plain.place_n4 == roomy.place_n4).all() and plain.annex is None
    assert roomy.annex[0, 0] > plain.high[:, 0].max() and len(roomy.corners()) == len(plain.corners()) + 8


def test_points_lie_on_the_plate_with_the_colour_of_their_class():
    s = source()
    dots = plate_colors.dots(s.plane, 2, "classification")
    assert (dots[:, :2] >= 0).all() and (dots[:, :2] <= 1).all()
    assert len(np.unique(dots[:, 2])) == 2
    right = dots[(s.plane.points[:, 0] > 0) & (s.plane.points[:, 1] > 0)]
    assert (right[:, :2] > 0.5).all() and len(np.unique(right[:, 2])) == 1


@pytest.mark.gl
def test_the_plate_shows_the_boundary_and_can_be_switched_off():
    from nnviz3d.app.api import scene as api

    path = toml.find("xor")
    with_plate, without = (
        api.shot(toml.load(path, [toml.parse_set(f"view.plate={on}")]), (320, 180), step=300) for on in ("true", "false")
    )
    right = with_plate[20:110, 240:].astype(int)
    blue, orange = (right[..., 2] > right[..., 0] + 60).sum(), (right[..., 0] > right[..., 2] + 60).sum()
    assert blue > 100 and orange > 100
    assert (with_plate != without).mean() > 0.05
