"""The network as a short script of its own, to read and to learn from: for numpy alone, or for PyTorch.

A script holds no weights: it loads them from the file beside it. Names of classes, features and files come from scenes and data, which
people send each other; they enter a script as `repr` literals only, never as code, names or comments.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnviz3d.formats import graph_script
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.topology import Topology

LANGUAGES = {"numpy": ".weights.npz", "torch": ".weights.safetensors"}  # the ending of the weights' file beside the script
WIDTH = 110  # characters of a line of literals


class Scaling(NamedTuple):
    """How numbers were standardised: (value - mean) / scale, each column by its own."""

    mean: Sequence[float]
    scale: Sequence[float]


@dataclass(frozen=True)
class Recipe:
    """What a script needs to know beside the weights."""

    topology: Topology
    weights: str  # name of the file beside the script
    rows: Sequence[Sequence[float]]  # samples as their source has them: before features and standardisation
    wanted: Sequence[str]  # what the data say of each
    features: tuple[str, ...] = ()  # Playground's, of a point (x1, x2); empty: the inputs are the row itself
    inputs: Scaling | None = None  # where they are standardised
    targets: Scaling | None = None  # the same: an answer is mean + scale * output
    classes: bool = True
    note: str = ""  # a sentence about the inputs; ours, not the data's
    killed: tuple[int, ...] = ()  # neurons that pass nothing on; of a chain, the weights that lead out of them are 0 in the file


def npz(parameters: dict[str, np.ndarray]) -> bytes:
    """The weights as numpy's own archive, by the names of a weights file."""
    file = io.BytesIO()
    arrays: Any = parameters  # numpy's types would have one called `allow_pickle` be a bool
    np.savez(file, **arrays)
    return file.getvalue()


def write(recipe: Recipe, language: str) -> str:
    """The text of the script; `language` is a key of LANGUAGES."""
    return {"numpy": _numpy, "torch": _torch}[language](recipe)


def _literal(name: str, value: list) -> str:
    """`NAME = [...]`, wrapped between items. repr of text escapes quotes, line ends and everything that does not print."""
    if len(line := f"{name} = {value!r}") <= WIDTH:
        return line
    if not isinstance(value[0], list):
        return "\n".join([f"{name} = [", *_wrapped(value, "    "), "]"])
    rows = ["\n".join(["    [", *_wrapped(row, "        "), "    ],"]) if len(repr(row)) > WIDTH - 8 else f"    {row!r}," for row in value]
    return "\n".join([f"{name} = [", *rows, "]"])


def _wrapped(items: list, indent: str) -> list[str]:
    """As many items a line as fit."""
    lines = [""]
    for text in map(repr, items):
        if lines[-1] and len(indent) + len(lines[-1]) + len(text) + 2 > WIDTH:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{text},"
    return [indent + line for line in lines]


def _constants(recipe: Recipe) -> str:
    """Names, preprocessing and samples as literals."""
    output = recipe.topology.output
    names = [str(name) for name in output.labels[: output.shape[-1]]]  # of a network that answers at each token those of one
    lines = [f"WEIGHTS = Path(__file__).with_name({recipe.weights!r})", _literal("OUTPUTS", names)]
    if recipe.inputs is not None:
        mean, scale = map(list, recipe.inputs)
        lines += ["# of each input over the training set", _literal("MEAN", mean), _literal("SCALE", scale)]
    if recipe.targets is not None:
        mean, scale = map(list, recipe.targets)
        lines += ["# of each target over the training set: an answer is mean + scale * output"]
        lines += [_literal("TARGET_MEAN", mean), _literal("TARGET_SCALE", scale)]
    if recipe.killed and recipe.topology.is_chain:
        lines[0] += f"  # {len(recipe.killed):,} killed neurons: the weights out of them are 0"
    lines += [f"# {recipe.note}"] if recipe.note else []
    return "\n".join([*lines, _literal("ROWS", [list(row) for row in recipe.rows]), _literal("WANTED", list(recipe.wanted))])


_FEATURES = {
    "x1": "x1", "x2": "x2", "x1^2": "x1**2", "x2^2": "x2**2", "x1*x2": "x1 * x2", "sin(x1)": "np.sin(x1)", "sin(x2)": "np.sin(x2)",
}  # fmt: skip


def _prepare(recipe: Recipe, library: str) -> str:
    """The function that makes inputs of rows; `library` is np or torch."""
    lines, x = ['    """The inputs of the network."""'], "rows"
    if recipe.features:
        lines = ['    """From points (n, 2) to the input features of the network."""', "    x1, x2 = rows.T"]
        x = f"{library}.stack([{', '.join(_FEATURES[name].replace('np', library) for name in recipe.features)}], 1)"
    if recipe.inputs is not None:
        if recipe.features:
            lines, x = [*lines, f"    x = {x}"], "x"
        array = {"np": "np.array", "torch": "torch.tensor"}[library]
        x = f"({x} - {array}(MEAN)) / {array}(SCALE)"
    return "\n".join(["def prepare(rows):", *lines, f"    return {x}"])


def _activations(recipe: Recipe) -> list[str]:
    return [node.activation for node in recipe.topology.nodes[1:]]


def _listed(items: list[str]) -> str:
    """A list of names of ours, a run of equal ones as `[tanh] * 12`."""
    runs: list[list] = []
    for item in items:
        if runs and runs[-1][0] == item:
            runs[-1][1] += 1
        else:
            runs.append([item, 1])
    if max(count for _, count in runs) < 4 and len(items) < 12:
        return f"[{', '.join(items)}]"
    return " + ".join(f"[{item}]" + (f" * {count}" if count > 1 else "") for item, count in runs)


def _numpy(recipe: Recipe) -> str:
    used = set(_activations(recipe)) - ({"linear"} if not recipe.topology.is_chain else set())
    used |= {name for name in ACTIVATIONS for user in used if re.search(rf"(?<![\w.]){name}\(", ACTIVATIONS[user].numpy)}
    functions = [f"def {row.name}(z):\n    {row.numpy}" for row in ACTIVATIONS.values() if row.name in used]
    if any("erf(" in function for function in functions):
        functions.insert(
            0, "erf = np.vectorize(math.erf, otypes=[float])  # numpy has no erf of its own; Python has one for a single number"
        )
    functions = "\n\n\n".join(functions)
    maths = "import math\n" if "math." in functions else ""
    return f'''"""A neural network in plain numpy, written by nnviz3d. It needs numpy and the file of weights beside it, nothing else.

Run it to print the network's answers to some samples. Change it: `predict` accepts your own rows.
"""

{maths}from pathlib import Path

import numpy as np

{_constants(recipe)}


{functions}


{_numpy_predict(recipe)}


if __name__ == "__main__":
{_show(recipe, "predict(ROWS)")}
'''


def _numpy_predict(recipe: Recipe) -> str:
    """`prepare` and `predict`: a loop over the layers of a chain, or a line for each layer of a graph."""
    if not recipe.topology.is_chain:
        lines = graph_script.numpy_lines(recipe.topology, recipe.killed)
        last = f"a{recipe.topology.output.number}"
        helper = [graph_script.WITHOUT.format(copy="copy")] if recipe.killed else []
        predict = [
            "def predict(rows):", f'    """{_answers(recipe)} for rows (n, {len(recipe.rows[0])}): a0 are the inputs."""',
            "    p = np.load(WEIGHTS)", "    a0 = prepare(np.array(rows, dtype=float))", *(f"    {line}" for line in lines),
            f"    return {_undone(recipe, last, 'np.array')}",
        ]  # fmt: skip
        return "\n\n\n".join([*helper, _prepare(recipe, "np"), "\n".join(predict)])
    return f'''ACTIVATIONS = {_listed(_activations(recipe))}  # of each layer, from the first hidden one to the output


{_prepare(recipe, "np")}


def predict(rows):
    """{_answers(recipe)} for rows (n, {len(recipe.rows[0])}): every layer is a = f(a W^T + b)."""
    p = np.load(WEIGHTS)
    a = prepare(np.array(rows, dtype=float))
    for k, f in enumerate(ACTIVATIONS):
        a = f(a @ p[f"layers.{{k}}.weight"].T + p[f"layers.{{k}}.bias"])
    return {_undone(recipe, "a", "np.array")}'''


def _torch(recipe: Recipe) -> str:
    functional = "" if recipe.topology.is_chain else "\nfrom torch.nn import functional"
    return f'''"""A neural network in PyTorch, written by nnviz3d. It needs torch, safetensors and the file of weights beside it.

Run it to print the network's answers to some samples. Change it: `predict` accepts your own rows.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn{functional}

torch.set_default_dtype(torch.float64)  # the weights are float32; the sums are made with more digits

{_constants(recipe)}

{_torch_network(recipe)}


{_prepare(recipe, "torch")}


def predict(rows):
    """{_answers(recipe)} for rows (n, {len(recipe.rows[0])})."""
    {_torch_load(recipe)}
    with torch.no_grad():
        return {_undone(recipe, "network(prepare(torch.tensor(rows)))", "torch.tensor")}


if __name__ == "__main__":
{_show(recipe, "predict(ROWS).tolist()")}
'''


def _torch_network(recipe: Recipe) -> str:
    """The class: a list of layers for a chain, or a line for each layer of a graph."""
    if not recipe.topology.is_chain:
        lines = graph_script.torch_lines(recipe.topology, recipe.killed)
        helper = "\n" + graph_script.WITHOUT.format(copy="clone") + "\n\n\n" if recipe.killed else "\n"
        body = "\n".join(f"        {line}" for line in lines)
        return (
            helper
            + f'''class Network(nn.Module):
    """a0 are the inputs, a1 the first layer; `p` holds the weights by name."""

    def __init__(self, p):
        super().__init__()
        self.p = {{name: nn.Parameter(array.double(){_learned(recipe)}) for name, array in p.items()}}
        self.all = nn.ParameterList(self.p.values())  # so that an optimiser finds them

    def forward(self, a0):
{body}
        return a{recipe.topology.output.number}'''
        )
    sizes = [node.size for node in recipe.topology.nodes]
    return f'''{_literal("SIZES", sizes)}  # neurons of each layer, from the inputs to the outputs
ACTIVATIONS = {_listed([ACTIVATIONS[name].torch for name in _activations(recipe)])}


class Network(nn.Module):
    """Every layer is a = f(W a + b)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(SIZES, SIZES[1:]))

    def forward(self, a):
        for layer, f in zip(self.layers, ACTIVATIONS):
            a = f(layer(a))
        return a'''


def _learned(recipe: Recipe) -> str:
    """What keeps an optimiser from numbers that are kept but not learned."""
    parts = sorted({part for node in recipe.topology.nodes for part, _ in node.unlearned})
    return f", not name.endswith({tuple(parts)!r})" if parts else ""


def _torch_load(recipe: Recipe) -> str:
    """The network with its weights."""
    if recipe.topology.is_chain:
        return "network = Network()\n    network.load_state_dict(load_file(WEIGHTS))"
    return "network = Network(load_file(WEIGHTS))"


def _answers(recipe: Recipe) -> str:
    """What `predict` returns, in words."""
    own = "Outputs" if recipe.targets is None else "Answers in the unit of the data"
    return f"{own} (n, {recipe.topology.output.size})"


def _undone(recipe: Recipe, outputs: str, array: str) -> str:
    """Outputs brought back into the unit of the data."""
    return outputs if recipe.targets is None else f"{array}(TARGET_MEAN) + {array}(TARGET_SCALE) * {outputs}"


def _show(recipe: Recipe, call: str) -> str:
    """The lines that print every answer beside what the data say."""
    if not recipe.classes:
        return f"""    for answer, wanted in zip({call}, WANTED):
        said = ", ".join(f"{{name}} = {{value:{".7g" if recipe.targets is None else ".10g"}}}" for name, value in zip(OUTPUTS, answer))
        print(f"{{said}}   (in the data: {{wanted}})")"""
    if recipe.topology.output.axes == ("token", "feature"):
        return f"""    for answer, wanted in zip({call}, WANTED):
        tokens = [answer[k : k + len(OUTPUTS)] for k in range(0, len(answer), len(OUTPUTS))]
        said = [OUTPUTS[max(range(len(OUTPUTS)), key=token.__getitem__)] for token in tokens]
        print(f"{{' '.join(said)}}   (in the data: {{wanted}})")"""
    return f"""    for answer, wanted in zip({call}, WANTED):
        best = max(range(len(answer)), key=lambda k: answer[k])
        print(f"{{OUTPUTS[best]}} ({{answer[best]:.7f}})   (in the data: {{wanted}})")"""
