"""OpenGL on software rendering: columns, targets, programs, hosts, and what they say when something is wrong."""

import numpy as np
import pytest

from nnviz3d.gfx import shader_source
from nnviz3d.gfx.hosts import open_host
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.targets import RenderTarget
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.spec.errors import RunError

pytestmark = pytest.mark.gl


@pytest.mark.parametrize(("dtype", "width"), [("float32", 1), ("float32", 2), ("float32", 4), ("int32", 1), ("int32", 2), ("int32", 4)])
def test_a_column_gives_back_what_was_written(host, dtype, width):
    column = TextureBuffer(100, dtype, width)
    values = (np.arange(100 * width) * 3 - 7).astype(dtype)
    column.write(values)
    assert (column.read().ravel() == values).all()
    column.write(values[:width] * 0, start=99)
    assert (column.read()[99] == 0).all() and (column.read()[98] == values.reshape(100, width)[98]).all()
    column.close()


def test_a_column_refuses_what_does_not_fit(host):
    column = TextureBuffer(10)
    for values, start in ((np.zeros(11), 0), (np.zeros(5), 6), (np.zeros(1), -1)):
        with pytest.raises(ValueError, match="do not fit"):
            column.write(values, start)
    column.write(np.zeros(0))
    column.close()


def test_a_column_keeps_its_names_for_life(host):
    column = TextureBuffer(10)
    names = column.buffer, column.texture
    for _ in range(3):
        column.write(np.ones(10))
    assert (column.buffer, column.texture) == names


def test_more_than_the_driver_can_hold_is_refused_with_a_number(host):
    with pytest.raises(RunError, match="at most"):
        TextureBuffer(2**31)
    with pytest.raises(RunError, match="at most"):
        RenderTarget(host.context, 100_000, 10)


def test_targets_read_back_top_row_first(host):
    bare = Program(host.context, "bench/bare.vert", "bench/bare.frag")
    vertices = TextureBuffer(4, "float32", 4)
    vertices.write(np.array([[-1, 0, 0, 1], [1, 0, 0, 1], [-1, 1, 0, 1], [1, 1, 0, 1]]))  # the upper half
    bare.set(u_vertices=4, u_color=(1.0, 0.5, 0.0, 1.0))
    target = RenderTarget(host.context, 8, 8, "rgba8")
    with target:
        target.clear()
        bare.draw("triangle_strip", 4, 1, {"t_vertex": vertices})
    pixels = target.read()
    assert (pixels[:4, :, 0] == 255).all() and (pixels[4:, :, 0] == 0).all()
    assert abs(int(pixels[0, 0, 1]) - 128) <= 1


def test_hdr_targets_hold_more_than_one(host):
    bare = Program(host.context, "bench/bare.vert", "bench/bare.frag")
    vertices = TextureBuffer(4, "float32", 4)
    vertices.write(np.array([[-1, -1, 0, 1], [1, -1, 0, 1], [-1, 1, 0, 1], [1, 1, 0, 1]]))
    bare.set(u_vertices=4, u_color=(12.5, 0.25, 0.0, 0.0))
    target = RenderTarget(host.context, 4, 4, "rgba16f")
    with target:
        bare.draw("triangle_strip", 4, 1, {"t_vertex": vertices})
    assert target.read("float32")[0, 0].tolist() == [12.5, 0.25, 0.0, 0.0]


def test_drawing_nothing_is_not_an_error(host):
    bare = Program(host.context, "bench/bare.vert", "bench/bare.frag")
    before = Program.draws
    bare.draw("points", 0)
    bare.draw("points", 4, 0)
    assert Program.draws == before


def test_a_shader_that_does_not_compile_names_file_line_and_driver(host, tmp_path, monkeypatch):
    monkeypatch.setattr(shader_source.paths, "resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
    shader_source.forget()
    (tmp_path / "a.vert").write_text(f"{shader_source.VERSION}\nvoid main() {{ gl_Position = vec4(0.); }}\n")
    (tmp_path / "a.frag").write_text(f"{shader_source.VERSION}\nout vec4 o;\nvoid main() {{ o = nonsense; }}\n")
    with pytest.raises(RunError, match=r"a\.frag do not compile on llvmpipe.*(.|\n)*nonsense"):
        Program(host.context, "a.vert", "a.frag")
    shader_source.forget()


def test_two_hosts_live_side_by_side(host):
    other = open_host(64, 64, headless=True)
    other.make_current()
    there = TextureBuffer(3)
    there.write(np.ones(3))
    host.make_current()
    here = TextureBuffer(3)
    here.write(np.zeros(3))
    assert (here.read() == 0).all()
    other.make_current()
    assert (there.read() == 1).all()
    other.close()
    host.make_current()


def test_a_headless_host_can_be_resized(host):
    host.resize(100, 60)
    assert host.size == host.display_size == (100, 60)
    host.begin_overlay(0.016)
    host.end_overlay()
    assert host.read().shape == (60, 100, 3)


def test_a_window_without_a_display_says_what_to_do(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(RunError, match="--headless"):
        open_host(100, 100)


def test_an_opengl_that_is_too_old_is_distinguished(monkeypatch):
    from OpenGL import GL

    from nnviz3d.gfx import context

    monkeypatch.setattr(GL, "glGetIntegerv", lambda name: {GL.GL_MAJOR_VERSION: 3, GL.GL_MINOR_VERSION: 3}.get(name, 0))
    monkeypatch.setattr(GL, "glGetString", lambda name: b"3.3 of old")
    with pytest.raises(RunError, match=r"4\.1 is needed.*3\.3 of old"):
        context.Context()


def test_timers_answer_late_and_never_lose_a_pass(host):
    from OpenGL import GL  # once the host has chosen how

    from nnviz3d.gfx.timers import Timers

    timers, results = Timers(), []

    class Results(dict):
        def __setitem__(self, name, ms):
            results.append((name, ms))
            super().__setitem__(name, ms)

    timers.ms = Results()
    target = RenderTarget(host.context, 64, 64)
    for _ in range(5):
        with target, timers("clear"):
            target.clear()
        host.present()
        timers.collect()
    GL.glFinish()
    timers.collect()
    assert [name for name, _ in results] == ["clear"] * 5 and timers.ms["clear"] == results[-1][1]
    timers.close()
    silent = Timers(enabled=False)
    with silent("clear"):
        pass
    silent.collect()
    assert silent.ms == {}


def test_making_a_column_does_not_disturb_those_that_are_bound(host):
    bare = Program(host.context, "bench/bare.vert", "bench/bare.frag")
    vertices = TextureBuffer(4, "float32", 4)
    vertices.write(np.array([[-1, -1, 0, 1], [1, -1, 0, 1], [-1, 1, 0, 1], [1, 1, 0, 1]]))
    bare.set(u_vertices=4, u_color=(1.0, 1.0, 1.0, 1.0))
    target = RenderTarget(host.context, 4, 4, "rgba8")
    for _ in range(3):
        with target:
            target.clear()
            bare.draw("triangle_strip", 4, 1, {"t_vertex": vertices})
        assert (target.read() == 255).all()
        TextureBuffer(16, "float32", 4).write(np.zeros(64))
        vertices.close()
        vertices = TextureBuffer(4, "float32", 4)  # may get the names of the one just closed
        vertices.write(np.array([[-1, -1, 0, 1], [1, -1, 0, 1], [-1, 1, 0, 1], [1, 1, 0, 1]]))
