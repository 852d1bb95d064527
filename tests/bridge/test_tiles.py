"""Every neuron's picture: what the GPU is given is a plain forward pass over the plane, at each neuron's own scale, and it is seen."""

import numpy as np
import pytest

from nnviz3d.app.api import scene as api
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view.stage import Stage
from nnviz3d.bridge import plate_colors
from nnviz3d.draw.response_tiles import turned
from nnviz3d.gfx.program import Program
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit, Rebuild
from nnviz3d.spec.phases import Place
from tests.helpers.per_sample import forward, source
from tests.helpers.scene_pixels import scene_pixels

PLANE = ("view.plate_x=2", "view.plate_y=0")


@pytest.mark.parametrize(("name", "edits"), [("spiral", ()), ("xor", ("data.kind=reg-gauss",)), ("iris", PLANE)])
def test_responses_are_a_plain_forward_pass_at_the_same_points(name, edits):
    s = source(name, *edits)
    side = 9
    rows = s.plane.inputs(side, s.sample.x)
    assert np.allclose(s.responses(side), np.concatenate(forward(s, rows), 1), atol=1e-5)
    assert np.array_equal(s.answers(side), s.responses(side)[:, s.topology.output.neurons.slice])


def test_the_slice_goes_through_the_shown_sample():
    """At its place on the plane every neuron's response is the activation that the scene shows."""
    s = source("iris", *PLANE)
    for index in (0, 5, 31):
        s.show_sample(index)
        fine = 201
        x, y = s.plane.place("test", index)
        at = int((1 - y) * fine) * fine + int(x * fine)
        assert np.allclose(s.responses(fine)[at], s.ops.to_host(s.tensors("activation")), atol=0.03)


def test_each_neuron_has_its_own_scale_and_a_silent_one_none():
    range_n2 = np.array([[-0.5, 0.25], [0.0, 4.0], [0.0, 0.0]])
    assert plate_colors.scales(range_n2).tolist() == [2.0, 0.25, 0.0]


def test_an_output_has_the_colour_of_its_class_and_every_palette_its_own():
    iris, xor, numbers = source("iris").topology, source("xor").topology, source("xor", "data.kind=reg-plane").topology
    assert (plate_colors.tints(iris, "classification")[-3:] == plate_colors.hues(3)).all()
    assert (plate_colors.tints(xor, "classification")[-2:] == plate_colors.pair()).all()
    assert (plate_colors.tints(numbers, "regression") == plate_colors.pair()[1]).all()
    for palette in ("blue_orange", "safe"):
        assert (plate_colors.tints(xor, "classification", palette)[:-2] == plate_colors.pair(palette)[1]).all()
    assert (plate_colors.pair("safe") != plate_colors.pair()).any()
    cells = plate_colors.cells(np.array([[0.0, 1.0]]), "classification", "softmax", "safe")
    assert np.allclose(cells[0, :3], plate_colors.pair("safe")[1])


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_tile_faces_along_the_layers_or_the_eye_and_never_jumps(degrees):
    assert turned(np.radians(degrees)) == pytest.approx(np.radians(degrees))
    angles = np.radians(np.arange(-180, 181))
    way = np.array([turned(a) for a in angles])
    assert (np.diff(way) >= -1e-12).all() and np.diff(way).max() < np.radians(2.1)
    assert np.abs(way - angles).max() <= np.radians(28.7)


# ------------------------------------------------------------------ on the stage


class Scene:
    """A session on a small headless stage."""

    def __init__(self, host, name="xor", *edits, steps=20):
        path = toml.find(name)
        self.session = new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path)
        self.session.run(steps)
        self.stage = Stage(host, self.session)

    def draw(self, frames=1, exact=False):
        for _ in range(frames):
            self.session.refresh()
            self.stage.draw(1 / 60, exact=exact)

    def edit(self, *edits):
        self.session.apply([Edit(*edit) for edit in edits])
        self.stage.rebuild(self.session.take_rebuild())

    @property
    def cells(self) -> np.ndarray:
        """(cells, N) as the shader reads them."""
        return self.stage.view.picture.subject.columns["t_response"].read().reshape(-1, self.session.source.topology.n_neurons)

    @property
    def side(self) -> int:
        return self.stage.view.picture.subject.tile_cells


@pytest.fixture
def scene(host):
    made = []

    def make(*args, **kwargs):
        made.append(Scene(host, *args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.stage.close()


@pytest.mark.gl
def test_the_column_holds_the_responses_and_follows_learning_every_third_frame(scene):
    s = scene()
    s.draw(exact=True)
    assert s.side == 32
    first = s.session.source.responses(s.side)
    assert np.array_equal(s.cells, first)
    tint = s.stage.view.picture.subject.columns["t_tint"].read()
    assert np.allclose(tint[:, 3] * np.abs(first).max(0), 1)
    seen = []
    for _ in range(9):
        s.session.run(1)
        s.draw()
        seen.append(np.array_equal(s.cells, s.session.source.responses(s.side)))
    assert sum(seen) == 3
    s.draw(3)  # at rest it is up to date
    assert np.array_equal(s.cells, s.session.source.responses(s.side))


@pytest.mark.gl
def test_all_tiles_are_one_draw_call_in_place_of_the_spheres(scene):
    s = scene("xor", "look.particles=0")
    s.draw(exact=True)
    Program.draws = 0
    s.draw()
    with_tiles = Program.draws
    s.edit(("view.thumbnails", False))
    assert s.side == 0
    s.draw(exact=True)
    Program.draws = 0
    s.draw()
    assert with_tiles <= Program.draws  # spheres are one call or more


@pytest.mark.gl
def test_only_where_there_is_a_plane_and_not_too_many_neurons(scene):
    assert scene("digits", steps=0).side == 0 and scene("iris", steps=0).side == 0
    s = scene("xor", steps=0)
    s.edit(("network.layers", [{"units": 300}]))
    assert 12 <= s.side < 32
    s.draw(exact=True)
    s.edit(("network.layers", [{"units": 300}, {"units": 300}]))
    assert s.side == 0
    s.draw(exact=True)


@pytest.mark.gl
def test_the_plane_comes_and_goes_with_the_chosen_features(scene):
    s = scene("iris")
    s.draw(exact=True)
    assert s.stage.view.picture.layout.annex is None
    s.edit(("view.plate_x", "2"), ("view.plate_y", "petal width (cm)"))
    s.draw(exact=True)
    assert s.stage.view.picture.layout.annex is not None and np.array_equal(s.cells, s.session.source.responses(s.side))
    assert s.stage.view.picture.subject.points == 105
    before = s.cells
    s.session.show_next(3)  # another slice
    s.draw(exact=True)
    assert not np.array_equal(s.cells, before) and np.array_equal(s.cells, s.session.source.responses(s.side))
    s.edit(("view.plate_x", 7))
    assert "a number from 0 to 3" in s.session.banner and s.session.scene.view.plate_x == "2"
    s.edit(("data.kind", "wine"))  # has no petals: the choice goes with the flowers
    assert s.session.scene.view.plate_y == "" and s.session.source.plane is None and not s.session.banner
    s.draw(exact=True)
    s.session.undo()
    s.stage.rebuild(s.session.take_rebuild())
    s.draw(exact=True)
    assert s.session.scene.view.plate_y == "petal width (cm)" and s.stage.view.picture.subject.points == 105
    s.session.undo()
    assert s.session.source.plane is None


@pytest.mark.gl
def test_a_walk_shows_the_weights_before_and_at_its_end_those_after(scene):
    s = scene()
    s.session.start_walk(Place(1))
    tape = s.session.walking.walk.tape
    s.draw(exact=True)
    source_ = s.session.source
    assert np.array_equal(s.cells, source_.responses(s.side, parameters=tape.before))
    assert not np.array_equal(s.cells, source_.responses(s.side))
    s.session.walking.walk.go(99.0)
    s.draw(exact=True)
    assert np.array_equal(s.cells, source_.responses(s.side))
    assert s.stage.view.picture.subject.spot == source_.plane.place("train", tape.row)
    s.edit(("view.thumbnails", False))
    assert s.session.walking is not None  # looking differently is no reason to leave


@pytest.mark.gl
def test_weights_that_are_no_numbers_leave_the_picture_alive(scene):
    s = scene()
    s.session.source.trainer.arenas.parameters.fill(np.nan)
    s.session.source.trainer.step += 1
    s.draw(exact=True)
    assert np.isfinite(s.cells).all() and np.isfinite(scene_pixels(s.stage.renderer)).all()


@pytest.mark.gl
def test_colours_of_the_palette_reach_plate_and_tiles_without_a_rebuild(scene):
    s = scene()
    s.draw(exact=True)
    assert s.session.apply([Edit("look.palette", "safe")]) == Rebuild.LOOK
    s.draw(exact=True)
    tint = s.stage.view.picture.subject.columns["t_tint"].read()
    assert np.allclose(tint[:2, :3], plate_colors.pair("safe")[1])


@pytest.mark.gl
def test_the_pictures_are_seen():
    """An input that is x1 is orange on its left and blue on its right."""
    path = toml.find("xor")
    edits = ["look.particles=0", "look.edge_energy=0", "view.sway=0", "view.labels=false", "look.glow=0"]
    image = api.shot(toml.load(path, [toml.parse_set(edit) for edit in edits]), (640, 360), step=300, camera="input")
    pixels = image.astype(int)[:, :400]
    blue, orange = pixels[..., 2] > pixels[..., 0] + 50, pixels[..., 0] > pixels[..., 2] + 50
    assert blue.sum() > 200 and orange.sum() > 200
    without = toml.load(path, [toml.parse_set(edit) for edit in [*edits, "view.thumbnails=false"]])
    plain = api.shot(without, (640, 360), step=300, camera="input")
    assert (plain != image).any(2).mean() > 0.02
