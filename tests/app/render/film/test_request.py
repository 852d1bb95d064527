"""The options of a film are defined once: the command line and Python show the same ones, and name them in their own words."""

from __future__ import annotations

import dataclasses
import inspect
import json
import subprocess
import sys
import typing

import pytest
import typer

import nnviz3d as nv
from nnviz3d.app.api import recorder
from nnviz3d.app.cli import main
from nnviz3d.app.render.film.request import RECORD, FilmRequest
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.film import Record

FIELDS = {field.name: field for field in dataclasses.fields(FilmRequest)}
TYPES = typing.get_type_hints(FilmRequest)


def test_the_keywords_of_record_are_the_fields():
    parameters = inspect.signature(nv.record).parameters
    types = typing.get_type_hints(inspect.unwrap(nv.record))
    own = {name for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY} - {"progress", "backend"}
    assert own == set(FIELDS) - {"shard"}
    assert {name: parameters[name].default for name in own} == {name: FIELDS[name].default for name in own}
    assert {name: types[name] for name in own} == {name: TYPES[name] for name in own}


def test_the_options_of_the_command_are_the_fields():
    command = typer.main.get_command(main.app).commands["record"]
    options = {each.name: each for each in command.params if each.param_type_name == "option"}
    rest = {"target", "dry_run", "as_json", "backend", "seed", "sets", "verbose", "quiet"}
    assert set(options) - rest == set(FIELDS)
    for name, field in FIELDS.items():
        assert options[name].default == field.default and f"--{name.replace('_', '-')}" in options[name].opts
        assert options[name].help, name


def test_a_recorder_takes_fields_only():
    assert set(recorder.OPTIONS) <= set(FIELDS) and set(RECORD) <= set(Record.model_fields)


@pytest.mark.parametrize(
    ("options", "python", "command"),
    [
        ({"jobs": 0}, "jobs: expected 1 to 256 processes, found 0", "--jobs: expected 1 to 256 processes, found 0"),
        ({"preset": "huge"}, "preset: expected one of draft", "--preset: expected one of draft"),
        (
            {"resume": True, "overwrite": True},
            "resume overwrite: give only one of the two",
            "--resume --overwrite: give only one of the two",
        ),
        ({"size": "3x3"}, "size: expected WIDTHxHEIGHT", "--size: expected WIDTHxHEIGHT"),
        ({"fps": "0"}, "fps: expected frames per second", "--fps: expected frames per second"),
        ({"duration": 1e9}, "duration: seconds above 0", "--duration: seconds above 0"),
        ({"step": 0}, "step: expected a whole number of frames", "--step: expected a whole number of frames"),
        ({"farm": "moon:1"}, "farm: expected local:N", "--farm: expected local:N"),
        ({"shard": "3/2"}, "shard: expected I/N", "--shard: expected I/N"),
    ],
)
def test_a_problem_in_the_words_of_python_and_of_the_command_line(options, python, command):
    with pytest.raises(InputError) as found:
        FilmRequest(**options).check()
    (problem,) = found.value.problems
    assert str(problem).startswith(python) and str(problem.in_command_line()).startswith(command)


def test_all_problems_are_reported_at_once():
    with pytest.raises(InputError) as found:
        FilmRequest(preset="huge", jobs=0, shard="x", frames=7, farm="moon:1").check()
    assert [problem.key for problem in found.value.problems] == ["preset", "frames", "shard", "farm", "jobs", "shard farm", "jobs farm"]


def test_what_helps_is_named_where_the_person_is(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"mine")
    with pytest.raises(InputError, match="output: already exists; overwrite=True replaces it"):
        nv.record("xor", tmp_path / "a.mp4", size=(64, 64), duration=1)
    words = ["record", "xor", "-o", "a.mp4", "--size", "64x64", "--duration", "1", "--json"]
    done = subprocess.run([sys.executable, "-m", "nnviz3d", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "--output: already exists; --overwrite replaces it" in done.stderr
    assert json.loads(done.stdout)["problems"][0]["key"] == "--output" and (tmp_path / "a.mp4").read_bytes() == b"mine"
