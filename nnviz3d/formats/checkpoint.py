"""Checkpoints: a weights file (`formats.weights`) that also holds what training needs to go on with the same numbers.

Weights have the names of a weights file, so every reader of weights reads them. Beside them, flat arrays (P,) in the order of
the parameters: `checkpoint.before`, `.gradients`, `.slot0` ... (velocity; v; or m and v), `.alive` (Playground's L1); `.order` (n,) the
epoch's rows; `.curve.train` (k, 2), `.curve.test` (k, 4); and `checkpoint.state`, UTF-8 bytes of JSON (`State`). A second network that is
compared has the same under `checkpoint.b.`, and its `.parameters`. The metadata key `nnviz3d` holds the scene as TOML, as ever.

A file from anywhere: nothing is executed, shapes are judged before values are read, and values before anything is changed.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from nnviz3d.formats import weights
from nnviz3d.spec import limits, paths, schema_errors, toml
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.model_base import Table
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.units import Unit

PREFIX = weights.CHECKPOINT
SECOND = f"{PREFIX}b."
STATE = f"{PREFIX}state"
JSON_BYTES = 16 << 20
POINTS = 1 << 16  # of a curve
CURVES = {"curve.train": 2, "curve.test": 4}
SINGLE = float(np.finfo(np.float32).max)
SQUARES = {"rmsprop": 0, "adam": 1, "adamw": 1}  # which slot holds means of squares

Word = Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$")]
Count = Annotated[int, Field(ge=0, le=limits.STEPS)]
Single = Annotated[float, Field(ge=-SINGLE, le=SINGLE)]


class Random(Table):
    """A PCG64 generator; 128-bit numbers as hexadecimal digits."""

    state: Word
    inc: Word
    has_uint32: Annotated[int, Field(ge=0, le=1)]
    uinteger: Annotated[int, Field(ge=0, lt=2**32)]


class Edited(Table):
    """A parameter that a hand has written since the last step: what that step made of it."""

    parameter: Annotated[int, Field(ge=0)]
    before: Single
    after: Single


class NetworkState(Table):
    """One network. `loss` is None before the first step. `rows`: of the last step's batch; `edited`: since then, None where all parameters
    were replaced. `stride`, `seen`: how thin each curve is, and how many points it was offered."""

    step: Count
    loss: float | None
    rows: Count
    edited: tuple[Edited, ...] | None = ()
    position: Count
    epochs: Count
    batches: Random
    noise: Random
    frozen: tuple[int, ...] = ()
    killed: tuple[int, ...] = ()
    stride: tuple[Annotated[int, Field(ge=1, le=2**40)], ...] = Field(default=(1, 1), min_length=2, max_length=2)
    seen: tuple[Count, ...] = Field(default=(0, 0), min_length=2, max_length=2)


class State(Table):
    version: Literal[1]
    data: Word  # `DataSet.digest`
    a: NetworkState
    b: NetworkState | None = None


@dataclass(frozen=True)
class Saved:
    """One network of a checkpoint: `engine.Trainer.state`, and its curves as (rows, stride, points offered)."""

    state: dict[str, Any]
    curves: dict[str, tuple[np.ndarray, int, int]]


@dataclass(frozen=True)
class CheckpointHead:
    """What a checkpoint says of itself."""

    path: Path
    scene: Scene
    state: State


@dataclass(frozen=True)
class SavedNetwork:
    """The first network as any weights file holds it: its weights by name, and the units of its targets."""

    named: dict[str, np.ndarray]
    units: tuple[Unit, ...] = ()


def save(path: str | os.PathLike, scene: Scene, digest: str, network: SavedNetwork, a: Saved, b: Saved | None = None) -> None:
    """Raises InputError where it cannot be written; the old one stays."""
    arrays: dict[str, np.ndarray] = {name: np.ascontiguousarray(array, np.float32) for name, array in network.named.items()}
    arrays |= _arrays(PREFIX, a)
    if b is not None:
        arrays |= _arrays(SECOND, b) | {f"{SECOND}parameters": b.state["arenas"]["parameters"]}
    state = State(version=1, data=digest, a=_part(a), b=None if b is None else _part(b))
    arrays[STATE] = np.frombuffer(state.model_dump_json().encode(), np.uint8)  # in the metadata its place would be left to chance
    paths.write(Path(path), weights.packed(arrays, scene, network.units))


def _arrays(prefix: str, saved: Saved) -> dict[str, np.ndarray]:
    out = {f"{prefix}{name}": array for name, array in saved.state["arenas"].items() if name != "parameters"}
    out[f"{prefix}order"] = np.asarray(saved.state["batches"]["order"], np.int64)
    return out | {f"{prefix}{name}": np.ascontiguousarray(rows) for name, (rows, _, _) in saved.curves.items()}


def _part(saved: Saved) -> NetworkState:
    state, batches, curves = saved.state, saved.state["batches"], [saved.curves[name] for name in CURVES]
    return NetworkState(
        step=state["step"],
        loss=float(state["loss"]) if math.isfinite(state["loss"]) else None,
        rows=int(state["rows"]),
        edited=None if state["edited"] is None else tuple(Edited(parameter=p, before=a, after=b) for p, (a, b) in state["edited"].items()),
        position=int(batches["position"]),
        epochs=int(batches["epochs"]),
        batches=_random_state(batches["random"]),
        noise=_random_state(state["noise"]),
        frozen=tuple(state["holds"].frozen),
        killed=tuple(state["holds"].killed),
        stride=tuple(stride for _, stride, _ in curves),
        seen=tuple(min(seen, limits.STEPS) for _, _, seen in curves),
    )


def _random_state(random: dict) -> Random:
    inner = random["state"]
    return Random(
        state=f"{inner['state']:x}", inc=f"{inner['inc']:x}", has_uint32=int(random["has_uint32"]), uinteger=int(random["uinteger"])
    )


# ---------------------------------------------------------------- reading


def head(path: str | os.PathLike) -> CheckpointHead | None:
    """None where the file holds weights only. Raises InputError for a file that is not sound."""
    where = str(path)
    with weights.OpenedWeights(path) as file:
        found = weights.shapes(file, where)
        if STATE not in found:
            return None
        shape, dtype = found[STATE]
        if dtype != "U8" or len(shape) != 1 or shape[0] > JSON_BYTES:
            raise InputError.of(where, STATE, f"expected at most {JSON_BYTES:,} bytes of JSON, found {list(shape)} of type {dtype}")
        raw = file.get_tensor(STATE).tobytes()
        scene = (file.metadata() or {}).get(weights.SCENE_KEY)
    if scene is None or len(scene) > limits.SCENE_BYTES:
        raise InputError.of(where, "", "is a checkpoint without its scene")
    try:
        state = State.model_validate(json.loads(raw))
    except ValidationError as error:
        found = schema_errors.reported(error.errors(include_url=False))[:20]
        raise InputError(*(Problem(where, schema_errors.key((STATE, *e["loc"])), schema_errors.message(e)) for e in found)) from None
    except (ValueError, RecursionError):
        raise InputError.of(where, STATE, "is not valid JSON") from None
    return CheckpointHead(Path(path), toml.validate(toml.parse(scene.encode(), where), where), state)


@dataclass(frozen=True)
class Need:
    """What a network must find in a checkpoint: its parameters, its optimiser's slots, rows of the training set and of a batch."""

    topology: Topology
    units: tuple[Unit, ...]
    optimizer: str
    slots: int
    rows: int
    batch: int


def read(found: CheckpointHead, a: Need, b: Need | None = None) -> tuple[Saved, Saved | None]:
    """Raises InputError with every problem of the file; `b`: where two networks are compared."""
    where = str(found.path)
    named = weights.load(found.path, a.topology, a.units)
    flat = np.zeros(a.topology.n_parameters, np.float32)
    for name, r in a.topology.parameter_ranges.items():
        r.view(flat)[...] = named[name]
    with weights.OpenedWeights(found.path) as file:
        shapes = weights.shapes(file, where)
        reader = _Reader(file, shapes, where)
        first = reader.network(PREFIX, found.state.a, a)
        second = reader.network(SECOND, found.state.b, b) if b is not None and found.state.b is not None else None
        if (found.state.b is None) != (b is None):
            reader.say(STATE, "belongs to a comparison of two networks" if b is None else "belongs to one network, but two are compared")
        known = reader.known | {STATE, *named}
        for name in sorted(set(shapes) - known):
            reader.say(name, "is not part of a checkpoint of this network")
    if reader.problems:
        raise InputError(*reader.problems[:20])
    first.state["arenas"]["parameters"] = flat
    return first, second


class _Reader:
    """Judges a checkpoint's arrays, and gathers what is wrong."""

    def __init__(self, file, shapes: dict[str, tuple[tuple[int, ...], str]], where: str):
        self.file, self.shapes, self.where = file, shapes, where
        self.known: set[str] = set()
        self.problems: list[Problem] = []

    def say(self, key: str, message: str) -> None:
        self.problems.append(Problem(self.where, key, message))

    def array(self, name: str, shape: tuple[int, ...], dtype: str = "F32") -> np.ndarray | None:
        """Of this shape, all of it finite; None, with the reason reported, where there is no such array."""
        self.known.add(name)
        found = self.shapes.get(name)
        if found is None:
            return self.say(name, f"missing; expected shape {list(shape)}")
        if found != (shape, dtype):
            return self.say(name, f"expected {list(shape)} of type {dtype}, found {list(found[0])} of type {found[1]}")
        out = np.array(self.file.get_tensor(name))
        if dtype != "I64" and not np.isfinite(out).all():
            return self.say(name, "holds values that are not finite")
        return out

    def network(self, prefix: str, part: NetworkState, need: Need) -> Saved:
        p = (need.topology.n_parameters,)
        names = ["before", "gradients", *(f"slot{k}" for k in range(need.slots))]
        names += ["alive"] if f"{prefix}alive" in self.shapes else []
        names += ["parameters"] if prefix == SECOND else []
        arenas = {name: self.array(f"{prefix}{name}", p) for name in names}
        squares, alive = arenas.get(f"slot{SQUARES.get(need.optimizer, -1)}"), arenas.get("alive")
        if squares is not None and squares.size and squares.min() < 0:
            self.say(f"{prefix}slot{SQUARES[need.optimizer]}", "contains negative means of squares")
        if alive is not None and not np.isin(alive, (0, 1)).all():
            self.say(f"{prefix}alive", "expected 0 or 1 for each parameter")
        order = self.array(f"{prefix}order", (need.rows,), "I64")
        if order is not None and not np.array_equal(np.sort(order), np.arange(need.rows)):
            self.say(f"{prefix}order", f"expected each of the {need.rows:,} training rows exactly once")
        self._place(part, need)
        edited = None if part.edited is None else {each.parameter: (each.before, each.after) for each in part.edited}
        if edited and max(edited) >= need.topology.n_parameters:
            self.say(STATE, f"there is no parameter {max(edited):,}")
        holds = Holds(tuple(sorted(set(part.frozen))), tuple(sorted(set(part.killed))))
        try:
            holds.check(need.topology)
        except InputError as error:
            self.problems += [Problem(self.where, STATE, problem.message) for problem in error.problems]
        batches = {
            "order": order,
            "position": part.position,
            "epochs": part.epochs,
            "random": _generator(part.batches),
        }
        epoch = max(0.0, part.epochs - 1 + part.position / max(need.rows, 1))
        state = {
            "arenas": arenas, "step": part.step, "loss": math.nan if part.loss is None else part.loss, "diverged": None, "epoch": epoch,
            "batches": batches, "noise": _generator(part.noise), "holds": holds, "rows": part.rows, "edited": edited,
        }  # fmt: skip
        curves = zip(CURVES, part.stride, part.seen, strict=True)
        return Saved(state, {name: (self._curve(prefix, name, part), stride, seen) for name, stride, seen in curves})

    def _place(self, part: NetworkState, need: Need) -> None:
        """Whether there can be such a place in the data after so many steps."""
        whole = part.position == need.rows or (0 < part.position < need.rows and part.position % need.batch == 0)
        if not whole or part.epochs > part.step or (part.epochs == 0 and part.position != need.rows):
            text = f"epoch {part.epochs:,}, row {part.position:,} of {need.rows:,} in batches of {need.batch:,} after step {part.step:,}"
            self.say(STATE, f"no such position in the data: {text}")
        if part.rows > need.rows or (part.rows > 0) != (part.step > 0):
            self.say(STATE, f"no batch can have {part.rows:,} of {need.rows:,} rows after step {part.step:,}")

    def _curve(self, prefix: str, name: str, part: NetworkState) -> np.ndarray:
        key, width = f"{prefix}{name}", CURVES[name]
        nothing = np.zeros((0, width))
        self.known.add(key)
        shape, dtype = self.shapes.get(key, ((0, width), "F64"))
        if len(shape) != 2 or shape[1] != width or shape[0] > POINTS or dtype != "F64":
            self.say(key, f"expected at most {POINTS:,} rows of {width} numbers of type F64, found {list(shape)} of type {dtype}")
            return nothing
        rows = np.array(self.file.get_tensor(key)) if key in self.shapes else nothing
        steps = rows[:, 0]
        if not (np.isfinite(rows[:, :2]).all() and not np.isinf(rows).any() and (np.diff(steps) > 0).all()):
            self.say(key, "expected rising steps and finite losses")
        elif len(steps) and not (steps[0] >= 0 and steps[-1] <= part.step):
            self.say(key, f"expected steps from 0 to {part.step:,}")
        return rows


def _generator(random: Random) -> dict:
    """As numpy's PCG64 takes it. Its increment is odd by definition."""
    inner = {"state": int(random.state, 16), "inc": int(random.inc, 16) | 1}
    return {"bit_generator": "PCG64", "state": inner, "has_uint32": random.has_uint32, "uinteger": random.uinteger}
