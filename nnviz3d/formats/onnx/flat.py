"""An ONNX model in a plain form: every value has a name of its own, and every constant is an initialiser of the outer graph.

Values of the bodies of If, Loop and Scan may have the names of others; here they get the name of their body before them. So one name is one
value everywhere: in the picture, in a run that asks for it, and when the taken branch of an If is put in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from nnviz3d.formats.onnx.model_file import OnnxFile, library
from nnviz3d.spec.errors import InputError, Problem

NODES = 100_000  # of one file, those in bodies counted in
DEPTH = 8  # graphs inside graphs
MARK = "/"  # between the name of a body and that of a value in it


def bodies(node: Any) -> list[tuple[str, Any]]:
    """(name of the attribute, graph) of each graph inside a node."""
    return [(a.name, g) for a in node.attribute for g in (*([a.g] if a.HasField("g") else []), *a.graphs)]


def all_nodes(graph: Any) -> Iterator[Any]:
    """Those of bodies too, each after what holds it."""
    for node in graph.node:
        yield node
        for _, inner in bodies(node):
            yield from all_nodes(inner)


def texts(graph: Any) -> Iterator[Any]:
    """Everything in a graph that must be text. What is no UTF-8 comes as bytes."""
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (each.name for each in node.attribute)
        yield from (text for each in node.metadata_props for text in (each.key, each.value))
        for _, inner in bodies(node):
            yield from texts(inner)
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield value.name
        yield from (length.dim_param for length in value.type.tensor_type.shape.dim)
    for tensor in graph.initializer:
        yield tensor.name
        yield from (text for each in tensor.external_data for text in (each.key, each.value))


def check_texts(file: OnnxFile) -> None:
    """Raises InputError for names that are no text."""
    model = file.model
    more = (model.producer_name, model.producer_version, *(each.domain for each in model.opset_import))
    called = (text for each in model.functions for text in (each.name, each.domain))
    if not all(isinstance(text, str) for text in (*texts(model.graph), *more, *called)):
        raise InputError.of(str(file.path), "", "no sound ONNX model: a name in it is no UTF-8 text; it is damaged")


def outside(node: Any) -> list[str]:
    """What a node reads: its inputs, and what its bodies read from around them."""
    read = [name for name in node.input if name]
    for _, inner in bodies(node):
        own = {value.name for value in inner.input} | {name for each in inner.node for name in each.output}
        found = [name for each in inner.node for name in outside(each)] + [value.name for value in inner.output]
        read += [name for name in found if name not in own]
    return read


def flatten(file: OnnxFile) -> None:
    """Brings `file.model` into this form, in place. Raises InputError for what no order of computing could be found for."""
    model, where = file.model, str(file.path)
    if model.functions:
        model = _inlined(model, where)
        file.model = model
    count = sum(1 for _ in all_nodes(model.graph))
    if count > NODES:
        raise InputError.of(where, "", f"a graph of {count:,} nodes; at most {NODES:,} are shown")
    model.ir_version = max(model.ir_version, 4)  # before, every initialiser had to be an input too
    plain = _Plain(model.graph)
    plain.graph(model.graph, {}, "", 0)
    if not plain.problems:
        _sort(model.graph, plain.problems)
    if plain.problems:
        raise InputError(*(Problem(where, key, text) for key, text in plain.problems[:20]))


def _inlined(model: Any, where: str) -> Any:
    """Functions of the model's own put where they are called."""
    import onnx.inliner

    calls = {(f.domain, f.name): {(n.domain, n.op_type) for n in f.node} for f in model.functions}
    graph = {key: [each for each in inner if each in calls] for key, inner in calls.items()}
    try:
        list(TopologicalSorter(graph).static_order())
        return onnx.inliner.inline_local_functions(model)
    except CycleError:
        raise InputError.of(where, "", "a function of it calls itself") from None
    except Exception as error:  # noqa: BLE001  # of the C++ library
        raise InputError.of(where, "", f"its functions cannot be put in place: {error}") from None


class _Plain:
    def __init__(self, outer: Any):
        self.outer, self.problems = outer, []
        self.taken: set[str] = set()

    def graph(self, graph: Any, around: dict[str, str], scope: str, depth: int) -> None:
        """`around`: what names mean outside it."""
        if depth > DEPTH:
            self.problems.append((scope, f"graphs are nested more than {DEPTH} deep"))
            return
        names = dict(around) if scope else {}
        stored = {tensor.name for tensor in graph.initializer}
        for value in graph.input:
            if value.name not in stored:
                names[value.name] = self.new(value.name, scope)
        for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
            names[tensor.name] = self.new(tensor.name, scope)
        for name in (name for node in graph.node for name in node.output if name):
            names[name] = self.new(name, scope)
        self._rename(graph, names, scope, depth)

    def new(self, name: str, scope: str) -> str:
        fresh = f"{scope}{MARK}{name}" if scope else name
        if fresh in self.taken:
            if not scope:
                self.problems.append((name[:100], "is the name of two values"))
                return fresh
            fresh = next(f"{fresh}#{k}" for k in range(2, NODES) if f"{fresh}#{k}" not in self.taken)
        self.taken.add(fresh)
        return fresh

    def _rename(self, graph: Any, names: dict[str, str], scope: str, depth: int) -> None:
        stored = {tensor.name for tensor in graph.initializer}
        kept_inputs = [value for value in graph.input if value.name not in stored]
        for value in (*kept_inputs, *graph.output):
            value.name = self.known(value.name, names)
        inputs = [copied(value) for value in kept_inputs]
        del graph.input[:]
        graph.input.extend(inputs)
        for value in graph.value_info:
            value.name = names.get(value.name, value.name)
        for tensor in graph.initializer:
            tensor.name = names[tensor.name]
        if scope:
            self.outer.initializer.extend(graph.initializer)
            del graph.initializer[:]
        nodes = []
        for number, node in enumerate(graph.node):
            if (tensor := constant(node)) is not None:
                tensor.name = names[node.output[0]]
                self.outer.initializer.append(tensor)
                continue
            node.input[:] = [self.known(name, names) if name else "" for name in node.input]
            node.output[:] = [names[name] if name else "" for name in node.output]
            called = node.name or f"{node.op_type}_{number}"
            for branch, inner in bodies(node):
                self.graph(inner, names, f"{scope}{MARK if scope else ''}{called}{MARK}{branch}", depth + 1)
            nodes.append(node)
        if len(nodes) < len(graph.node):
            nodes = [copied(node) for node in nodes]
            del graph.node[:]
            graph.node.extend(nodes)

    def known(self, name: str, names: dict[str, str]) -> str:
        if name not in names:
            self.problems.append((name[:100], "is read and is not there: no node makes it, and no array has this name"))
        return names.get(name, name)


def copied(message: Any) -> Any:
    fresh = type(message)()
    fresh.CopyFrom(message)
    return fresh


def constant(node: Any) -> Any:
    """The array of a Constant node as a tensor; None for other nodes, and for texts and sparse arrays."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx") or len(node.output) != 1 or len(node.attribute) != 1:
        return None
    onnx, given = library(), node.attribute[0]
    if given.name == "value":
        return copied(given.t)
    tensor = onnx.TensorProto()
    if given.name in ("value_float", "value_floats"):
        tensor.data_type = onnx.TensorProto.FLOAT
        numbers = given.floats if given.name.endswith("s") else [given.f]
        tensor.float_data.extend(numbers)
    elif given.name in ("value_int", "value_ints"):
        tensor.data_type = onnx.TensorProto.INT64
        numbers = given.ints if given.name.endswith("s") else [given.i]
        tensor.int64_data.extend(numbers)
    else:
        return None
    if given.name.endswith("s"):
        tensor.dims.append(len(numbers))
    return tensor


def _sort(graph: Any, problems: list[tuple[str, str]]) -> None:
    """Each node behind what it reads, in every graph; nodes that are in order stay so."""
    maker = {name: number for number, node in enumerate(graph.node) for name in node.output if name}
    reads = [{maker[name] for name in outside(node) if name in maker} for node in graph.node]
    if any(number in inner or (inner and max(inner) > number) for number, inner in enumerate(reads)):
        try:
            order = list(TopologicalSorter(dict(enumerate(reads))).static_order())
        except CycleError as error:
            names = [f"{graph.node[k].name or graph.node[k].output[0]}"[:60] for k in error.args[1][:6]]
            problems.append((names[0], f"the graph has a circle: {' - '.join(names)}"))
            return
        nodes = [copied(graph.node[number]) for number in order]
        del graph.node[:]
        graph.node.extend(nodes)
    for node in graph.node:
        for _, inner in bodies(node):
            _sort(inner, problems)
