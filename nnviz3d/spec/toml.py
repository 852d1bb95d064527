"""Scene files: TOML in, `Scene` out, and back. All problems of a file are reported at once, each with its key.

Sizes are checked before bytes are read, and nothing in a file is ever executed.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nnviz3d.spec import compare, file_kinds, limits, paths, schema_errors
from nnviz3d.spec.column_settings import Column
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import TAG, tables
from nnviz3d.spec.scene import Scene

KEY_PARTS = 64
NOT_TEXT = "not UTF-8 text"
SHOWN = 100  # problems of one file that are reported one by one


def find(name: str | os.PathLike) -> Path:
    """The file of a scene given as a path or as the name of a shipped scene. Raises InputError where there is none."""
    path = Path(name)
    if path.suffix == ".toml" or os.path.exists(path):  # noqa: PTH110 - see `read`
        return path
    shipped = paths.scene_paths()
    if str(name) in shipped:
        return shipped[str(name)]
    if path.suffix or path.name != str(name):
        raise InputError.of(str(name), "", "no such file")
    near = difflib.get_close_matches(str(name), shipped, 1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    raise InputError.of(str(name), "", f"no such scene; {hint}shipped scenes: {', '.join(shipped)}, or give the path of a .toml file")


def load(name: str | os.PathLike, edits: Iterable[Edit] = ()) -> Scene:
    """Read, apply edits (`--set`), validate. Raises InputError with every problem found."""
    path = find(name)
    document = read(path)
    problems = []
    for edit in edits:
        try:
            put(document, edit)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return validate(document, str(path))


def read(path: Path) -> dict:
    """The plain TOML document. Raises InputError for what is not readable TOML of at most `limits.SCENE_BYTES`."""
    where = str(path)
    if not os.path.exists(path):  # noqa: PTH110 - unlike Path.exists, never raises: a name may be too long or hold a NUL
        raise InputError.of(where, "", "no such file; `nnviz3d scenes` lists the shipped scenes")
    try:
        raw = _bytes(path)
        if not raw and path.suffix != ".toml":  # a scene of defaults is an empty file, but an empty file of another name is none
            raise InputError.of(where, "", "is empty; expected a scene file")
        return parse(raw, where)
    except InputError as error:
        kind = file_kinds.of(path)
        text = kind is file_kinds.TEXT and path.suffix == ".toml"
        if (
            text
            or kind in (file_kinds.SCENE, file_kinds.EMPTY)
            or (kind is file_kinds.UNKNOWN and NOT_TEXT not in error.problems[0].message)
        ):
            raise
        raise file_kinds.refuse(where, "a scene file", kind) from None


def _bytes(path: Path) -> bytes:
    where = str(path)
    paths.regular_file(path, limits.SCENE_BYTES, "scene file")
    try:
        with path.open("rb") as file:
            raw = file.read(limits.SCENE_BYTES + 1)  # it may have grown since
    except OSError as error:
        raise InputError.of(where, "", f"cannot be read: {error.strerror}") from None
    if len(raw) > limits.SCENE_BYTES:
        raise InputError.of(where, "", f"a scene file holds at most {limits.SCENE_BYTES:,} bytes")
    return raw


def parse(raw: bytes, where: str) -> dict:
    """The plain document in these bytes. Raises InputError for what is not TOML in UTF-8."""
    for piece in re.findall(rb"[\w.\"' \t-]+", raw):  # a dotted key of n parts costs the parser n * n: 20,000 took 7 s and 1.6 GB
        if piece.count(b".") > KEY_PARTS:
            line = raw.count(b"\n", 0, raw.index(piece)) + 1
            raise InputError.of(where, "", f"line {line}: nested too deeply for a scene file; a key has at most {KEY_PARTS} parts")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError.of(where, "", f"{NOT_TEXT}: byte {error.start} is {raw[error.start]:#04x}; save the file as UTF-8") from None
    except RecursionError:
        raise InputError.of(where, "", "nested too deeply for a scene file") from None
    except ValueError as error:  # TOMLDecodeError, and Python's own limit of 4,300 digits for a whole number
        raise InputError.of(where, "", f"not valid TOML: {error}") from None


def validate(document: dict, where: str = "scene") -> Scene:
    """A `Scene` from plain data. Raises InputError with every problem, its dotted key and, where useful, the nearest known key."""
    scene: Scene | None = None
    problems = []
    try:
        scene = Scene.model_validate(document)
    except ValidationError as error:
        found = schema_errors.reported(error.errors(include_url=False))
        problems = [_problem(details, where) for details in found[:SHOWN]]
        if len(found) > SHOWN:
            problems.append(Problem(where, "", f"and {len(found) - SHOWN:,} more problems"))
    if scene is None or scene.compare:
        problems += _of_the_second(document, problems, where)
    if scene is None or problems:
        raise InputError(*problems)
    return scene


def _of_the_second(document: dict, known: list[Problem], where: str) -> list[Problem]:
    """What is wrong with `[compare]`: its settings must make a sound scene too. Problems that the scene has anyway come once."""
    if not isinstance(document.get("compare"), dict) or any(problem.key.partition(".")[0] == "compare" for problem in known):
        return []
    second, problems = compare.document(document, where)
    reported = {(problem.key, problem.message) for problem in known}
    try:
        validate(second, where)
    except InputError as error:
        for problem in error.problems:
            if (problem.key, problem.message) not in reported:
                path = next((path for path in compare.flat(document["compare"]) if _leads_to(path, problem.key)), problem.key)
                found = Problem(where, f"compare.{path}", problem.message)
                problems += [found] if found not in problems else []
    return problems


def _leads_to(path: str, key: str) -> bool:
    """Whether a problem at `key` is that of a setting at `path`, in which `*` stands for any layer."""
    parts, others = path.split("."), key.split(".")
    return len(parts) <= len(others) and all(part in ("*", other) for part, other in zip(parts, others, strict=False))


def apply(scene: Scene, edits: Iterable[Edit], where: str = "edit") -> Scene:
    """A new scene with the edits in it, validated as a whole. The old one is untouched. Raises InputError."""
    document = scene.model_dump()
    for edit in edits:
        put(document, edit, where)
    return validate(document, where)


def parse_set(text: str) -> Edit:
    """`--set path=value`: the value is TOML, or a bare word as a string. Raises InputError without an `=`.

    A name in the path may be quoted as in TOML, and then hold dots and `=`.
    """
    for match in re.finditer("=", text):
        path, value = text[: match.start()].strip(), text[match.end() :].strip()
        if path and path.count('"') % 2 == 0 and (path.count("'") % 2 == 0 or '"' in path):
            break
    else:
        raise InputError.of("--set", text, "expected path=value, for example --set train.learning_rate=0.01")
    try:
        return Edit(_columns_named(path), tomllib.loads(f"v = {value}")["v"])
    except (ValueError, RecursionError):
        return Edit(_columns_named(path), value)


def parts(path: str) -> list[str]:
    """The names in a dotted path; those in quotes may hold dots: `data.columns."a.b".use` has four."""
    if '"' not in path and "'" not in path:
        return path.split(".")
    found = [match[1] if match[1] is not None else match[2] if match[2] is not None else match[3] for match in _PART.finditer(path)]
    return [re.sub(r"\\(.)", r"\1", name) for name in found]


_PART = re.compile(r"""(?:^|(?<=\.))(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^.]*))(?=\.|$)""")
COLUMNS = "data.columns."


def _columns_named(path: str) -> str:
    """Names of columns often hold dots (R's Sepal.Length): what stands between `data.columns.` and the last name is one."""
    if not path.startswith(COLUMNS) or '"' in path or "'" in path or path.count(".") < 3:
        return path
    name, _, key = path.removeprefix(COLUMNS).rpartition(".")
    return f'{COLUMNS}"{name}".{key}' if "." in name and key in Column.model_fields else path


def dump(scene: Scene) -> str:
    """The scene as TOML, only what differs from the defaults (so a file stays short and stays true to later defaults)."""
    import tomlkit

    plain = scene.model_dump(mode="json", exclude_defaults=True)
    return tomlkit.dumps(plain)


def literal(value: Any) -> str:
    """A TOML value. JSON's spelling of strings, numbers, booleans and lists is TOML's too."""
    if isinstance(value, BaseModel):
        return literal(value.model_dump(exclude_defaults=True))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)} = {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False).replace("\x7f", "\\u007f")


def save(scene: Scene, path: str | os.PathLike) -> None:
    """Write beside the target and rename: a crash or full disk leaves the old file whole. Raises InputError."""
    write_text(Path(path), dump(scene))


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step. Raises InputError naming the path where that is not possible."""
    paths.write(path, text.encode())


def put(document: dict, edit: Edit, where: str = "--set") -> None:
    """Set a value deep in plain data; numbers in the path index lists. Tables on the way are made; lists are not grown."""
    at: Any = document
    *parents, last = parts(edit.path)
    for k, part in enumerate(parents):
        key = _key(at, part, edit, where, parents[:k])
        child = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
        at[key] = at = list(child) if isinstance(child, tuple) else child
    at[_key(at, last, edit, where, parents)] = edit.value


def _key(at: Any, part: str, edit: Edit, where: str, path: list[str]) -> Any:
    """What `part` is called in `at`, which stands at `path`: an index in a list, a name in a table. Raises InputError."""
    if isinstance(at, dict):
        return part
    if not isinstance(at, list):
        raise InputError.of(where, edit.path, f'"{".".join(path)}" holds a value, not a table')
    if not re.fullmatch(r"\d{1,9}", part) or int(part) >= len(at):  # of other digits, and of too many, Python makes no number
        raise InputError.of(where, edit.path, f'"{part}" is not an index in [0, {len(at)})')
    return int(part)


def _problem(details: ErrorDetails, where: str) -> Problem:
    """pydantic's record of one error, as `key: expected, found`."""
    loc = details["loc"]
    key = schema_errors.key([part for part in loc if not str(part).startswith(("function-", TAG))])
    kind, found = details["type"], details["input"]
    if kind == "union_tag_invalid":
        return Problem(where, f"{key}.kind", f"expected one of {', '.join(tables())}, found {schema_errors.shown(found.get('kind'))}")
    if kind == "extra_forbidden":
        known = _known_keys(loc[:-1])
        near = difflib.get_close_matches(str(loc[-1])[: schema_errors.WIDE], known, 1, 0.5)
        hint = f'did you mean "{near[0]}"? ' if near else ""
        return Problem(where, key, f"unknown key; {hint}known keys here: {', '.join(known)}")
    return Problem(where, key, schema_errors.message(details, _range(loc)))


def _range(loc: tuple) -> str:
    """The accepted range of a number, from its field: " (accepted: 1 to 65,536)"."""
    field = _field(loc)
    low = high = None
    for item in field.metadata if field else ():
        low = getattr(item, "ge", None) if getattr(item, "ge", None) is not None else getattr(item, "gt", low)
        high = getattr(item, "le", None) if getattr(item, "le", None) is not None else getattr(item, "lt", high)
    if low is None or high is None:
        return ""
    return f" (accepted: {low:,} to {high:,})"


def _model_of(annotation) -> type[BaseModel] | None:
    """The table inside `Layer`, `tuple[Layer, ...]` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not isinstance(annotation, types.GenericAlias):
        return annotation
    return next((model for part in typing.get_args(annotation) if (model := _model_of(part))), None)


def _model_at(loc: tuple) -> type[BaseModel] | None:
    model, named = Scene, False
    for part in loc:
        if model is None or isinstance(part, int):
            continue
        if part.startswith(TAG):  # which kind of layer it is
            model = tables()[part.removeprefix(TAG)]
            continue
        if named:  # a name that is not ours: of a column
            named = False
            continue
        field = _named(model, part)
        annotation = field.annotation if field else None
        model, named = _model_of(annotation), typing.get_origin(annotation) is dict
    return model


def _field(loc: tuple):
    model = _model_at(loc[:-1])
    return _named(model, loc[-1]) if model and loc else None


def _named(model: type[BaseModel], key: str):
    """The field that a file calls so."""
    return next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)


def _known_keys(loc: tuple) -> list[str]:
    model = _model_at(loc)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []
