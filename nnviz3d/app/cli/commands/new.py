"""`nnviz3d new` and `nnviz3d scenes`: a scene file to start from, and the list of shipped ones.

The annotations are made from the models themselves (`spec.scene`), so they cannot go stale.
"""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nnviz3d.app.cli.commands.common import Options, check_outputs
from nnviz3d.spec import paths, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import LayerTable, tables
from nnviz3d.spec.scene import Layer, Network, Scene, Train

HEAD = """\
# A scene for nnviz3d: what the network learns, how, and how it is shown.
# A line that starts with "# name = value" shows the default; remove the "# " to change it.
# See it with `nnviz3d run {file}`; try one value with `--set train.learning_rate=0.01`.
"""
STARTER = Scene(
    title="My network",
    about="Handwritten digits, learned live.",
    network=Network(layers=(Layer(units=32), Layer(units=16))),
    train=Train(learning_rate=0.003),
)


def new(options: Options, name: str) -> Path:
    """Write NAME (.toml is added). Raises InputError where the file exists or cannot be written."""
    path = Path(name) if name.lower().endswith(".toml") else Path(name + ".toml")
    check_outputs(NAME=path)
    if path.exists():
        raise InputError.of(str(path), "", "exists already; choose another name")
    scene = toml.apply(STARTER, options.edits(), "--set")
    text = annotated(scene, path.name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError.of(str(path), "", f"cannot be written: {error.strerror}") from None
    return path


def shipped() -> list[dict[str, str]]:
    """Name, title, sentence and path of every shipped scene."""
    found = []
    for name, path in paths.scene_paths().items():
        scene = toml.load(path)
        found.append({"name": name, "title": scene.title, "about": scene.about, "path": str(path)})
    return found


def annotated(scene: Scene, file: str = "FILE") -> str:
    """The whole scene as TOML: every key there is, with what it accepts; keys at their default are commented out."""
    lines = [HEAD.format(file=file)]
    tables = {key: value for key in Scene.model_fields if isinstance(value := getattr(scene, key), BaseModel)}
    lines += _keys(scene, skip=set(tables))
    for key, table in tables.items():
        lines += _table(key, table)
    return "\n".join(lines) + "\n"


def _table(path: str, table: BaseModel) -> list[str]:
    """`[path]` with its keys, then its inner tables and lists of tables (TOML wants them last)."""
    inner = {key: value for key in type(table).model_fields if _has_tables(value := getattr(table, key), type(table).model_fields[key])}
    lines = ["", *_docstring(table), f"[{path}]", *_keys(table, skip=set(inner))]
    for key, value in inner.items():
        if isinstance(value, BaseModel):
            lines += _table(f"{path}.{key}", value)
        for item in value if isinstance(value, tuple) else ():
            lines += ["", *_docstring(item), f"[[{path}.{key}]]", *_keys(item, skip=set())]
        if value == ():
            lines += _example(f"{path}.{key}", type(table).model_fields[key])
        if f"{path}.{key}" == "network.layers":
            lines += _kinds()
    return lines


def _kinds() -> list[str]:
    """What other kinds of layers there are, a line for each: its sentence and the keys of its own."""
    lines = ["", "# Other kinds of layers, and the keys of each; kind = NAME chooses one. More in docs/conventions.md."]
    for kind, table in list(tables().items())[1:]:
        sentence = re.split(r"(?<=\.)\s", " ".join((table.__doc__ or "").split()), maxsplit=1)[0]
        keys = [field.alias or name for name, field in table.model_fields.items() if name not in LayerTable.model_fields]
        lines.append(f"# {kind}: {sentence}" + (f" Keys: {', '.join(keys)}." if keys else ""))
    return lines


def _example(path: str, field: FieldInfo) -> list[str]:
    """One item of a list of tables that has none, commented out: "remove the #" holds for its head too."""
    kind = _models(field.annotation)[0]
    item = kind()
    inner = {key for key in kind.model_fields if _has_tables(getattr(item, key), kind.model_fields[key])}
    lines = ["", *_docstring(item), f"# [[{path}]]", *_keys(item, skip=inner)]
    for key in sorted(inner):
        lines += _example(f"{path}.{key}", kind.model_fields[key])
    return lines


def _has_tables(value: Any, field: FieldInfo) -> bool:
    if typing.get_origin(field.annotation) is dict:  # by names of somebody else's: described in one line
        return False
    return isinstance(value, BaseModel) or bool(_models(field.annotation))


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The tables in an annotation: of a layer those of all kinds, the plain one first."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models(part)]


def _docstring(table: BaseModel) -> list[str]:
    return [f"# {' '.join((type(table).__doc__ or '').split())}"]


def _keys(table: BaseModel, skip: set[str]) -> list[str]:
    lines = []
    for key, field in type(table).model_fields.items():
        if key in skip:
            continue
        value = getattr(table, key)
        off = "# " if value == field.get_default(call_default_factory=True) else ""
        name = field.alias or key
        said = f"# {name}: not set" if value is None else f"{off}{name} = {toml.literal(value)}"
        lines.append(said.ljust(34) + f"  # {_accepts(field)}")
    return lines


def _accepts(field: FieldInfo) -> str:
    """Range or choices, then the field's own words: "0 to 1; 0: off"."""
    parts = []
    if choices := _choices(field.annotation):
        parts.append(" | ".join(filter(None, choices)))
    inner = [part for part in typing.get_args(field.annotation) if typing.get_origin(part) is typing.Annotated]  # of "a number or nothing"
    low, high = _bounds(
        [*field.metadata, *(item for part in inner for info in part.__metadata__ for item in getattr(info, "metadata", ()))]
    )
    if high and low:
        parts.append(f"{low} to {high}")
    elif high:
        parts.append(f"at most {high} {'characters' if field.annotation is str else 'items'}")
    elif field.annotation is bool:
        parts.append("true | false")
    elif not parts and str not in typing.get_args(field.annotation):  # a number or a text: its own words say what
        parts.append(
            "text" if field.annotation is str else "three numbers" if type(None) in typing.get_args(field.annotation) else "a list"
        )
    return "; ".join([*parts, *([field.description] if field.description else [])])


def _choices(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return [str(choice) for choice in typing.get_args(annotation)]
    return [choice for part in typing.get_args(annotation) for choice in _choices(part)]


def _bounds(metadata: list[Any]) -> tuple[str, str]:
    """The ends of the accepted range in words: ("above 0", "1,000"); empty where there is none."""
    found = {name: getattr(item, name) for item in metadata for name in ("ge", "gt", "le", "lt", "max_length") if hasattr(item, name)}
    words = {"ge": "", "gt": "above ", "le": "", "lt": "below ", "max_length": ""}
    ends = {
        name: f"{words[name]}{value:,}" if isinstance(value, int) or value < 1e6 else f"{words[name]}{value:g}"
        for name, value in found.items()
        if value is not None
    }
    return ends.get("ge") or ends.get("gt", ""), ends.get("le") or ends.get("lt") or ends.get("max_length", "")
