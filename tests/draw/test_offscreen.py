"""Frames to arrays: the same pixels as the window's, means in linear light, alpha that composites, 16 bits, pieces without a seam."""

from dataclasses import replace

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view.stage import Stage
from nnviz3d.draw.offscreen import Canvas
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit

pytestmark = pytest.mark.gl
SIZE = (320, 180)


@pytest.fixture
def stage(host, request):
    """Prepared; `indirect` parametrisation: scene and quality."""
    name, quality = getattr(request, "param", ("digits", "high"))
    path = toml.find(name)
    session = new_session(toml.apply(toml.load(path), [Edit("look.quality", quality)]), path.parent, "cpu")
    session.run(20)
    session.refresh()
    stage = Stage(host, session)
    stage.time = 1.3
    stage.prepare(0.0, stage.camera.rig.pose, exact=True)
    yield stage
    stage.close()


def picture(stage, frames=1, overlay=None, size=SIZE, **options):
    canvas = Canvas(stage.viewport.host, size, **options)
    canvas.begin()
    for _ in range(frames):
        canvas.add(stage)
    image = canvas.finish(overlay)
    canvas.close()
    return image


def far(a, b) -> np.ndarray:
    return np.abs(a.astype(float) - b.astype(float))


def transparent(stage):
    stage.prepare(0.0, stage.camera.rig.pose, exact=True, transparent=True)
    return stage


VARIOUS = [("digits", "high"), ("digits", "balanced"), ("spiral", "high"), ("wide", "low"), ("compare", "high")]


@pytest.mark.parametrize("stage", VARIOUS, indirect=True)
def test_a_plain_picture_is_the_windows(stage):
    stage.draw(0.0, stage.camera.rig.pose, exact=True)
    windows = stage.viewport.host.read()
    assert (picture(stage) == windows).all()
    assert (picture(stage, frames=3) == windows).mean() > 0.999  # sums have more digits


@pytest.mark.parametrize("stage", VARIOUS, indirect=True)
@pytest.mark.parametrize("ssaa", [1, 2])
def test_pieces_have_no_seam(stage, ssaa):
    whole, pieces, cut = (
        picture(stage, ssaa=ssaa, **options) for options in ({}, {"limit": 180 * ssaa}, {"limit": 180 * ssaa, "widest": 1})
    )
    off = far(whole, pieces)
    assert off.max() <= 2 and (off > 1).mean() < 1e-4 and off.mean() < 0.001
    off = far(whole, cut)
    assert (off > 1).mean() < 1e-4 and off.mean() < 0.003, off.max()  # a corner that rounds to the next 1/256 of a pixel


def test_pieces_have_no_seam_in_linear_light_nor_with_alpha(stage):
    assert (far(*(picture(stage, depth=32, limit=limit) for limit in (8192, 180))) > 2e-3).mean() < 2e-4
    off = far(*(picture(transparent(stage), transparent=True, limit=limit) for limit in (8192, 180)))
    alpha = picture(stage, transparent=True)[..., 3]
    assert off[alpha > 60].max() <= 5  # of nearly nothing, a level of alpha is many levels of colour


def test_pieces_add_up_sub_frames(stage):
    pose = stage.camera.rig.pose

    def moved(limit):
        canvas = Canvas(stage.viewport.host, SIZE, limit=limit)
        images = []
        for _ in range(2):  # the second time it knows that there are many
            canvas.begin()
            for k in range(4):
                stage.prepare(0.0, replace(pose, yaw=pose.yaw + 0.01 * k), exact=True)
                canvas.add(stage)
            images.append(canvas.finish())
        canvas.close()
        assert (images[0] == images[1]).all()
        return images[0]

    assert far(moved(8192), moved(180)).max() <= 1


@pytest.mark.parametrize("stage", VARIOUS, indirect=True)
@pytest.mark.parametrize("ssaa", [2, 4])
def test_more_samples_are_smoother_and_look_the_same(stage, ssaa):
    plain, fine = (picture(stage, ssaa=n, depth=32) for n in (1, ssaa))
    for channel in range(3):  # as bright: nothing is thinner, fainter or without its halo
        assert fine[..., channel].mean() == pytest.approx(plain[..., channel].mean(), rel=0.02)
    plain, fine = picture(stage), picture(stage, ssaa=ssaa)

    def blocks(image):
        return image[:176].reshape(22, 8, 40, 8, 3).mean((1, 3))

    assert far(blocks(plain), blocks(fine)).mean() < 2

    def roughness(image):
        return np.abs(np.diff(image.astype(float), 2, axis=1)).mean()

    assert roughness(fine) < roughness(plain)


def test_sub_frames_are_averaged_in_linear_light(stage):
    pose = stage.camera.rig.pose
    poses = [pose, replace(pose, yaw=pose.yaw + 0.3)]
    canvas = Canvas(stage.viewport.host, SIZE, depth=32)
    stage.session.apply([Edit("look.glow", 0.0)], 0.0)  # the halo of a mean is not the mean of halos
    alone, both = [], None
    for chosen in ([poses[0]], [poses[1]], poses):
        canvas.begin()
        for one in chosen:
            stage.prepare(0.0, one, exact=True)
            canvas.add(stage)
        both = canvas.finish()
        alone.append(both)
    canvas.close()
    scene = far(both, (alone[0] + alone[1]) / 2)
    assert scene.max() < 5e-3 and alone[0].max() > 0.5
    assert far(alone[0], alone[1]).max() > 0.3


def test_sixteen_bits_are_more_than_eight(stage):
    deep, plain = picture(stage, depth=16), picture(stage)
    assert deep.dtype == np.uint16 and deep.shape == (*SIZE[::-1], 3)
    assert far(deep / 257, plain).max() < 1.3  # the dither's half level, rounding, and what the fit of sRGB's curve is off
    assert len(np.unique(deep[..., 2])) > 4000
    corner = deep[:24, :24, 2].astype(int)
    assert len(np.unique(corner)) > 64 and len(np.unique(plain[:24, :24, 2])) < 16
    assert np.abs(np.diff(corner, 2, axis=1)).max() < 16  # a smooth gradient: no dither


def test_linear_light_is_what_the_tone_curve_gets(stage):
    linear, plain = picture(stage, depth=32), picture(stage)
    assert linear.dtype == np.float32 and linear.max() > 1  # more than a screen shows
    x = linear.astype(np.float64)
    toned = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    shown = np.where(toned <= 0.0031308, 12.92 * toned, 1.055 * np.maximum(toned, 1e-9) ** (1 / 2.4) - 0.055) * 255
    assert far(shown, plain).max() < 2.5 and far(shown, plain).mean() < 0.5


def over(image, ground):
    """Straight alpha, composited as players and browsers do."""
    full = np.iinfo(image.dtype).max
    alpha = image[..., 3:] / full
    return (image[..., :3] / full * alpha + ground * (1 - alpha)) * 255


@pytest.mark.parametrize("stage", [("digits", "high"), ("spiral", "high")], indirect=True)
@pytest.mark.parametrize("depth", [8, 16])
def test_straight_alpha_composites(stage, depth):
    """On black it is the picture without a stage; on white the glow is still seen."""
    image = picture(transparent(stage), transparent=True, depth=depth)
    stage.prepare(0.0, stage.camera.rig.pose, exact=True)
    linear = picture(stage, depth=32)  # opaque, with the stage's light
    bare = picture(transparent(stage), transparent=True, depth=32)
    assert (bare[..., :3] <= linear + 1e-5).all()  # only the stage is missing
    x = bare[..., :3].astype(np.float64)
    toned = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    wanted = np.where(toned <= 0.0031308, 12.92 * toned, 1.055 * np.maximum(toned, 1e-9) ** (1 / 2.4) - 0.055) * 255
    assert far(over(image, 0.0), wanted).max() < (1.6 if depth == 8 else 0.1)
    alpha = image[..., 3] / np.iinfo(image.dtype).max
    assert alpha.min() < 0.05 and alpha.max() == 1
    glow = (bare[..., 3] < 0.01) & (wanted.max(2) > 60)  # light over nothing
    assert glow.mean() > 0.005
    white = over(image, 1.0)
    assert (255 - white[glow].min(1)).mean() > 20
    assert (white[alpha == 0] == 255).all()


def box(r, g, b, a):
    def draw():
        imgui.get_foreground_draw_list().add_rect_filled((10, 20), (200, 100), imgui.get_color_u32(imgui.ImVec4(r, g, b, a)))

    return draw


def test_an_overlay_lies_over_the_picture_at_its_place(stage):
    bare, drawn = picture(stage), picture(stage, overlay=box(1, 0, 0, 1))
    assert (drawn[20:100, 10:200] == (255, 0, 0)).all()
    outside = np.ones(drawn.shape[:2], bool)
    outside[20:100, 10:200] = False
    assert (drawn[outside] == bare[outside]).all()
    assert (picture(stage, overlay=box(1, 0, 0, 0.5), limit=180) == picture(stage, overlay=box(1, 0, 0, 0.5))).mean() > 0.999


def test_an_overlay_has_alpha(stage):
    clear = transparent(stage)
    drawn = picture(clear, overlay=box(1, 0, 0, 1), transparent=True)
    assert (drawn[20:100, 10:200] == (255, 0, 0, 255)).all()
    bare, half = picture(clear, transparent=True), picture(clear, overlay=box(0, 0, 1, 0.5), transparent=True)
    inside = np.s_[20:100, 10:200]
    assert far(over(half, 0.0)[inside], over(bare, 0.0)[inside] * 0.5 + np.array([0, 0, 127.5])).max() < 3


def test_linear_light_has_no_overlay(stage):
    called = []
    picture(stage, depth=32, overlay=lambda: called.append(1))
    assert not called


def test_a_stage_can_stand_on_a_canvas_larger_than_its_host(stage):
    canvas = Canvas(stage.viewport.host, (1000, 500), limit=400)
    other = Stage(canvas, stage.session)
    other.prepare(0.0, other.camera.rig.pose, exact=True)
    assert other.viewport.aspect == 2
    canvas.begin()
    canvas.add(other)
    image = canvas.finish()
    assert image.shape == (500, 1000, 3) and len(canvas._pieces) > 2 and image.max() > 200
    other.close()
    canvas.close()


def test_what_a_canvas_cannot_be(host, stage):
    for options in ({"ssaa": 3}, {"depth": 10}, {"size": (0, 10)}):
        with pytest.raises(ValueError, match="found"):
            Canvas(host, **{"size": SIZE, **options})
    canvas = Canvas(host, SIZE)
    with pytest.raises(ValueError, match="nothing"):
        canvas.finish()
    canvas.add(stage)
    canvas.begin()
    with pytest.raises(ValueError, match="nothing"):
        canvas.finish()
    canvas.close()


def test_a_canvas_leaves_nothing_behind(host, stage):
    from OpenGL import GL

    def alive():
        return sum(bool(GL.glIsTexture(k)) + bool(GL.glIsFramebuffer(k)) + bool(GL.glIsRenderbuffer(k)) for k in range(1, 400))

    picture(stage, frames=2, limit=180)
    before = alive()
    for _ in range(3):
        picture(stage, frames=2, ssaa=2, limit=360)
        picture(stage)
    assert alive() <= before + 2


def test_a_picture_looks_the_same_in_every_size(stage):
    """Signals, outlines and the halo grow with the picture; so a film can be tried small."""
    small = picture(stage, size=(1280, 720), depth=32)
    large = picture(stage, size=(5120, 2880), depth=32).reshape(720, 4, 1280, 4, 3).mean((1, 3))
    for channel in range(3):
        assert large[..., channel].mean() == pytest.approx(small[..., channel].mean(), rel=0.06)

    def blocks(image):
        return np.minimum(image, 2).reshape(18, 40, 32, 40, 3).mean((1, 3))

    assert far(blocks(small), blocks(large)).max() < 0.12
