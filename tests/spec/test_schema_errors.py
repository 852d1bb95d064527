"""Whatever stands at whatever key of a scene: what is reported of it is in plain words, not in those of the library that checks it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from nnviz3d.spec import schema_errors, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import tables
from nnviz3d.spec.scene import Scene

JARGON = re.compile(r"[Tt]uple|String|pattern|[Dd]ictionary|instance|Input|Field|validation|Value error|tagged|parse|[Mm]odel")
VALUES = (
    "x", "", "0 !", "x" * 70_000, 3, -1, 10**40, 1.5, -1e300, float("nan"), True, [], ["x"] * 2000, [0], [[0]] * 3, [1.5] * 9, {}, {"x": 1},
    {"x": {"x": 1}}, {f"k{k}": {} for k in range(2000)}, datetime.date(2026, 1, 1),
)  # fmt: skip
TYPES = {
    "string_type", "string_too_long", "string_pattern_mismatch", "bool_type", "int_type", "int_parsing_size", "float_type", "finite_number",
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "literal_error", "tuple_type", "too_long", "too_short",
    "dict_type", "model_type", "extra_forbidden", "missing", "union_tag_invalid", "value_error",
}  # fmt: skip


def keys(model: type[BaseModel], above: tuple = ()) -> Iterator[tuple]:
    """Every key, tables and lists entered: ("record", "shot", 0, "camera", 0, "at")."""
    for name, field in model.model_fields.items():
        here = (*above, field.alias or name)
        yield here
        inner = toml._model_of(field.annotation)
        if inner is not None and name != "layers":
            text = str(field.annotation)
            yield from keys(inner, (*here, 0) if "tuple" in text else (*here, "a") if "dict" in text else here)


def at(path: tuple, value) -> object:
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


def documents() -> Iterator[dict]:
    for path in keys(Scene):
        yield from (at(path, value) for value in VALUES)
    for kind, table in tables().items():
        for key, *_ in keys(table):
            yield from ({"network": {"layers": [{"kind": kind, key: value}]}} for value in VALUES)
    yield from ({"network": {"layers": [value]}} for value in VALUES)


def test_no_word_of_the_library_reaches_a_person_from_any_key():
    types, bad = set(), []
    for document in documents():
        try:
            Scene.model_validate(document)
        except ValidationError as error:
            types |= {details["type"] for details in error.errors(include_url=False)}
            with pytest.raises(InputError) as caught:
                toml.validate(document)
            bad += [problem for problem in caught.value.problems if JARGON.search(problem.message) or len(problem.message) > 2000]
    assert bad == []
    assert types == TYPES  # a new one needs words of its own, and a key here that brings it about


CASES = {
    'from = "input"': ("from", "expected a list, found 'input'"),
    f"from = {['a'] * 65}": ("from", "expected at most 64 entries, found 65"),
    "from = [3]": ("from.0", "expected text, found 3"),
    'name = "0 a"': ("name", "expected a name of letters, digits, _, . and - that begins with a letter or _, found '0 a'"),
    'kind = "reshape"\nshape = [0]': ("shape.0", "expected greater than or equal to 1, found 0"),
    'kind = "reshape"\nshape = []': ("shape", "expected at least 1 entry, found 0"),
    'kind = "reshape"': ("shape", "is missing"),
}


@pytest.mark.parametrize("text", CASES)
def test_each_is_one_problem_at_its_key(text):
    key, message = CASES[text]
    with pytest.raises(InputError) as caught:
        toml.validate(toml.parse(f"[[network.layers]]\n{text}".encode(), "text"), "text")
    (problem,) = caught.value.problems
    assert (problem.key, problem.message) == (f"network.layers.0.{key}", message)


def test_a_long_key_is_cut():
    with pytest.raises(InputError) as caught:
        toml.validate({"train": {"x" * 900_000: 1}, "data": {"columns": {"y" * 900_000: 3}}})
    assert [len(problem.key) < 100 for problem in caught.value.problems] == [True, True]


def test_what_is_shown_of_a_value_is_short_however_large_it_is():
    assert [len(schema_errors.shown(value)) <= 60 for value in VALUES] == [True] * len(VALUES)
