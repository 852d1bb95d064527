"""The few fixed states that passes draw in. Each sets all that it depends on, so that the order of passes does not matter."""

from __future__ import annotations

from OpenGL import GL

from nnviz3d.gfx.calls import gl


def solid() -> None:
    """Depth tested and written; colours come multiplied by their alpha and cover what is behind."""
    gl.glEnable(GL.GL_DEPTH_TEST)
    gl.glDepthMask(True)
    gl.glEnable(GL.GL_BLEND)
    gl.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)


def light() -> None:
    """Added up; hidden by what is solid, hiding nothing."""
    gl.glEnable(GL.GL_DEPTH_TEST)
    gl.glDepthMask(False)
    gl.glEnable(GL.GL_BLEND)
    gl.glBlendFunc(GL.GL_ONE, GL.GL_ONE)


def replace() -> None:
    """A pass over the whole target: what was there is gone."""
    gl.glDisable(GL.GL_DEPTH_TEST)
    gl.glDisable(GL.GL_BLEND)


def add() -> None:
    """A pass over the whole target, added to what was there."""
    gl.glDisable(GL.GL_DEPTH_TEST)
    gl.glEnable(GL.GL_BLEND)
    gl.glBlendFunc(GL.GL_ONE, GL.GL_ONE)


def bind(framebuffer: int, size: tuple[int, int]) -> None:
    """Draw into a framebuffer that is not one of our targets: the window's or a host's own."""
    gl.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    gl.glViewport(0, 0, *size)
