"""What an `F.nnrec` folder is, a recording of a training run: its index, line by line, and every reason why it cannot be one.

`index.jsonl` holds a line that says what is recorded, one line for every whole chunk, and at last how it ended; lines are only ever added,
each when its chunk lies on the disk, so a crash at any byte costs the chunk in work and nothing else. Chunk k is `000k.safetensors`, by
number: nothing in a recording names a file. Tensors of T kept steps, P parameters, N neurons and S steps: "step" (T,), "epoch" (T,),
"parameter" (T, P), "z" and "activation" (T, N) of the recorded sample, "loss" (S,) of every step since the chunk before.
Recordings come from other people: every size is judged before memory is asked for, all problems are reported at once, links are not
followed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nnviz3d.spec import limits, paths, schema_errors
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import MANY
from nnviz3d.spec.topology import Topology

INDEX = "index.jsonl"
INDEX_BYTES = 64 << 20  # 300,000 chunks; of 32 MB each that is 10 TB
ROWS, LOSSES = 1 << 16, 1 << 22  # kept steps, and steps, of one chunk
KEPT = 20_000_000  # kept steps of a recording: their numbers are held, 8 bytes each
SHOWN = 100  # problems that are reported one by one
TYPES = {"F16": np.float16, "F32": np.float32}

Step = Field(ge=0, le=limits.STEPS)


class IndexLine(BaseModel):
    """A line of the index: closed, strict, finite and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Target(IndexLine):
    """A numeric target that has a unit, as of `spec.units.Unit`: answers are mean + deviation * output where it was standardised."""

    mean: float
    deviation: float = Field(gt=0)
    low: float
    high: float
    spread: float = Field(gt=0)
    decimals: int = Field(ge=0, le=20)


class Facts(IndexLine):
    """The data set, for who has it no longer. `target` is that of the recorded sample: a class id or numbers."""

    name: str = Field(max_length=1000)
    task: Literal["classification", "regression"]
    shape: tuple[int, ...] = Field(max_length=8)
    train: int = Field(ge=1)
    test: int = Field(ge=0)
    outputs: tuple[str, ...] = Field(min_length=1, max_length=limits.UNITS)
    features: tuple[str, ...] = Field(default=(), max_length=limits.UNITS)
    index: int = Field(ge=0, description="the recorded sample, in the test set, or in the training set where there is none")
    target: int | tuple[float, ...]
    axes: tuple[str, ...] = Field(default=(), max_length=8, description="of `shape`, where the data say; of a sequence a target by token")
    targets: tuple[Target, ...] | None = Field(default=None, max_length=limits.UNITS, description="None: recorded before targets had units")


class TensorNode(IndexLine):
    """A node of the network: what made it of which others, its shape, and its arrays of parameters in the order of the flat arrays."""

    name: str = Field(max_length=60)
    kind: str = Field(max_length=60)
    inputs: tuple[Annotated[str, Field(max_length=60)], ...] = Field(max_length=MANY)
    shape: tuple[Annotated[int, Field(ge=1, le=limits.UNITS * MANY)], ...] = Field(max_length=8)
    parts: tuple[tuple[str, tuple[int, ...]], ...] = Field(default=(), max_length=8)


def nodes_of(topology: Topology) -> tuple[TensorNode, ...]:
    """A network as a recording tells it."""
    return tuple(
        TensorNode(
            name=node.name, kind=node.kind, inputs=node.inputs, shape=node.shape,
            parts=tuple((part, r.shape) for part, r in node.parameters),
        )
        for node in topology.nodes
    )  # fmt: skip


class Head(IndexLine):
    """What is recorded. `nodes`: so that others read a recording without knowing our scenes; None in those of before."""

    nnrec: Literal[1]
    scene: str = Field(max_length=limits.SCENE_BYTES, description="as TOML")
    versions: dict[str, str]
    seed: int
    backend: str = Field(max_length=100)
    every: int = Field(ge=1, le=limits.STEPS)
    dtype: Literal["F16", "F32"]
    parameters: int = Field(ge=1, le=limits.PARAMETERS)
    neurons: int = Field(ge=2, le=limits.NEURONS)
    data: Facts
    nodes: tuple[TensorNode, ...] | None = Field(default=None, max_length=limits.LAYERS + 2)


class Chunk(IndexLine):
    """A whole chunk: `kept` steps from `first` to `last`, losses of the steps after `after` up to `until`.

    `scores`: (step, test loss, train accuracy, test accuracy) where they were measured; None where there is none.
    """

    chunk: int = Field(ge=0)
    bytes: int = Field(ge=8, le=limits.DATA_BYTES)
    kept: int = Field(ge=1, le=ROWS)
    first: int = Step
    last: int = Step
    after: int = Step
    until: int = Step
    scores: tuple[tuple[int, float | None, float | None, float | None], ...] = ()


class End(IndexLine):
    """It ended by itself: `end` is the training's reason ("steps", "diverged", "interrupted", a stop condition), after `step` steps."""

    end: str = Field(max_length=200)
    step: int = Step
    diverged: int | None = Field(default=None, ge=1, le=limits.STEPS)


def chunk_name(number: int) -> str:
    return f"{number:06d}.safetensors"


@dataclass(frozen=True)
class Index:
    """The index as it was read. `end`: None where the recording was cut off, or goes on."""

    head: Head
    chunks: tuple[Chunk, ...]
    end: End | None

    @classmethod
    def read(cls, folder: Path) -> Index:
        """Raises InputError with every problem. What stands after the last whole line was being written when the recording stopped."""
        where, file = str(folder), folder / INDEX
        if not os.path.lexists(folder):
            raise InputError.of(where, "", "no such recording")
        if not folder.is_dir():
            raise InputError.of(where, "", f"is not a folder; a recording is a folder with an {INDEX} and chunks")
        if file.is_symlink():
            raise InputError.of(str(file), "", "is a link; a recording reads only its own files")
        paths.regular_file(file, INDEX_BYTES, "recording's index")
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise InputError.of(str(file), "", f"cannot be read: {error.strerror}") from None
        lines = raw.split(b"\n")[:-1]
        if not lines:
            raise InputError.of(str(file), "", "contains no complete line: the recording was interrupted before its first entry")
        problems: list[Problem] = []
        head = _line(Head, lines[0], str(file), 1, problems)
        found = [_line(End if line.startswith(b'{"end"') else Chunk, line, str(file), k, problems) for k, line in enumerate(lines[1:], 2)]
        if head is None or problems:
            raise InputError(*problems[:SHOWN])
        last = found[-1] if found else None
        end = last if isinstance(last, End) else None
        problems += _order(str(file), found if end is None else found[:-1])
        if problems:
            raise InputError(*problems[:SHOWN])
        return cls(head, tuple(line for line in found if isinstance(line, Chunk)), end)


AnyLine = TypeVar("AnyLine", bound=IndexLine)


def _line(model: type[AnyLine], line: bytes, where: str, number: int, problems: list[Problem]) -> AnyLine | None:
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        for details in schema_errors.reported(error.errors(include_url=False))[:SHOWN]:
            key = schema_errors.key((f"line {number}", *details["loc"]))
            problems.append(Problem(where, key, schema_errors.message(details)))


def _order(where: str, lines: Sequence[IndexLine | None]) -> list[Problem]:
    """What cannot be of the lines together."""
    problems = []
    for k, chunk in enumerate(lines):
        key = f"line {k + 2}"
        if not isinstance(chunk, Chunk):
            problems.append(Problem(where, key, "the recording ends before the last line"))
        elif chunk.chunk != k:
            problems.append(Problem(where, f"{key}.chunk", f"expected {k}, found {chunk.chunk}"))
        elif not chunk.after <= chunk.until <= chunk.after + LOSSES:
            problems.append(
                Problem(where, f"{key}.until", f"a chunk has losses of 0 to {LOSSES:,} steps; found {chunk.after} to {chunk.until}")
            )
        elif chunk.last - chunk.first < chunk.kept - 1:
            problems.append(Problem(where, f"{key}.kept", f"{chunk.kept:,} steps cannot lie between {chunk.first:,} and {chunk.last:,}"))
    if problems:
        return problems
    chunks = [line for line in lines if isinstance(line, Chunk)]
    for k, (one, two) in enumerate(pairwise(chunks)):
        if two.first <= one.last or two.after != one.until:
            problems.append(Problem(where, f"line {k + 3}.first", f"does not follow step {one.last:,} of the previous chunk"))
    if sum(chunk.kept for chunk in chunks) > KEPT:
        problems.append(Problem(where, "kept", f"more than {KEPT:,} kept steps"))
    return problems
