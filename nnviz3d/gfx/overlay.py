"""imgui inside a host: contexts, the opengl3 backend, begin and end of its frame. The same for a window and headless."""

from __future__ import annotations

from collections.abc import Callable

from imgui_bundle import imgui, implot
from OpenGL import GL

from nnviz3d.spec.errors import RunError

FRONT = "##Foreground"  # the list that imgui draws last


class ImguiFrame:
    """Owns imgui's and ImPlot's contexts and the opengl3 backend of the current GL context."""

    def __init__(self):
        self.context = imgui.create_context()
        self.plots = implot.create_context()
        self.make_current()  # imgui keeps the old one current where there is one
        io = imgui.get_io()
        io.set_ini_filename("")
        io.set_log_filename("")
        if not imgui.backends.opengl3_init("#version 410"):
            raise RunError("the overlay's OpenGL backend did not start")

    def make_current(self) -> None:
        imgui.set_current_context(self.context)
        implot.set_current_context(self.plots)

    def begin(self, size: tuple[int, int], dt: float) -> None:
        """Start a headless frame: display size in pixels, seconds since the last one."""
        io = imgui.get_io()
        io.display_size, io.display_framebuffer_scale = imgui.ImVec2(*map(float, size)), imgui.ImVec2(1.0, 1.0)
        io.delta_time = max(dt, 1e-4)
        imgui.backends.opengl3_new_frame()
        imgui.new_frame()

    def draw(self, framebuffer: int, size: tuple[int, int], before_front: Callable[[], None] | None = None) -> None:
        """End the frame and draw it over what `framebuffer` holds. `before_front` is called when all but imgui's foreground list is drawn:
        notes of the program about itself, which a capture leaves out."""
        imgui.render()
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
        GL.glViewport(0, 0, *size)
        data = imgui.get_draw_data()
        if before_front is not None:
            lists = data.cmd_lists
            last = lists[lists.size() - 1] if lists.size() else None
            front = last if last is not None and last._owner_name == FRONT else None
            if front is not None:
                lists.pop_back()
            imgui.backends.opengl3_render_draw_data(data)
            before_front()
            lists.clear()
            if front is not None:
                lists.push_back(front)
        imgui.backends.opengl3_render_draw_data(data)

    @staticmethod
    def end() -> None:
        """End the frame; `draw_part` draws it, as often as there are parts."""
        imgui.render()

    @staticmethod
    def draw_part(framebuffer: int, corner: tuple[int, int], size: tuple[int, int]) -> None:
        """A part of the ended frame, from this corner (pixels from the upper left), over the lower left of `framebuffer`."""
        data = imgui.get_draw_data()
        before = data.display_pos, data.display_size
        data.display_pos, data.display_size = imgui.ImVec2(*map(float, corner)), imgui.ImVec2(*map(float, size))
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
        imgui.backends.opengl3_render_draw_data(data)
        data.display_pos, data.display_size = before

    def close(self) -> None:
        self.make_current()
        imgui.backends.opengl3_shutdown()
        implot.destroy_context(self.plots)
        imgui.destroy_context(self.context)
