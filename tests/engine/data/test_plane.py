"""The plane that data is looked at in: which two inputs, the grid over them, and what a scene may ask for."""

from pathlib import Path

import numpy as np
import pytest

from nnviz3d.engine.data import load
from nnviz3d.engine.data.plane import plane_of
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data, View

IRIS = Data(kind="iris", standardize=True)


def of(x="", y="", data=IRIS, base=Path()):
    loaded = load(data, base)
    return plane_of(data, loaded, View(plate_x=x, plate_y=y)), loaded


def table(tmp_path, header, *rows):
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    return Data(kind="csv", file="t.csv", test_fraction=0.0)


def problems(*args, **kwargs) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as error:
        of(*args, **kwargs)
    return [(problem.key, problem.message) for problem in error.value.problems]


@pytest.mark.parametrize(("x", "y"), [("petal length (cm)", "sepal width (cm)"), ("2", "1"), ("2", "sepal width (cm)")])
def test_features_go_by_name_or_number(x, y):
    plane, loaded = of(x, y)
    assert plane.axes == (2, 1) and plane.names == ("petal length (cm)", "sepal width (cm)") and plane.slices
    assert (plane.points == loaded.x_train[:, [2, 1]]).all() and (plane.test_points == loaded.x_test[:, [2, 1]]).all()


def test_the_grid_varies_two_inputs_and_holds_the_rest():
    plane, loaded = of("3", "0")
    held = loaded.x_test[7]
    grid = plane.inputs(5, held).reshape(5, 5, 4)
    assert (grid[..., 1:3] == held[1:3]).all()
    assert (np.diff(grid[..., 3], axis=1) > 0).all() and (np.diff(grid[..., 0], axis=0) < 0).all()  # to the right, and rows from the top
    width = (plane.high - plane.low) / 5
    assert np.allclose(grid[0, 0, [3, 0]], [plane.low[0] + width[0] / 2, plane.high[1] - width[1] / 2])
    assert (plane.points > plane.low).all() and (plane.points < plane.high).all()


def test_a_sample_has_its_place():
    plane, loaded = of("0", "1")
    x, y = plane.place("test", 3)
    assert np.allclose(plane.low + np.array([x, y]) * (plane.high - plane.low), loaded.x_test[3, :2])
    spiral, _ = of(data=Data(kind="spiral", test_fraction=0.5))
    assert spiral.place("train", 0) == tuple((spiral.points[0] + 6) / 12)


def test_without_a_choice_only_two_inputs_make_a_plane():
    assert of()[0] is None and of(data=Data(kind="digits"))[0] is None
    two, _ = of(data=Data(kind="blobs", inputs=2, classes=3))
    assert two.axes == (0, 1) and not two.slices


def test_pixels_of_a_picture_can_be_chosen_by_number():
    plane, _ = of("20", "43", Data(kind="digits"))
    assert plane.names == ("input 20", "input 43") and plane.inputs(4).shape == (16, 64)


def test_what_cannot_be_a_plane_is_reported_with_the_range():
    assert problems("9", "petal") == [
        ("view.plate_x", 'no feature "9"; expected one of sepal length (cm), sepal width (cm), petal length (cm), petal width (cm), '
                         "or a number from 0 to 3"),
        ("view.plate_y", 'no feature "petal"; expected one of sepal length (cm), sepal width (cm), petal length (cm), petal width (cm), '
                         "or a number from 0 to 3"),
    ]  # fmt: skip
    assert [key for key, _ in problems("1", "1")] == ["view.plate_y"]
    assert [key for key, _ in problems("1", "")] == ["view.plate_y"] and [key for key, _ in problems("", "1")] == ["view.plate_x"]
    assert problems("64", "0", data=Data(kind="digits")) == [("view.plate_x", 'no feature "64"; expected a number from 0 to 63')]
    assert "already" in problems("0", "1", data=Data(kind="xor"))[0][1]
    assert problems("٣", "1")  # a digit of another script
    assert problems("9" * 150, "1")


def test_two_columns_of_one_name_need_a_number(tmp_path):
    data = table(tmp_path, "a,a,b,y", "1,2,3,u", "4,5,6,v", "2,2,2,u")
    assert "names 2 features" in problems("a", "b", data=data, base=tmp_path)[0][1]
    plane, _ = of("1", "b", data, tmp_path)
    assert plane.axes == (1, 2)


def test_a_constant_feature_has_a_range_and_a_lone_sample_a_place(tmp_path):
    data = table(tmp_path, "a,b,c,y", "1,5e8,3,u", "4,5e8,6,v")
    plane, _ = of("a", "b", data, tmp_path)
    assert (plane.high > plane.low).all() and np.isfinite(plane.place("train", 0)).all()
    assert np.isfinite(plane.inputs(3, np.zeros(3))).all()


@pytest.mark.parametrize(("given", "kept"), [(2, "2"), (-1, ""), ("", ""), ("petal", "petal")])
def test_a_scene_names_them_or_counts_them(given, kept):
    assert toml.validate({"view": {"plate_x": given}}).view.plate_x == kept


@pytest.mark.parametrize("given", [True, 1.5, ["a"], "x" * 201])
def test_what_is_no_name_is_an_error_of_the_scene(given):
    with pytest.raises(InputError, match=r"view\.plate_x"):
        toml.validate({"view": {"plate_x": given}})
