"""`nnviz3d inspect`: what a scene, weights or data file holds, as facts (a dictionary) and as lines for people."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz3d.app.cli.commands import table_report
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.spec import file_extensions, file_kinds, limits, paths, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.score import percent
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.topology_builder import build_topology
from nnviz3d.spec.units import Unit

if TYPE_CHECKING:
    from nnviz3d.engine.data import DataSet

MOST_TENSORS = 40  # of a model that are listed
NAMES = 28  # characters of the column of layers' names, at most


def inspect(options: Options, name: str) -> dict[str, Any]:
    """The facts, with their "kind": scene, recording, model, onnx, weights or data. Raises InputError."""
    path = Path(name)
    kind = file_kinds.of(path)
    if path.suffix == file_extensions.RECORDING or kind is file_kinds.RECORDING:
        return _recording_facts(path)
    parts = [ending.lower() for ending in path.suffixes]
    if file_kinds.foreign(kind):
        raise file_kinds.refuse(path, "a scene, recording, table, arrays or weights", kind)
    if kind is file_kinds.ONNX:
        from nnviz3d.formats.onnx import report as onnx_report

        return onnx_report.describe(path)
    if kind is file_kinds.MODEL_FOLDER:
        from nnviz3d.formats.language_models import folder as model_folder

        return model_folder.describe(path)
    if parts[-1:] == [".safetensors"] or kind is file_kinds.WEIGHTS:
        from nnviz3d.formats import weights

        return weights.describe(path)
    if path.suffix.lower() in file_extensions.ARRAYS or kind is file_kinds.ARRAYS:
        return _data_facts(options, name, "npz")
    if any("idx" in ending or "ubyte" in ending for ending in parts) or "-ubyte" in path.name:
        return _idx_facts(path)
    if parts[-1:] == [".toml"] or (not parts and not path.is_file()) or kind is file_kinds.SCENE:
        return _scene_facts(options, name)
    from nnviz3d.engine.data import tables

    paths.regular_file(path, limits.DATA_BYTES)
    if tables.is_table(path):
        return _data_facts(options, name, "csv")
    known = ".toml, .nnrec, .safetensors, a table (CSV, Excel, Parquet), .npz, .npy, or IDX (name-idx3-ubyte, also .gz)"
    if kind not in (file_kinds.UNKNOWN, file_kinds.TEXT):
        raise file_kinds.refuse(path, known, kind)
    raise InputError.of(name, "", f"an unknown kind of file; expected {known}")


def _data_facts(options: Options, name: str, kind: str) -> dict[str, Any]:
    """Of a file by itself; of a table also what becomes of each column, and then what is wrong with it does not hide that."""
    path = Path(name)
    edits = [Edit("data.kind", kind), Edit("data.file", path.name), *options.edits()]
    scene = toml.apply(Scene(), edits, "--set")
    facts: dict[str, Any] = {"kind": "data", "file": name}
    if kind != "csv":
        return facts | data_facts(scene, path.parent)
    from nnviz3d.engine.data import tables

    found = tables.describe(path, scene.data)
    if not scene.data.target and tables.cannot_be_target(found):
        edits.append(Edit("data.target", found.columns[tables.guess(found)].key))  # what the question in the window proposes
        scene = toml.apply(Scene(), edits, "--set")
        facts["notes"] = [f'the last column cannot be the target; data.target = "{scene.data.target}" is used']
        found = tables.describe(path, scene.data)
    facts["table"] = asdict(found)
    try:
        notes = facts.pop("notes", [])
        loaded = data_facts(scene, path.parent)
        return facts | loaded | {"notes": [*notes, *loaded["notes"]]}
    except InputError as error:
        return facts | {"problems": [str(problem) for problem in error.problems]}


def data_facts(scene: Scene, base: Path) -> dict[str, Any]:
    """Sizes and names of the data that the scene asks for. It is loaded for that. Raises InputError."""
    return _facts_of(_load(scene, base))


def _load(scene: Scene, base: Path):
    from nnviz3d.engine import data

    return data.load(scene.data, base)


def _facts_of(data: DataSet) -> dict[str, Any]:
    return {
        "name": data.name,
        "task": data.task,
        "shape": data.shape,
        "train": len(data.x_train),
        "test": len(data.x_test),
        "outputs": data.class_names,
        "features": data.feature_names,
        "summary": data.description,
        "units": [asdict(unit) for unit in data.units],
        "notes": data.notes,
    }


def _scene_facts(options: Options, name: str) -> dict[str, Any]:
    """Raises InputError, also where the scene's loss does not fit its data or its output."""
    from nnviz3d.engine.objective import check_tokens, resolve

    scene, base = options.scene(name)
    data = _load(scene, base)
    names = data.feature_names, data.class_names
    topology = build_topology(scene.network, data.shape, data.n_outputs, resolve(scene, data).output, *names, data.axes)
    check_tokens(topology, data)
    return {
        "kind": "scene",
        "file": str(toml.find(name)),
        "title": scene.title,
        "about": scene.about,
        "network": _layers(topology),
        "neurons": topology.n_neurons,
        "edges": topology.n_edges,
        "parameters": topology.n_learned,
        "data": _facts_of(data),
        "scene": scene.model_dump(mode="json"),
    }


def _recording_facts(path: Path) -> dict[str, Any]:
    """What its index says; its chunks' heads are judged, and no number but the last loss is read."""
    from nnviz3d.formats.nnrec.reader import Recording
    from nnviz3d.sources.recorded import scene_of

    recording = Recording(path)
    head, scene, end = recording.head, scene_of(recording), recording.end
    scores = recording.scores
    return {
        "kind": "recording",
        "file": str(path),
        "title": scene.title,
        "steps": recording.last,
        "kept": len(recording.steps),
        "first": int(recording.steps[0]) if len(recording.steps) else None,
        "last": int(recording.steps[-1]) if len(recording.steps) else None,
        "every": head.every,
        "dtype": head.dtype,
        "bytes": recording.bytes,
        "chunks": len(recording.chunks),
        "parameters": head.parameters,
        "neurons": head.neurons,
        "loss": recording.loss_at(recording.last),
        "test_accuracy": scores[-1][3] if scores else None,
        "ended": end is not None,
        "ended_by": end.end if end else None,
        "diverged": end.diverged if end else None,
        "data": head.data.model_dump(),
        "seed": head.seed,
        "backend": head.backend,
        "versions": head.versions,
        "scene": scene.model_dump(mode="json"),
    }


def _layers(topology: Topology) -> list[dict[str, Any]]:
    keys = ("name", "kind", "shape", "activation", *(() if topology.is_chain else ("inputs",)))
    return [{key: getattr(node, key) for key in keys} for node in topology.nodes]


def _idx_facts(path: Path) -> dict[str, Any]:
    from nnviz3d.engine.data import idx

    array = idx.read(path, paths.regular_file(path, limits.DATA_BYTES, "IDX file"))
    return {"kind": "data", "file": str(path), "name": path.name, "shape": array.shape, "dtype": str(array.dtype)}


def lines(facts: dict[str, Any]) -> list[str]:
    """The same for people."""
    if facts["kind"] == "onnx":
        from nnviz3d.formats.onnx import report as onnx_report

        return onnx_report.lines(facts)
    if facts["kind"] == "weights":
        made = "with its scene inside" if facts["scene"] else "without a scene"
        head = f"{facts['file']}: weights, {facts['parameters']:,} numbers in {len(facts['tensors']):,} tensors, {made}"
        rows = [f"  {tensor['name']:<24} {tensor['shape']} {tensor['dtype']}" for tensor in facts["tensors"]]
        sizes = facts["sizes"]
        what = f"a dense network of {', '.join(map(str, sizes))} units; " if sizes else ""
        fits = f"  {what}start from it: nnviz3d train SCENE --init {facts['file']}"
        return [head, *rows, *([fits] if sizes or facts["scene"] else [])]
    if facts["kind"] == "model":
        return _of_model(facts)
    if "table" in facts:
        return table_report.lines(facts)
    if facts["kind"] == "data":
        summary = facts["summary"] if "summary" in facts else f"{list(facts['shape'])} {facts['dtype']}"
        return [f"{facts['file']}: {summary}", *_outputs(facts)]
    if facts["kind"] == "recording":
        return _of_recording(facts)
    sizes = f"{facts['neurons']:,} neurons, {facts['edges']:,} edges, {facts['parameters']:,} parameters"
    wide = min(max(10, *(len(layer["name"]) for layer in facts["network"])), NAMES)
    layers = (f"  {layer['name']:<{wide}} {'x'.join(map(str, layer['shape'])):<10} {_does(layer)}" for layer in facts["network"])
    return [
        f"{facts['title'] or facts['file']}: {sizes}",
        facts["about"],
        *layers,
        f"  data: {facts['data']['name']}, {facts['data']['summary']}",
    ]


def _does(layer: dict[str, Any]) -> str:
    """A layer's activation; where layers have names of their own or branch, also its kind and what it reads."""
    if not layer.get("inputs"):
        return layer["activation"]
    return f"{layer['activation']:<10} {layer['kind']} of {', '.join(layer['inputs'])}"


def _of_recording(facts: dict[str, Any]) -> list[str]:
    every = "every step" if facts["every"] == 1 else f"one step in {facts['every']:,}"
    bits = {"F16": 16, "F32": 32}[facts["dtype"]]
    size = f"{facts['bytes'] / 1e6:,.1f} MB in {facts['chunks']:,} chunks"
    loss = "none" if facts["loss"] != facts["loss"] else f"{facts['loss']:.4g}"
    accuracy = "" if facts["test_accuracy"] is None else f", test accuracy {percent(facts['test_accuracy'])}"
    ended = f"ended normally ({facts['ended_by']})" if facts["ended"] else "was interrupted, or is still being written"
    return [
        f"{facts['file']}: a recording of {facts['title'] or facts['data']['name']}, {facts['steps']:,} steps",
        f"  {facts['kept']:,} kept, {every}, {bits} bits, {facts['parameters']:,} parameters, {facts['neurons']:,} neurons: {size}",
        f"  last loss {loss}{accuracy}; {ended}",
        f"  seed {facts['seed']}, {facts['backend']}, nnviz3d {facts['versions'].get('nnviz3d', '?')}",
    ]


def _of_model(facts: dict[str, Any]) -> list[str]:
    size = f"{facts['parameters']:,} parameters in {len(facts['tensors']):,} tensors, {facts['bytes'] / 1e6:,.1f} MB"
    way = facts["reason"] or f"ask it something: nnviz3d {facts['file']}"
    rows = [f"  {tensor['name']:<{NAMES}} {tensor['shape']} {tensor['dtype']}" for tensor in facts["tensors"][:MOST_TENSORS]]
    more = [f"  and {len(facts['tensors']) - MOST_TENSORS:,} more"] if len(facts["tensors"]) > MOST_TENSORS else []
    return [f"{facts['file']}: {facts['architecture'] or 'a model'}, {size}", *rows, *more, f"  {way}"]


def _outputs(facts: dict[str, Any]) -> list[str]:
    names = facts.get("outputs", ())
    units = [Unit(**unit) for unit in facts.get("units", ())]
    ranges = [
        f"  {u.name}: {u.text(u.low)} to {u.text(u.high)}, mean {u.text(u.mean)}, deviation {u.error(u.deviation)}" for u in units[:20]
    ]
    return [f"  outputs: {', '.join(map(table_report.quoted, names[:20]))}{' ...' if len(names) > 20 else ''}", *ranges] if names else []
