"""Shots: what the network does at each moment, by closed forms; the camera; captions; what a film cannot do, reported at once."""

import numpy as np
import pytest

from nnviz3d.app.render.film import shot_player
from nnviz3d.app.render.film.frame_renderer import FrameRenderer, open_session
from nnviz3d.app.render.film.job import make
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session.opening import Opened, new_session
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene

pytestmark = pytest.mark.gl
HEAD = """
[[network.layers]]
units = 5
[data]
kind = "iris"
[record]
width = 64
height = 48
fps = 10
"""


def scene_of(text: str, head: str = HEAD) -> Scene:
    return toml.validate(toml.parse((head + text).encode(), "film.toml"), "film.toml")


@pytest.fixture
def play(tmp_path):
    """A director over a scene, with its session."""
    painters = []

    def open_play(text: str):
        painter = FrameRenderer(make(Opened(scene_of(text), tmp_path, None), tmp_path / "film.mkv", FilmRequest()))
        painters.append(painter)
        return painter.play, painter.session

    yield open_play
    for painter in painters:
        painter.close()


def test_training_follows_its_curve_from_shot_to_shot(play):
    film, session = play("""
begin = 7
[[record.shot]]
seconds = 2.0
does = "train"
steps = 100
slow_first = 2.0
[[record.shot]]
seconds = 1.0
[[record.shot]]
seconds = 1.0
does = "train"
steps = 10
""")
    assert film.seconds == 4.0
    for time, steps in ((0.0, 7), (0.5, 7 + 6), (1.0, 7 + 25), (1.9, 7 + 90), (2.0, 107), (2.9, 107), (3.5, 112), (9.0, 117)):
        cue = film.seek(time)
        assert session.source.step == steps and cue.time == min(time, 4.0)


def test_a_step_is_walked_through_once_over_several_shots(play):
    film, session = play("""
[[record.shot]]
seconds = 1.0
does = "iterate"
end = "forward:2"
[[record.shot]]
seconds = 1.0
does = "iterate"
start = "loss@0"
[[record.shot]]
seconds = 1.0
does = "iterate"
end = "loss"
[[record.shot]]
seconds = 1.0
does = "train"
steps = 3
""")
    film.seek(0.5)
    assert session.source.step == 1 and session.walking.number == pytest.approx(1.5)
    film.seek(1.5)  # the same step: loss@0 is 3, after is 9
    assert session.source.step == 1 and session.walking.number == pytest.approx(6.0)
    film.seek(2.5)  # from the input again: the next step
    assert session.source.step == 2 and session.walking.number == pytest.approx(2.0)
    film.seek(4.0)
    assert session.walking is None and session.source.step == 5


def test_a_moment_is_the_same_by_whatever_moments_it_came(play):
    text = """
[[record.shot]]
seconds = 1.0
does = "train"
steps = 30
samples = 3
[[record.shot]]
seconds = 1.0
does = "iterate"
set = { "train.learning_rate" = 0.5 }
[[record.shot]]
seconds = 1.0
does = "train"
steps = 5
"""
    found = []
    for times in ((2.6,), np.linspace(0, 2.6, 57), (0.31, 1.1, 2.6)):
        film, session = play(text)
        cue = [film.seek(float(time)) for time in times][-1]
        charts = session.curves.charts
        found.append((
            cue, session.source.step, session.source.sample.index, session.scores,
            session.ops.to_host(session.source.tensors("parameter")).tobytes(), charts.train_step.tobytes(), charts.test_step.tobytes(),
        ))  # fmt: skip
    assert found[0] == found[1] == found[2]
    assert found[0][1] == 30 + 1 + 3


def test_settings_change_when_their_shot_begins(play):
    film, session = play("""
[[record.shot]]
seconds = 1.0
[[record.shot]]
seconds = 1.0
set = { "train.learning_rate" = 0.25, "look.glow" = 0.5 }
[[record.shot]]
seconds = 1.0
[record.shot.set.network]
layers = [{ units = 3 }, { units = 4 }]
""")
    film.seek(0.99)
    assert session.scene.train.learning_rate != 0.25
    film.seek(1.0)
    assert (session.scene.train.learning_rate, session.scene.look.glow) == (0.25, 0.5)
    film.seek(2.0)
    assert [node.size for node in session.source.topology.nodes] == [4, 3, 4, 3]


def test_the_camera_goes_through_its_keys_and_rests_between_shots(play):
    film, _session = play("""
[[record.shot]]
seconds = 2.0
camera = [{ yaw = 10.0, pitch = 5.0 }, { at = 1.0, yaw = 60.0, pitch = 5.0, zoom = 2.0 }]
[[record.shot]]
seconds = 2.0
camera = [{ at = 2.0, yaw = 90.0, pitch = 0.0, target = [1.0, 2.0, 3.0], distance = 4.0 }]
[[record.shot]]
seconds = 1.0
""")
    yaw = [np.degrees(film.seek(time).pose.yaw) for time in (0.0, 0.5, 1.0, 2.0)]
    assert yaw[0] == pytest.approx(10) and 10 < yaw[1] < 60 and yaw[2:] == pytest.approx([60, 60])
    steps = [film.seek(2 + 2 * k / 50).pose for k in range(51)]
    turned = np.diff([pose.yaw for pose in steps])
    assert (turned > -1e-9).all() and turned[0] < turned[25] > turned[-1], "eased at both ends, never beyond"
    assert steps[-1].target == pytest.approx((1, 2, 3)) and steps[-1].distance == pytest.approx(4)
    assert film.seek(4.7).pose == film.seek(4.9).pose


def test_captions_fade_tell_live_numbers_and_stay_where_the_next_shot_says_the_same(play):
    film, session = play("""
[[record.shot]]
seconds = 2.0
caption = "step {step} of {parameters}"
does = "train"
steps = 20
[[record.shot]]
seconds = 2.0
caption = "again"
[[record.shot]]
seconds = 2.0
caption = "again"
highlight = "strongest:1"
equation = true
""")
    first = film.seek(1.0)
    assert first.caption == f"step 10 of {session.source.topology.n_parameters}" and first.fade == 1.0
    assert film.seek(1.9).fade == pytest.approx(0.25) and film.seek(2.1).fade == pytest.approx(0.25)
    assert film.seek(3.95).fade == film.seek(4.05).fade == 1.0
    last = film.seek(5.0)
    assert last.equation == pytest.approx(0.5) and session.source.topology.locate(last.highlight)[0].name == "dense1"


def test_everything_that_cannot_be_is_reported_at_once(tmp_path):
    scene = scene_of("""
[[record.shot]]
start = "forward:9"
highlight = "1:5"
caption = "{nonsense} {step}"
camera = [{ focus = "7" }, { at = 1.0, focus = "output:3" }]
[[record.shot]]
does = "iterate"
start = "after"
end = "loss"
equation = true
[[record.shot]]
set = { "train.learning_rate" = -1.0, "look.nothing" = 2 }
""")
    with pytest.raises(InputError) as reported:
        open_session(make(Opened(scene, tmp_path, None), tmp_path / "film.mkv", FilmRequest()))
    keys = [problem.key for problem in reported.value.problems]
    assert keys == [
        "record.shot.0.start", "record.shot.0.highlight", "record.shot.0.camera.0.focus", "record.shot.0.camera.1.focus",
        "record.shot.0.caption", "record.shot.1.end", "record.shot.1.equation", "record.shot.2.set.train.learning_rate",
        "record.shot.2.set.look.nothing",
    ]  # fmt: skip
    assert "a layer from 1 to 2" in str(reported.value) and "neurons 0 to 4" in str(reported.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[record.shot]]\ncamera = [{ at = 2.0 }, { at = 1.0 }]", "in order of time"),
        ("[[record.shot]]\nseconds = 1.0\ncamera = [{ at = 2.0 }]", "after the end"),
        ("[[record.shot]]\ncamera = [{ yaw = nan }]", "finite"),
        ("[[record.shot]]\ncamera = [{ target = [1.0, inf, 0.0] }]", "finite"),
        ("[[record.shot]]\nseconds = 0.0", "greater than 0"),
        ('[[record.shot]]\nset = { "data.kind" = "xor" }', "cannot change in a film"),
        ('[[record.shot]]\ndoes = "dance"', "iterate"),
        ("ssaa = 3", "1, 2 or 4"),
        ("[[record.shot]]\nspeed = 3", "speed"),
    ],
)
def test_a_film_that_cannot_be_is_no_scene(text, said):
    with pytest.raises(InputError, match=said):
        scene_of(text)


def test_a_film_without_shots_learns_with_the_camera_going_round(play):
    film, session = play("duration = 2.0\nsteps = 64\nturn = 40.0")
    start, end = film.seek(0.0), film.seek(2.0)
    assert session.source.step == 64 and np.degrees(end.pose.yaw - start.pose.yaw) == pytest.approx(40, abs=0.5)


def test_check_passes_the_shipped_films(tmp_path):
    for name in ("forward-pass", "one-iteration", "learning", "convolution", "attention", "sorting"):
        scene = toml.load(name)
        assert shot_player.check(scene, new_session(scene, tmp_path), name) == []
