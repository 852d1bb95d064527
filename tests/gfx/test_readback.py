"""Pixels through a ring of buffers: the right ones, in order, of any size, and never more than the ring holds."""

import threading

import numpy as np
import pytest

pytestmark = pytest.mark.gl


def paint(host, red, green):
    """The lower half red, the upper half green."""
    from OpenGL import GL

    width, height = host.size
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, host.framebuffer)
    GL.glEnable(GL.GL_SCISSOR_TEST)
    for y, colour in ((0, (red, 0, 0, 1)), (height // 2, (0, green, 0, 1))):
        GL.glScissor(0, y, width, height - height // 2 if y else height // 2)
        GL.glClearColor(*colour)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT)
    GL.glDisable(GL.GL_SCISSOR_TEST)


@pytest.fixture
def ring(host):
    from nnviz3d.gfx.readback import Readback

    ring = Readback(host.context, count=3)
    yield ring
    ring.close()


def test_pixels_come_back_in_order_with_their_tags_and_the_bottom_first(host, ring):
    seen = []
    for k in range(8):
        paint(host, k / 10, 1.0)
        ring.keep(host.framebuffer, host.size)
        paint(host, 1.0, 0.0)  # what is drawn afterwards is not in it
        assert ring.start(k)
        host.present()
        for pixels in ring.ready():
            assert pixels.image.shape == (180, 320, 4)
            assert abs(int(pixels.image[10, 5, 0]) - pixels.tag * 25.5) <= 1 and pixels.image[-10, 5, 1] == 255
            seen.append(pixels.tag)
            pixels.give_back()
    assert seen + [pixels.tag for pixels in ring.ready(wait=True)] == list(range(8))


def test_where_all_buffers_are_in_use_nothing_is_asked_and_a_given_back_one_is_used_again(host, ring):
    paint(host, 1, 1)
    ring.keep(host.framebuffer, host.size)
    assert [ring.start(k) for k in range(5)] == [True, True, True, False, False]
    host.present()
    held = ring.ready(wait=True)
    assert [pixels.tag for pixels in held] == [0, 1, 2] and not ring.start(5)
    thread = threading.Thread(target=held[1].give_back)
    thread.start()
    thread.join()
    assert ring.start(6) and not ring.start(7)


def test_another_size_is_another_picture_while_older_ones_are_still_read(host, ring):
    paint(host, 1, 1)
    ring.keep(host.framebuffer, host.size)
    ring.start("large")
    (large,) = ring.ready(wait=True)
    before = large.image.copy()
    host.resize(33, 17)
    paint(host, 0.5, 0.5)
    ring.keep(host.framebuffer, host.size)
    ring.start("small")
    (small,) = ring.ready(wait=True)
    assert small.image.shape == (17, 33, 4) and small.image[0, 0, 0] == 128
    assert np.array_equal(large.image, before)


def test_nothing_is_asked_before_a_picture_is_kept(ring):
    assert not ring.start(0) and not ring.ready()
