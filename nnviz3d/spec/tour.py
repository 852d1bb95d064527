"""What a guided tour is: lessons of a few steps each, as frozen models, and the files they are read from.

A step says which text is shown (an id in the message catalogues), what the network does, what is viewed and marked. Files are data:
`scenes/tour/`: `tour.toml`, `lessons/*.toml`, `messages/*.toml`. Nothing here runs anything; `app.tour.controller` makes a step true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from nnviz3d.spec import i18n, paths, schema_errors, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.i18n import Catalogue
from nnviz3d.spec.model_base import Table
from nnviz3d.spec.phases import Place
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import outline_topology

# what a visitor can be invited to: turn the network, point at a neuron, click one, drag the timeline, draw a picture
Deed = Literal["", "turn", "point", "pick", "scrub", "draw"]
Direction = Literal["three_quarter", "front", "side", "top", "input", "output"]
Degrees = Annotated[float, Field(ge=-360, le=360)]
Name = Annotated[str, Field(max_length=80)]
MANIFEST = "tour.toml"
VALUES = frozenset({
    "inputs", "units", "groups", "terms", "classes", "parameters", "batch", "test_count", "positive", "negative", "rise", "fall",
    "truth", "said", "share_said", "share", "p", "loss_before", "output_error", "loss_after", "said_after", "share_said_after",
    "z", "bias", "activation", "error", "weight", "input", "term", "gradient", "weight_before", "weight_after", "factor",
    "step", "loss", "accuracy", "tested",
})  # fmt: skip
"""Placeholders of texts; `app.readout.placeholders` knows the number behind each."""


class Camera(Table):
    """From where one looks: a preset, or `yaw` and `pitch` in degrees. `frame`: what must be in the picture ("layer:K", "neuron",
    "source"); empty: all of the network."""

    view: Direction = "three_quarter"
    yaw: Degrees | None = None
    pitch: Annotated[float, Field(ge=-87, le=87)] | None = None
    frame: tuple[Name, ...] = Field(default=(), max_length=8)


class Step(Table):
    """One text, and what is to be seen with it.

    Either `phase` (a place in the tour's iteration, reached in `seconds`) or `train` (after so many steps; with `until` training goes on to
    that step at `pace` steps a second). `neuron`: "strongest:K" or "error:K" of layer K, "answer" or "truth" of the output. `edge`: the
    weight into it with the largest "term" or "gradient". `mark`: "neuron", "source" (where the edge begins), "inputs" (all lines into the
    neuron), "layer:K".
    """

    text: Name
    phase: Name = ""
    seconds: float = Field(default=1.6, ge=0, le=60)
    train: int = Field(default=-1, ge=-1, le=1_000_000)
    until: int = Field(default=0, ge=0, le=1_000_000)
    pace: float = Field(default=60.0, gt=0, le=1e6)
    neuron: Name = ""
    edge: Literal["", "term", "gradient"] = ""
    pick: bool = Field(default=False, description="the neuron is picked: its edges stand out, and the Neuron panel tells of it")
    mark: tuple[Name, ...] = Field(default=(), max_length=8)
    cards: tuple[Literal["table", "function"], ...] = Field(default=(), description="of a walk's own cards, those that stay")
    section: Name = Field(default="", description="the panel that is open; none: panels are away")
    invite: Name = ""
    deed: Deed = ""
    camera: Camera = Camera()

    @model_validator(mode="after")
    def _one_thing(self):
        if bool(self.phase) == (self.train >= 0):
            raise ValueError("a step has either `phase` (a place in the iteration) or `train` (after so many steps)")
        if self.until and self.until < self.train:
            raise ValueError(f"`until` must not be less than `train` ({self.train})")
        if bool(self.invite) != bool(self.deed):
            raise ValueError("`invite` (the request) and `deed` (the action that fulfils it) must be given together")
        if (self.edge or self.pick) and not self.neuron:
            raise ValueError("`edge` and `pick` need `neuron`")
        return self


class LessonNetwork(Table):
    """What is shown. `step`: the iteration that is walked through is the one after so many steps; `row`: which sample of its batch."""

    scene: Name
    set: dict[str, Any] = Field(default_factory=dict, max_length=50)
    step: int = Field(ge=0, le=1_000_000)
    row: int = Field(default=0, ge=0, le=1_000_000)


class Lesson(Table):
    """`strip`: what runs along the card: the iteration's phases, the run's numbers, or nothing. `network`: its own, if not the tour's."""

    title: Name
    network: LessonNetwork | None = None
    strip: Literal["", "phases", "numbers"] = ""
    steps: tuple[Step, ...] = Field(min_length=1, max_length=30)


class Manifest(LessonNetwork):
    """The network of the lessons that have none of their own, and the lessons in order."""

    lessons: tuple[Name, ...] = Field(min_length=1, max_length=20)


@dataclass(frozen=True)
class LessonSubject:
    """The network of a lesson: its scene, that scene's file, and the iteration that is walked through, as `LessonNetwork` says."""

    scene: Scene
    path: Path
    step: int
    row: int


@dataclass(frozen=True)
class Tour:
    """All of it, checked: every place, layer, message and placeholder exists. `subjects`: one for each lesson."""

    subjects: tuple[LessonSubject, ...]
    lessons: tuple[Lesson, ...]
    catalogues: dict[str, Catalogue]


def load(folder: Path | None = None) -> Tour:
    """The shipped tour, or one of the same kind. Raises InputError with all problems of all its files."""
    folder = folder or paths.resource("scenes", "tour")
    problems: list[Problem] = []
    manifest = _read(Manifest, folder / MANIFEST, problems)
    catalogues = i18n.load(folder / "messages", VALUES, problems)
    if manifest is None:
        raise InputError(*problems)
    files = [folder / "lessons" / f"{name}.toml" for name in manifest.lessons]
    lessons = [(path, lesson) for path in files if (lesson := _read(Lesson, path, problems)) is not None]
    shown = _subject(manifest, folder / MANIFEST, problems)
    subjects = [shown if lesson.network is None else _subject(lesson.network, path, problems) for path, lesson in lessons]
    english = catalogues.get(i18n.REFERENCE)
    for (path, lesson), subject in zip(lessons, subjects, strict=True):
        problems += () if subject is None else _wrong(lesson, str(path), subject.scene, english)
    if problems:
        raise InputError(*problems)
    return Tour(tuple(filter(None, subjects)), tuple(lesson for _, lesson in lessons), catalogues)


def _subject(network: LessonNetwork, where: Path, problems: list[Problem]) -> LessonSubject | None:
    try:
        path = toml.find(network.scene)
        scene = toml.load(path, [Edit(key, value) for key, value in network.set.items()])
    except InputError as error:
        problems += [Problem(problem.where or str(where), problem.key, problem.message) for problem in error.problems]
        return None
    return LessonSubject(scene, path, network.step, network.row)


File = TypeVar("File", Manifest, Lesson)


def _read(model: type[File], path: Path, problems: list[Problem]) -> File | None:
    try:
        return model.model_validate(toml.read(path))
    except InputError as error:
        problems += error.problems
    except ValidationError as error:
        problems += [_problem(details, model, str(path)) for details in error.errors(include_url=False)]
    return None


def _problem(details: ErrorDetails, model: type[Table], where: str) -> Problem:
    message = schema_errors.message(details)
    if details["type"] == "extra_forbidden":
        message = "unknown key; each key and what it means is in nnviz3d/spec/tour.py"
    return Problem(where, schema_errors.key(details["loc"]), message)


def _wrong(lesson: Lesson, where: str, scene: Scene, english: Catalogue | None) -> Iterable[Problem]:
    """What each step names and is not there."""
    topology = outline_topology(scene.network)
    known = set() if english is None else english.texts.keys()
    for key, message in [("title", lesson.title), *((f"steps.{k}.{n}", getattr(s, n)) for k, s in enumerate(lesson.steps) for n in _TEXTS)]:
        if message and english is not None and message not in known:
            yield Problem(where, key, f'no message "{message}" in the catalogues')
    for k, step in enumerate(lesson.steps):
        if step.phase:
            try:
                Place.parse(step.phase, topology, f"steps.{k}.phase")
            except InputError as error:
                yield from (Problem(where, problem.key, problem.message) for problem in error.problems)
        for key, names, kinds in (
            ("neuron", (step.neuron,), "strongest:K error:K answer truth"),
            ("mark", step.mark, "neuron source inputs layer:K"),
            ("camera.frame", step.camera.frame, "neuron source layer:K"),
        ):
            for name in names:
                if name and not _known(name, kinds, topology):
                    layers = len(topology.nodes) - 1
                    yield Problem(where, f"steps.{k}.{key}", f'expected one of {kinds} (K from 0 to {layers}), found "{name}"')
                elif name in _NEEDS and not getattr(step, _NEEDS[name]):
                    yield Problem(where, f"steps.{k}.{key}", f'"{name}" needs `{_NEEDS[name]}`')


_TEXTS = ("text", "invite")
_NEEDS = {"neuron": "neuron", "inputs": "neuron", "source": "edge"}


def _known(name: str, kinds: str, topology: Topology) -> bool:
    kind, colon, layer = name.partition(":")
    if not colon:
        return name in kinds.split()
    return f"{kind}:K" in kinds.split() and re.fullmatch(r"\d{1,3}", layer) is not None and int(layer) < len(topology.nodes)
