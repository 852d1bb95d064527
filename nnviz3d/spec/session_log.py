"""Timeline files: what a person did in a window, as lines of JSON, so that the session can be rendered again at any size and rate.

The first line is the head: the scene, where its data lie, versions. Every other line is one event at a time in seconds that never falls.
The vocabulary is closed, every value is checked before anything runs, and no event writes a file, opens a dialog or leaves the program: a
timeline from a stranger can do what a scene from a stranger can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from nnviz3d.spec import limits, paths, toml
from nnviz3d.spec.commands import COMMANDS
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.value_checks import Check, far, identity, many, nothing, number, one_of, plain, row, text, truth, whole

ENDING = ".timeline"
FORMAT = 1
BYTES, LINE, EVENTS = 256 << 20, 2 << 20, 1_000_000  # of a file, of a line, lines: an hour of an eager hand is 20 MB
SECONDS = 1e6
SHOWN = 100  # problems that are reported one by one
VIEW = ("look.", "view.", "title", "about", "record.", "test.")  # edits of these leave the network alone
_PATH = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_*]+)*")


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `step`: training steps that were done when it happened (kinds of `ACTS`). `now`, `held`, `loose`: what the undo list
    must know of an edit: the loop's time, whether a widget was held, and whether it had been let go since the last edit.

    | kind | value |
    |---|---|
    | step | None: so many steps were done by then |
    | do | of the command `name` |
    | edit | [[path, value, origins or None], ...] |
    | diverged | [network (0, or 1: the second network), number of the step whose numbers grew beyond all bounds] |
    | weights | path of a weights file that was put into the network |
    | place | [number, playing]: where a walk was |
    | pose | [target x, y, z, yaw, pitch, distance, shift x, y] of the camera as drawn |
    | seen | [picked, hovered, chosen, hovered edge, layer], -1 for none; an edge: [connection, edge inside it], or its parameter (older) |
    | window | [width, height, share of the panels, share kept for a table] |
    | asked | what panels light up in the picture: a table of some of `ASKED` |
    """

    time: float
    kind: str
    value: Any = None
    step: int = -1
    name: str = ""
    now: float = 0.0
    held: bool = False
    loose: bool = False


@dataclass(frozen=True)
class Timeline:
    """`base`: the folder of the scene's data. `begin`: where the film begins. `remember`: bytes for going back that the session had."""

    scene: Scene
    base: Path
    events: tuple[Event, ...]
    name: str = ""
    begin: float = 0.0
    remember: int = 0
    running: bool = False  # at time 0
    versions: dict[str, str] | None = None

    @property
    def end(self) -> float:
        return self.events[-1].time if self.events else 0.0


# ---------------------------------------------------------------- the vocabulary


def _path(value) -> str:
    known = isinstance(value, str) and len(value) <= 200 and _PATH.fullmatch(value) and value.partition(".")[0] in Scene.model_fields
    return "" if known else "expected the path of a setting, for example train.learning_rate"


_PLACE = row(whole(0, limits.PARAMETERS), whole(0, limits.PARAMETERS))  # of an edge: connection, edge inside it


def _edge(value) -> str:
    return _PLACE(value) if isinstance(value, (list, tuple)) else identity(value)


_ORIGINS = many(lambda v: "" if v is None else whole(0, limits.LAYERS)(v), limits.LAYERS)
KEPT = {kind.name: kind.check for kind in COMMANDS.values() if kind.check is not None}
"""The commands that a timeline may hold: those that change what is shown, and no others."""
ASKED: dict[str, Check] = {
    "attention": row(identity, identity, identity, truth),  # layer, head, token or -1, whether what looks at it
    "tracing": row(identity, truth, whole(1, 100), identity),  # neuron or -1, back or on, paths, the one alone or -1
    "pruning": row(identity, number(0, 1)),  # layer or -1 for all, share
}


def _asked(value) -> str:
    if not isinstance(value, dict) or value.keys() - ASKED.keys():
        return f"expected a table of {', '.join(ASKED)}"
    return next((f"{name}: {message}" for name, each in value.items() if (message := ASKED[name](each))), "")


VALUES: dict[str, Check] = {
    "step": nothing,
    "do": lambda _value: "",  # by its command
    "edit": many(row(_path, plain, lambda v: "" if v is None else _ORIGINS(v)), 100),
    "diverged": row(one_of(0, 1), whole(1, limits.STEPS)),
    "weights": text(4096),
    "place": row(number(0, 1e6), truth),
    "pose": row(*[far] * 5, number(1e-9, 1e9), *[far] * 2),
    "seen": row(identity, identity, _edge, _edge, identity),
    "window": row(whole(1, 10**5), whole(1, 10**5), number(0, 1), number(0, 1)),
    "asked": _asked,
}
ACTS = ("step", "do", "edit", "diverged", "weights", "place")
_KEYS = {"t", "k", "v", "step", "name", "now", "held", "loose"}


def problem(event: Event) -> str:
    """What is wrong with an event by itself; "" where it can be used."""
    if event.kind not in VALUES:
        return f"unknown kind {event.kind!r:.40}; one of {', '.join(VALUES)}"
    if event.kind == "do" and event.name not in KEPT:
        return f"{event.name!r:.40} is not a command allowed in a timeline; expected one of {', '.join(KEPT)}"
    if event.kind in ACTS and (message := whole(0, limits.STEPS)(event.step)):
        return f"step: {message}"
    message = KEPT[event.name](event.value) if event.kind == "do" else VALUES[event.kind](event.value)
    return f"{event.name or event.kind}: {message}, found {event.value!r:.60}" if message else ""


# ---------------------------------------------------------------- writing


def save(path: Path, timeline: Timeline) -> None:
    """All of it or nothing. Raises InputError where it cannot be written."""
    head = {
        "nnviz3d": "timeline", "format": FORMAT, "scene": toml.dump(timeline.scene), "base": str(timeline.base), "name": timeline.name,
        "seed": timeline.scene.train.seed, "begin": timeline.begin, "remember": timeline.remember, "running": timeline.running,
        "versions": timeline.versions or {},
    }  # fmt: skip
    lines = (json.dumps(row, separators=(",", ":"), allow_nan=False, ensure_ascii=False) for row in (head, *map(_line, timeline.events)))
    paths.write(path, ("\n".join(lines) + "\n").encode())


def _line(event: Event) -> dict:
    row: dict = {"t": event.time, "k": event.kind}
    if event.value is not None:
        row["v"] = event.value
    if event.step >= 0:
        row["step"] = event.step
    for key, empty in (("name", ""), ("now", 0.0), ("held", False), ("loose", False)):
        if (value := getattr(event, key)) != empty:
            row[key] = value
    return row


# ---------------------------------------------------------------- reading


def load(path: Path) -> Timeline:
    """Raises InputError with every problem found, each with its line."""
    path = Path(path)
    paths.regular_file(path, BYTES, "timeline")
    found = _Found(str(path))
    try:
        with path.open("rb") as file:
            rows = found.rows(file)
            first = next(rows, None)
            head = found.head(first[1]) if first else found.say("line 1", "expected the header of a timeline; the file is empty")
            events = tuple(found.events(rows)) if head is not None else ()
    except OSError as error:
        raise InputError.of(str(path), "", f"cannot be read: {error.strerror}") from None
    if head is not None and not found.count:
        if not events:
            found.say("", "contains no events, so there is nothing to show")
        elif head.begin > events[-1].time:
            found.say("begin", f"the film begins at {head.begin:g} s, after the end ({events[-1].time:g} s)")
    if head is None or found.count:
        raise found.error()
    home = path.absolute().parent
    return replace(head, base=head.base if inside(home, head.base) and head.base.is_dir() else home, events=events)


def inside(home: Path, name: str | Path) -> bool:
    """Whether a path lies in this folder: a file from anywhere reads nothing outside of its own."""
    try:
        return Path(name).resolve().is_relative_to(home.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have
        return False


class _Found:
    """What is wrong with a file, while it is read."""

    def __init__(self, where: str):
        self.where, self.count = where, 0
        self.problems: list[Problem] = []

    def say(self, key: str, message: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.problems.append(Problem(self.where, key, message))

    def error(self) -> InputError:
        more = [Problem(self.where, "", f"and {self.count - SHOWN:,} more problems")] if self.count > SHOWN else []
        return InputError(*self.problems, *more)

    def rows(self, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
        """(number, object) of every line."""
        line = 0
        while raw := file.readline(LINE + 1):
            line += 1
            if len(raw) > LINE:
                return self.say(f"line {line}", f"longer than {LINE:,} bytes")
            if line > EVENTS + 1:
                return self.say("", f"more than {EVENTS:,} events")
            try:
                row = json.loads(raw.decode(), parse_constant=_not_a_number)
            except (ValueError, RecursionError) as error:
                self.say(f"line {line}", f"not JSON: {error}"[:200])
                continue
            if isinstance(row, dict):
                yield line, row
            else:
                self.say(f"line {line}", "expected a JSON object")

    def head(self, row: dict[str, Any]) -> Timeline | None:
        """The timeline without its events; None where something is wrong. Its base is the one that the file names."""
        if row.get("nnviz3d") != "timeline":
            return self.say("line 1", "is not the header of an nnviz3d timeline")
        if row.get("format") != FORMAT:
            return self.say("format", f"is {row.get('format')!r:.40}; this version of nnviz3d reads {FORMAT}")
        checks = {
            "base": text(4096), "name": lambda v: "" if v == "" else text(200)(v), "begin": number(0, SECONDS), "running": truth,
            "remember": whole(0, 1 << 30), "seed": whole(0, 2**32), "versions": plain,
            "scene": lambda v: "" if isinstance(v, str) else "expected a scene as TOML",
        }  # fmt: skip
        unknown = sorted(map(str, row.keys() - checks.keys() - {"nnviz3d", "format"}))
        for key in unknown[:10]:
            self.say(f"head.{key}"[:60], "unknown key")
        for key, check in checks.items():
            message = check(row[key]) if key in row else "missing"
            if message:
                self.say(f"head.{key}", message)
        scene = None
        try:
            document = row.get("scene")
            scene = toml.validate(toml.parse(document.encode() if isinstance(document, str) else b"", "scene"), self.where)
        except InputError as error:
            for each in error.problems:
                self.say(f"head.scene.{each.key}" if each.key else "head.scene", each.message)
        if self.count or scene is None:
            return None
        rest = {key: row[key] for key in ("name", "begin", "running", "remember", "versions")}
        return Timeline(scene, Path(row["base"]), (), **rest)

    def events(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Event]:
        last = 0.0
        for line, entry in rows:
            key, message = f"line {line}", ""
            time: Any = entry.get("t")
            now = entry.get("now", 0.0)
            if entry.keys() - _KEYS:
                message = f"unknown key {min(entry.keys() - _KEYS)!r:.40}"
            elif number(0, SECONDS)(time):
                message = f"t: {number(0, SECONDS)(time)}, found {time!r:.40}"
            elif time < last:
                message = f"t: {time:g} s comes after {last:g} s; times must not decrease"
            elif number(0, 1e12)(now) or truth(entry.get("held", False)) or truth(entry.get("loose", False)):
                message = "now, held and loose: expected a number from 0 and two booleans"
            elif not isinstance(entry.get("k"), str) or not isinstance(entry.get("name", ""), str):
                message = "k and name: expected texts"
            else:
                step = entry.get("step", -1)
                held, loose = entry.get("held", False), entry.get("loose", False)
                event = Event(float(time), entry["k"], entry.get("v"), step, entry.get("name", ""), now, held, loose)
                message, last = problem(event), float(time)
            if message:
                self.say(key, message)
            else:
                yield event


def _not_a_number(text: str):
    raise ValueError(f"{text} is not a number")
