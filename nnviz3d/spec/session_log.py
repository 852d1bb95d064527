"""Timeline files: what a person did in a window, as lines of JSON, so that the session can be rendered again at any size and rate.

The first line is the head: the scene, where its data lie, versions. Every other line is one event at a time in seconds that never falls.
The vocabulary is closed, every value is checked before anything runs, and no event writes a file, opens a dialog or leaves the program: a
timeline from a stranger can do what a scene from a stranger can.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnviz3d.spec import limits, paths, toml, value_checks
from nnviz3d.spec.commands import COMMANDS
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.value_checks import Check

ENDING = ".timeline"
FORMAT = 1
BYTES, LINE, EVENTS = 256 << 20, 2 << 20, 1_000_000  # of a file, of a line, lines: an hour of an eager hand is 20 MB
SECONDS = 1e6
SHOWN = 100  # problems that are told one by one
VIEW = ("look.", "view.", "title", "about", "record.", "test.")  # edits of these leave the network alone


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `step`: training steps that were done when it happened (kinds of `ACTS`). `now`, `held`, `loose`: what the undo list
    must know of an edit: the loop's time, whether a widget was held, and whether it had been let go since the last edit.

    | kind | value |
    |---|---|
    | step | None: so many steps were done by then |
    | do | of the command `name` |
    | edit | [[path, value, origins or None], ...] |
    | diverged | [network (0, or 1: the rival), number of the step whose numbers grew beyond all bounds] |
    | weights | path of a weights file that was put into the network |
    | place | [number, playing]: where a walk was |
    | pose | [target x, y, z, yaw, pitch, distance, shift x, y] of the camera as drawn |
    | seen | [picked, hovered, chosen, hovered edge, layer], -1 for none; an edge: [connection, edge inside it], or its parameter (older) |
    | window | [width, height, share of the panels, share kept for a table] |
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


# ---------------------------------------------------------------- what a value may be: "" or what is wrong with it

_ORIGINS = value_checks.many(lambda v: "" if v is None else value_checks.whole(0, limits.LAYERS)(v), limits.LAYERS)
_SIZE, _SHARE = value_checks.whole(1, 10**5), value_checks.number(0, 1)
_CHANGE = value_checks.row(value_checks.setting, value_checks.plain, lambda v: "" if v is None else _ORIGINS(v))
KEPT = {kind.name: kind.check for kind in COMMANDS.values() if kind.check is not None}
"""The commands that a timeline may hold: those that change what is shown, and no others."""
VALUES: dict[str, Check] = {
    "step": value_checks.nothing,
    "do": lambda _value: "",  # by its command
    "edit": value_checks.many(_CHANGE, 100),
    "diverged": value_checks.row(value_checks.one_of(0, 1), value_checks.whole(1, limits.STEPS)),
    "weights": value_checks.text(4096),
    "place": value_checks.row(value_checks.number(0, 1e6), value_checks.truth),
    "pose": value_checks.row(*[value_checks.far] * 5, value_checks.number(1e-9, 1e9), *[value_checks.far] * 2),
    "seen": value_checks.row(*[value_checks.identity] * 2, *[value_checks.edge] * 2, value_checks.identity),
    "window": value_checks.row(_SIZE, _SIZE, _SHARE, _SHARE),
}
ACTS = ("step", "do", "edit", "diverged", "weights", "place")
_KEYS = {"t", "k", "v", "step", "name", "now", "held", "loose"}


def problem(event: Event) -> str:
    """What is wrong with an event by itself; "" where it can be used."""
    if event.kind not in VALUES:
        return f"unknown kind {event.kind!r:.40}; one of {', '.join(VALUES)}"
    if event.kind == "do" and event.name not in KEPT:
        return f"{event.name!r:.40} is no command that a timeline may hold; one of {', '.join(KEPT)}"
    if event.kind in ACTS and (told := value_checks.whole(0, limits.STEPS)(event.step)):
        return f"step: {told}"
    told = KEPT[event.name](event.value) if event.kind == "do" else VALUES[event.kind](event.value)
    return f"{event.name or event.kind}: {told}, found {event.value!r:.60}" if told else ""


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
            head = next(rows, None)
            made = found.head(head[1]) if head else found.say("line 1", "expected the head of a timeline; the file is empty")
            events = tuple(found.events(rows)) if made is not None else ()
    except OSError as error:
        raise InputError.of(str(path), "", f"cannot be read: {error.strerror}") from None
    if made is not None and not events and not found.count:
        found.say("", "holds no events, so there is nothing to show")
    if made is not None and not found.count and made["begin"] > events[-1].time:
        found.say("begin", f"the film begins at {made['begin']:g} s, after the end ({events[-1].time:g} s)")
    home = path.absolute().parent
    found.raise_them()
    base = made.pop("base")
    return Timeline(base=Path(base) if inside(home, base) and Path(base).is_dir() else home, events=events, **made)


def inside(home: Path, name: str) -> bool:
    """Whether a path lies in this folder: a file from anywhere reads nothing outside of its own."""
    try:
        return Path(name).resolve().is_relative_to(home.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have
        return False


class _Found:
    """What is wrong with a file, while it is read."""

    def __init__(self, where: str):
        self.where, self.count, self.problems = where, 0, []

    def say(self, key: str, message: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.problems.append(Problem(self.where, key, message))

    def raise_them(self) -> None:
        if self.count > SHOWN:
            self.problems.append(Problem(self.where, "", f"and {self.count - SHOWN:,} more problems"))
        if self.problems:
            raise InputError(*self.problems)

    def rows(self, file) -> Iterator[tuple[int, dict]]:
        """(number, object) of every line."""
        number = 0
        while raw := file.readline(LINE + 1):
            number += 1
            if len(raw) > LINE:
                return self.say(f"line {number}", f"longer than {LINE:,} bytes")
            if number > EVENTS + 1:
                return self.say("", f"more than {EVENTS:,} events")
            try:
                row = json.loads(raw.decode(), parse_constant=_not_a_number)
            except (ValueError, RecursionError) as error:
                self.say(f"line {number}", f"not JSON: {error}"[:200])
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                self.say(f"line {number}", "expected a JSON object")

    def head(self, row: dict) -> dict | None:
        """Keywords of `Timeline`, or None where it is none."""
        if row.get("nnviz3d") != "timeline":
            return self.say("line 1", "is not the head of an nnviz3d timeline")
        if row.get("format") != FORMAT:
            return self.say("format", f"is {row.get('format')!r:.40}; this version of nnviz3d reads {FORMAT}")
        checks = {
            "base": value_checks.text(4096), "name": lambda v: "" if v == "" else value_checks.text(200)(v),
            "begin": value_checks.number(0, SECONDS), "running": value_checks.truth,
            "remember": value_checks.whole(0, 1 << 30), "seed": value_checks.whole(0, 2**32), "versions": value_checks.plain,
            "scene": lambda v: "" if isinstance(v, str) else "expected a scene as TOML",
        }  # fmt: skip
        unknown = sorted(map(str, row.keys() - checks.keys() - {"nnviz3d", "format"}))
        for key in unknown[:10]:
            self.say(f"head.{key}"[:60], "unknown key")
        for key, check in checks.items():
            told = check(row[key]) if key in row else "missing"
            if told:
                self.say(f"head.{key}", told)
        scene = None
        try:
            text = row.get("scene")
            scene = toml.validate(toml.parse(text.encode() if isinstance(text, str) else b"", "scene"), self.where)
        except InputError as error:
            for each in error.problems:
                self.say(f"head.scene.{each.key}" if each.key else "head.scene", each.message)
        if self.count:
            return None
        return {key: row[key] for key in ("base", "name", "begin", "running", "remember", "versions")} | {"scene": scene}

    def events(self, rows: Iterable[tuple[int, dict]]) -> Iterator[Event]:
        last = 0.0
        for number, row in rows:
            key, told = f"line {number}", ""
            time, now = row.get("t"), row.get("now", 0.0)
            if row.keys() - _KEYS:
                told = f"unknown key {min(row.keys() - _KEYS)!r:.40}"
            elif wrong := value_checks.number(0, SECONDS)(time):
                told = f"t: {wrong}, found {time!r:.40}"
            elif time < last:
                told = f"t: {time:g} s comes after {last:g} s; times never fall"
            elif (
                value_checks.number(0, 1e12)(now)
                or value_checks.truth(row.get("held", False))
                or value_checks.truth(row.get("loose", False))
            ):
                told = "now, held and loose: expected a number from 0 and two truths"
            elif not isinstance(row.get("k"), str) or not isinstance(row.get("name", ""), str):
                told = "k and name: expected texts"
            else:
                step = row.get("step", -1)
                event = Event(
                    float(time), row["k"], row.get("v"), step, row.get("name", ""), now, row.get("held", False), row.get("loose", False)
                )
                told, last = problem(event), float(time)
            if told:
                self.say(key, told)
            else:
                yield event


def _not_a_number(text: str):
    raise ValueError(f"{text} is not a number")
