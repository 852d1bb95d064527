"""Shader text: includes, switches, errors, and the contract between shaders and the columns and uniforms that Python sets."""

import re

import pytest

from nnviz3d.draw.network_buffers import COLUMNS
from nnviz3d.gfx import shader_source
from nnviz3d.spec import paths
from nnviz3d.spec.errors import RunError

SHADERS = sorted(
    p.relative_to(paths.resource("shaders")).as_posix() for p in paths.resource("shaders").rglob("*") if p.suffix in (".vert", ".frag")
)
PREFIXES = {"uniform": ("u_", "t_"), "out": ("v_", "o_"), "in": ("v_", "a_", "i_")}


@pytest.mark.parametrize("name", SHADERS)
def test_every_shader_is_410_core_and_names_tell_what_things_are(name):
    text = shader_source.load(name)
    assert text.startswith(shader_source.VERSION + "\n")
    for kind, variable in re.findall(r"^(?:flat )?(uniform|in|out) \w+ (\w+);", text, re.M):
        assert variable.startswith(PREFIXES[kind]), f"{kind} {variable}"


@pytest.mark.parametrize("name", [name for name in SHADERS if not name.startswith(("post/", "bench/"))])
def test_columns_of_a_shader_are_declared_in_python_with_the_same_type(name):
    for kind, column in re.findall(r"^uniform (i?)samplerBuffer (\w+);", shader_source.load(name), re.M):
        assert column in COLUMNS, f"{name} reads {column}, which no column provides"
        assert COLUMNS[column][0] == ("int32" if kind else "float32")


def test_every_column_is_read_by_some_shader():
    everything = "".join(shader_source.load(name) for name in SHADERS)
    assert all(re.search(rf"texelFetch\({column}\b", everything) for column in COLUMNS)


def test_switches_are_a_closed_list_and_follow_the_version():
    assert shader_source.load("neuron.vert", ("POINTS",)).splitlines()[1] == "#define POINTS"
    with pytest.raises(RunError, match="unknown switches"):
        shader_source.load("neuron.vert", ("FASTER",))


@pytest.fixture
def shaders(tmp_path, monkeypatch):
    monkeypatch.setattr(shader_source.paths, "resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
    shader_source.forget()
    yield tmp_path
    shader_source.forget()


def test_includes_keep_line_numbers(shaders):
    (shaders / "a.vert").write_text(f'{shader_source.VERSION}\n#include "b.glsl"\nvoid main() {{}}\n')
    (shaders / "b.glsl").write_text("float one;\n")
    assert shader_source.load("a.vert").splitlines() == [
        shader_source.VERSION,
        "#line 2",
        "#line 1",
        "float one;",
        "#line 3",
        "void main() {}",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{shader_source.VERSION}\n#include "a.vert"\n', "cycle"),
        (f'{shader_source.VERSION}\n#include "gone.glsl"\n', "gone.glsl"),
        ("#version 330\n", "line 1 must be"),
    ],
)
def test_broken_sources_say_what_is_wrong(shaders, text, message):
    (shaders / "a.vert").write_text(text)
    with pytest.raises(RunError, match=message):
        shader_source.load("a.vert")
