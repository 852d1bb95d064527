"""The few fixed states that passes draw in. Each sets all that it depends on, so that the order of passes does not matter."""

from __future__ import annotations

from OpenGL import GL


def solid() -> None:
    """Depth tested and written; colours come multiplied by their alpha and cover what is behind."""
    GL.glEnable(GL.GL_DEPTH_TEST)
    GL.glDepthMask(True)
    GL.glEnable(GL.GL_BLEND)
    GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)


def light() -> None:
    """Added up; hidden by what is solid, hiding nothing."""
    GL.glEnable(GL.GL_DEPTH_TEST)
    GL.glDepthMask(False)
    GL.glEnable(GL.GL_BLEND)
    GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE)


def replace() -> None:
    """A pass over the whole target: what was there is gone."""
    GL.glDisable(GL.GL_DEPTH_TEST)
    GL.glDisable(GL.GL_BLEND)


def add() -> None:
    """A pass over the whole target, added to what was there."""
    GL.glDisable(GL.GL_DEPTH_TEST)
    GL.glEnable(GL.GL_BLEND)
    GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE)


def bind(framebuffer: int, size: tuple[int, int]) -> None:
    """Draw into a framebuffer that is not one of our targets: the window's or a host's own."""
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    GL.glViewport(0, 0, *size)
