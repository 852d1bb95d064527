"""Camera arithmetic against closed forms and against each other: matrices, projection, rays, fits, flights."""

from math import degrees, radians, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.draw.camera import FLIGHT, FOOT, FOV, PRESETS, Pose, Rig, between, ease, fit, preset
from nnviz3d.layout.grid import place
from nnviz3d.spec.scene import Layer, Network
from nnviz3d.spec.topology_builder import build_topology

poses = st.builds(
    Pose,
    target=st.tuples(*[st.floats(-5, 5)] * 3),
    yaw=st.floats(-7, 7),
    pitch=st.floats(-1.5, 1.5),
    distance=st.floats(0.5, 200),
    shift=st.tuples(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3)),
)


def layout(*units, shape=(8, 8)):
    return place(build_topology(Network(layers=tuple(Layer(units=u) for u in units)), shape, 10, "softmax"))


@settings(max_examples=80, deadline=None)
@given(poses)
def test_axes_are_a_right_handed_frame(pose):
    right, up, back = pose.axes
    frame = np.stack([right, up, back])
    assert np.allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    assert np.allclose(np.cross(right, up), back, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(poses, st.tuples(*[st.floats(-0.9, 0.9)] * 2), st.floats(1, 50))
def test_a_point_on_a_ray_projects_back_to_its_pixel(pose, ndc, depth):
    eye, way = pose.ray(ndc, 1.6)
    seen = pose.project((eye + way * depth)[None], 1.6)[0]
    assert np.allclose(seen[:2], ndc, atol=2e-3)
    assert seen[2] > 0


@settings(max_examples=40, deadline=None)
@given(poses)
def test_projection_is_what_the_matrices_do(pose):
    points = np.random.default_rng(0).normal(size=(20, 3)) * 3
    homogeneous = np.concatenate([points, np.ones((20, 1))], 1)
    clip = homogeneous @ pose.view_from_world.astype(float) @ pose.clip_from_view(1.5).astype(float)
    seen = pose.project(points, 1.5)
    ahead = clip[:, 3] > 0.1
    assert np.allclose(seen[ahead, 0], clip[ahead, 0] / clip[ahead, 3], atol=1e-3)
    assert np.allclose(seen[:, 2], clip[:, 3], atol=1e-3)


def test_the_target_is_in_the_middle_and_the_lens_has_its_angle():
    pose = Pose(distance=10)
    assert np.allclose(pose.project(np.zeros((1, 3)), 1.0)[0], [0, 0, 10], atol=1e-5)
    top = pose.axes[1] * 10 * tan(radians(FOV) / 2)
    assert np.allclose(pose.project(top[None], 1.0)[0, 1], 1, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("units", [(48, 32), (), (16,) * 12, (1024, 1024), (1,)])
@pytest.mark.parametrize(("aspect", "panel"), [(16 / 9, 0.0), (16 / 9, 0.27), (1.0, 0.0), (9 / 16, 0.0), (32 / 9, 0.4)])
def test_every_preset_has_the_whole_network_in_the_free_part(name, units, aspect, panel):
    placed = layout(*units)
    pose = preset(name, placed, aspect, panel)
    seen = pose.project(placed.corners().astype(float), aspect)
    assert seen[:, 2].min() > 0
    assert seen[:, 0].min() >= -1 and seen[:, 0].max() <= 1 - 2 * panel + 0.01
    assert seen[:, 1].min() >= -1 + 2 * FOOT - 0.03 and seen[:, 1].max() <= 1
    fills = max(np.ptp(seen[:, 0]) / (2 * (1 - panel)), np.ptp(seen[:, 1]) / (2 * (1 - FOOT)))
    assert fills > 0.75  # and it is not a speck


def test_easing_starts_and_ends_at_rest():
    assert ease(0) == 0 and ease(1) == 1 and ease(2) == 1 and ease(0.5) == pytest.approx(0.5)
    assert ease(1e-3) < 1e-7 and 1 - ease(1 - 1e-3) < 1e-7


def test_a_flight_takes_the_short_way_and_arrives():
    start, goal = Pose(yaw=radians(170), distance=4), Pose(yaw=radians(-170), distance=9)
    assert degrees(between(start, goal, 0.5).yaw) == pytest.approx(180)
    assert between(start, goal, 0.5).distance == pytest.approx(6)
    rig = Rig(start)
    rig.fly(goal)
    for _ in range(100):
        rig.advance(FLIGHT / 99)
    assert np.cos(rig.pose.yaw - goal.yaw) == pytest.approx(1)
    assert (rig.pose.distance, rig.pose.pitch, *rig.pose.target) == pytest.approx((goal.distance, goal.pitch, *goal.target))


def test_a_hand_on_the_camera_ends_a_flight_where_it_is():
    rig = Rig(Pose(yaw=0))
    rig.fly(Pose(yaw=1))
    rig.advance(FLIGHT / 2)
    middle = rig.pose.yaw
    rig.orbit(0, 0)
    rig.advance(1)
    assert rig.pose.yaw == pytest.approx(middle, abs=1e-6)


def test_orbit_cannot_turn_over_the_pole_nor_zoom_into_nothing():
    rig = Rig(Pose())
    rig.orbit(0, 1e6)
    rig.zoom(1e6)
    assert abs(rig.goal.pitch) < radians(88) and rig.goal.distance >= 0.3
    rig.zoom(-1e6)
    assert rig.goal.distance <= 5e3


def test_the_camera_moves_the_same_at_any_frame_rate():
    def after(dt):
        rig = Rig(Pose())
        rig.orbit(300, 100)
        for _ in range(round(0.5 / dt)):
            rig.advance(dt)
        return rig.pose

    assert after(1 / 30).yaw == pytest.approx(after(1 / 240).yaw, abs=1e-3)


def test_sway_waits_is_small_and_can_be_off():
    rig = Rig(Pose())
    rig.advance(1.0)
    assert rig.swayed(2.0) == rig.pose
    for _ in range(600):
        rig.advance(1 / 30)
        assert abs(rig.swayed(2.0).yaw - rig.pose.yaw) <= radians(2) + 1e-9
        assert rig.swayed(0.0) == rig.pose


def test_fit_handles_one_neuron_a_layer():
    pose = fit(layout(1, shape=(1,)), 0.6, 0.3, 1.5)
    assert np.isfinite([*pose.target, pose.distance]).all()
