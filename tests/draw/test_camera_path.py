"""Camera rails: through every key, smooth, never beyond, at one speed where asked."""

from math import degrees, radians

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.draw.camera import Pose
from nnviz3d.draw.camera_path import Rail, angles, quaternion

coordinate = st.floats(-20, 20).map(lambda x: round(x, 3))
pose = st.builds(
    Pose,
    st.tuples(coordinate, coordinate, coordinate),
    st.floats(-3.1, 3.1),
    st.floats(-1.4, 1.4),
    st.floats(0.5, 60),
)
keys = st.lists(st.tuples(st.floats(0.1, 4), pose), min_size=2, max_size=6)


def rail_of(found, **options):
    times = np.cumsum([step for step, _ in found])
    return times, Rail(times, [p for _, p in found], **options)


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5))
def test_quaternions_keep_the_angles(yaw, pitch):
    assert angles(quaternion(yaw, pitch)) == pytest.approx((yaw, pitch), abs=1e-9)


@settings(max_examples=60)
@given(keys)
def test_a_rail_goes_through_its_keys(found):
    times, rail = rail_of(found)
    for time, (_, wanted) in zip(times, found, strict=True):
        seen = rail.at(time)
        assert seen.target == pytest.approx(wanted.target, abs=1e-9) and seen.distance == pytest.approx(wanted.distance)
        assert np.allclose(seen.axes, wanted.axes, atol=1e-6)


@settings(max_examples=60)
@given(keys)
def test_nothing_swings_beyond_the_two_keys_it_is_between(found):
    times, rail = rail_of(found)
    for k in range(len(times) - 1):
        a, b = found[k][1], found[k + 1][1]
        for time in np.linspace(times[k], times[k + 1], 23):
            seen = rail.at(time)
            for value, one, other in (*zip(seen.target, a.target, b.target, strict=True), (seen.distance, a.distance, b.distance)):
                assert min(one, other) - 1e-9 <= value <= max(one, other) + 1e-9


def test_it_is_smooth_and_starts_and_ends_at_rest():
    poses = [Pose((x, 0.3 * x * x, 0), radians(20 * x), 0.2, 10 + x) for x in range(5)]
    rail = Rail(range(5), poses)
    step = 1e-4
    eyes = np.array([rail.at(t).eye for t in np.arange(0, 4 + step, step)])
    speed = np.linalg.norm(np.diff(eyes, axis=0), axis=1) / step
    assert speed[0] < 0.02 and speed[-1] < 0.02
    assert np.abs(np.diff(speed)).max() < 0.01  # no jump of the speed at any key
    assert rail.at(2.5) == rail.at(2.5)
    stopping = Rail(range(5), poses, stops=[False, False, True])
    assert np.linalg.norm(stopping.at(2 + step).eye - stopping.at(2).eye) / step < 0.02


def test_constant_speed():
    poses = [Pose((x, 0, 0), 0.1, 0.2, 10) for x in (0, 1, 9, 10)]
    rail = Rail([0, 4, 5, 9], poses, constant_speed=True)
    x = np.array([rail.at(t).target[0] for t in np.linspace(0, 9, 91)])
    assert np.diff(x) == pytest.approx(np.full(90, 10 / 90), rel=0.02)
    assert [rail.at(t).target[0] for t in (-1, 0, 9, 20)] == pytest.approx([0, 0, 10, 10])


def test_the_short_way_round():
    rail = Rail([0, 1], [Pose(yaw=radians(170)), Pose(yaw=radians(-170))])
    assert abs(degrees(rail.at(0.5).yaw)) == pytest.approx(180, abs=0.1)


def test_a_single_key_and_keys_that_cannot_be():
    assert Rail([1.0], [Pose(distance=3)]).at(7).distance == pytest.approx(3)
    for times, poses in (([0, 0], [Pose(), Pose()]), ([1, 0], [Pose(), Pose()]), ([0], []), ([float("nan")], [Pose()])):
        with pytest.raises(ValueError):
            Rail(times, poses)
    with pytest.raises(ValueError, match="not finite"):
        Rail([0, 1], [Pose(), Pose(target=(float("nan"), 0, 0))])
