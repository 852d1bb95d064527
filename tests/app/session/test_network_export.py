"""What is exported gives the engine's outputs: scripts are run in a process of their own, as whoever gets them would."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from nnviz3d import backend
from nnviz3d.app.session.network_export import export, recipe
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.formats import script_export, weights
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec import toml
from nnviz3d.spec.activations import ELEMENTWISE
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Data, Layer, Network, Output, Scene, Train
from tests.layers.kinds import ON_TABLES, scene_on_data

HOSTILE = '"""\'\'\'\n\\"; import os; os.remove("x") # {0} %s \u202e\x00'
RUN = """
import json, runpy, sys
scripts = [runpy.run_path(path) for path in sys.argv[1:]]
print(json.dumps([script["predict"](script["ROWS"]).tolist() for script in scripts]))
"""
CSV = "".join(f"{k * 0.37 - 4:.3f},{1000 + k % 7 * 13.25},{(k * 7919) % 23},{'ab'[k % 2]}{k % 3}\n" for k in range(60))


def network(*layers, **output) -> Network:
    return Network(layers=tuple(Layer(units=units, activation=activation) for units, activation in layers), output=Output(**output))


SCENES = {
    "depth 0": Scene(data=Data(kind="iris"), network=network()),
    "width 1": Scene(data=Data(kind="iris", standardize=True), network=network((1, "tanh"), (1, "gelu"))),
    "digits": Scene(data=Data(kind="digits"), network=network((48, "relu"), (32, "relu"))),
    "points": Scene(data=Data(kind="xor", standardize=True), network=network((4, "tanh"))),
    "features": Scene(data=Data(kind="spiral", noise=0.1, features=("x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"))),
    "features, standardised": Scene(data=Data(kind="circle", standardize=True, features=("x1*x2", "sin(x2)"))),
    "numbers": Scene(data=Data(kind="reg-gauss", test_fraction=0.0), network=network((5, "softplus"))),
    "table": Scene(data=Data(kind="csv", file="a.csv", standardize=True), network=network((6, "silu"))),
    "clouds": Scene(data=Data(kind="blobs", inputs=784, shape=(28, 28), samples=40, classes=3), network=network((300, "elu"))),
    "sigmoid outputs": Scene(data=Data(kind="gauss"), network=network((3, "sin"), activation="sigmoid")),
    "tanh outputs": Scene(data=Data(kind="gauss"), train=Train(loss="mse"), network=network(activation="tanh")),
    "deep": Scene(data=Data(kind="xor"), network=network(*[(3, "leaky_relu")] * 20)),
}
SCENES |= {kind: Scene(data=Data(kind="wine", standardize=True), network=network((7, kind), (5, kind))) for kind in ELEMENTWISE}
SCENES |= {f"graph with {kind}": scene_on_data(kind, standardize=True) for kind in ON_TABLES}
SCENES["concat of columns"] = toml.validate(
    {
        "network": {
            "layers": [
                *({"name": name, "units": 6, "activation": "sin", "from": ["input"]} for name in "ab"),
                *({"name": f"{name}2", "kind": "reshape", "shape": [2, 3], "from": [name]} for name in "ab"),
                {"kind": "concat", "axis": 1, "from": ["a2", "b2"]},
            ]
        },
        "data": {"kind": "wine", "standardize": True},
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("export")
    (made / "a.csv").write_text(CSV)
    return made


@pytest.fixture(scope="module")
def sources(folder):
    made = {}
    for name, scene in SCENES.items():
        made[name] = OwnTraining(scene, folder, backend.choose("cpu"))
        made[name].run(30)
    return made


def outputs(source: OwnTraining) -> np.ndarray:
    """What the engine answers to the rows of a script."""
    data, trainer = source.data, source.trainer
    x = data.x_test if len(data.x_test) else data.x_train
    rows = x[: len(recipe(source, "").rows)]
    parameters = trainer.arenas.parameters
    return ForwardPass.of_rows(source.ops, trainer.topology, trainer.objective, parameters, rows, source.holds.killed).outputs().copy()


def answered(paths) -> list:
    done = subprocess.run([sys.executable, "-c", RUN, *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_numpy_scripts_give_the_engine_s_outputs(sources, folder):
    files = []
    for k, source in enumerate(sources.values()):
        files.append(folder / f"net{k}.py")
        assert export(source, files[-1], "numpy") == [files[-1], folder / f"net{k}.weights.npz"]
    for name, said in zip(sources, answered(files), strict=True):
        expected = outputs(sources[name])
        assert len(said) == len(expected) >= 1 and np.ptp(expected) > 0, name
        np.testing.assert_allclose(said, expected, rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("kind", ["relu", "sigmoid", "softplus"])
def test_a_killed_neuron_is_killed_in_the_script_too(sources, folder, kind):
    """Also where the activation of 0 is not 0; the run itself keeps its weights."""
    source, before = sources[kind], outputs(sources[kind])
    hidden = source.topology.nodes[1].neurons
    kept = source.parameters()
    source.hold(Holds(killed=(*range(hidden.start, hidden.stop - 1), source.topology.nodes[2].neurons.start)))
    try:
        export(source, folder / "killed.py", "numpy")
        expected = outputs(source)
        assert np.abs(expected - before).max() > 1e-3
        np.testing.assert_allclose(answered([folder / "killed.py"])[0], expected, rtol=1e-6, atol=1e-6)
        assert "7 killed neurons" in (folder / "killed.py").read_text(encoding="utf-8")
        assert all((kept[name] == array).all() for name, array in source.parameters().items())
    finally:
        source.hold(Holds())


def test_torch_scripts_are_python_with_weights_that_are_the_network_s(sources, folder):
    for k, source in enumerate(sources.values()):
        export(source, file := folder / f"torch{k}.py", "torch")
        compile(file.read_text(encoding="utf-8"), str(file), "exec")
        assert weights.load(folder / f"torch{k}.weights.safetensors", source.topology)


@pytest.mark.frameworks
def test_torch_scripts_give_the_engine_s_outputs(sources, folder):
    pytest.importorskip("torch", reason="needs PyTorch")
    files = []
    for k, source in enumerate(sources.values()):
        files.append(folder / f"run{k}.py")
        export(source, files[-1], "torch")
    for name, said in zip(sources, answered(files), strict=True):
        np.testing.assert_allclose(said, outputs(sources[name]), rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_script_runs_by_itself_with_numpy_alone_and_prints_each_answer(sources, folder):
    export(sources["table"], folder / "own.py", "numpy")
    text = (folder / "own.py").read_text(encoding="utf-8")
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))}
    assert imported == {"pathlib", "numpy"} and len(text.splitlines()) < 80 and max(map(len, text.splitlines())) <= 140
    done = subprocess.run([sys.executable, "-I", str(folder / "own.py")], cwd="/", capture_output=True, text=True)
    lines = done.stdout.splitlines()
    best = outputs(sources["table"]).argmax(1)
    names = sources["table"].data.class_names
    assert done.returncode == 0 and [line.split()[0] for line in lines] == [names[k] for k in best]


def test_values_of_a_standardised_table_are_those_of_the_file(sources):
    kept = {tuple(float(cell) for cell in line.split(",")[:3]) for line in CSV.splitlines()}
    rows = {tuple(row) for row in recipe(sources["table"], "").rows}
    assert rows and rows <= kept


def test_gelu_uses_math_s_erf_and_says_so(sources, folder):
    export(sources["gelu"], folder / "gelu.py", "numpy")
    assert "np.vectorize(math.erf" in (folder / "gelu.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ON_TABLES)
def test_killed_neurons_of_a_graph_are_killed_in_its_script(sources, folder, kind):
    """Whatever reads them: sums and others have no weights that could be 0."""
    source, before = sources[f"graph with {kind}"], outputs(sources[f"graph with {kind}"])
    killed = [source.topology.by_name[name].neurons.start for name in ("a", "k", "r", "end")]
    source.hold(Holds(killed=tuple(sorted(killed))))
    try:
        export(source, folder / "graph.py", "numpy")
        assert np.abs(outputs(source) - before).max() > 1e-4
        np.testing.assert_allclose(answered([folder / "graph.py"])[0], outputs(source), rtol=1e-6, atol=1e-6)
        export(source, folder / "graph_torch.py", "torch")
        ast.parse((folder / "graph_torch.py").read_text(encoding="utf-8"))
    finally:
        source.hold(Holds())


@pytest.mark.parametrize("language", ["numpy", "torch"])
def test_names_never_become_code(folder, language):
    """Classes, columns, title and file are all hostile: they come out as the same text again, and the code is what it always is."""
    hostile = folder / "hostile"
    hostile.mkdir(exist_ok=True)
    quoted = HOSTILE.replace("\x00", "").replace('"', '""')
    (hostile / "t.csv").write_text(f'"{quoted}",b\n' + f'1,"{quoted}"\n2,x\n' * 9, encoding="utf-8")
    scene = Scene(title=HOSTILE[:200], about=HOSTILE, data=Data(kind="csv", file="t.csv", header="yes"))
    source = OwnTraining(scene, hostile, backend.choose("cpu"))
    target = hostile / "a'''b \"\"\" {x} # \\.py"
    export(source, target, language)
    text = target.read_text(encoding="utf-8")
    tree = ast.parse(text)
    constants = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert ast.literal_eval(constants["OUTPUTS"]) == list(source.data.class_names)
    assert any("os.remove" in name for name in source.data.class_names)
    calls = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
    }
    assert "os" not in calls and all(line.isprintable() for line in text.splitlines())
    if language == "numpy":
        done = subprocess.run([sys.executable, "-I", str(target)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_literals_are_wrapped_and_read_back():
    rows = [[k / 7 for k in range(50)], [1.0] * 50]
    for value in (rows, rows[0], ["x" * 300, "y"], [], [[1.0]]):
        text = script_export._literal("A", value)
        assert ast.literal_eval(text.removeprefix("A = ")) == value
        assert all(len(line) <= script_export.WIDTH + 2 or "x" * 300 in line for line in text.splitlines())
    for a, b in pairwise(("relu", "tanh")):
        assert eval(script_export._listed([a] * 13 + [b]), {a: 1, b: 2}) == [1] * 13 + [2]


def test_a_scene_goes_only_where_its_data_are_seen(sources, folder, tmp_path):
    below, above = folder / "below", folder.parent
    below.mkdir(exist_ok=True)
    export(sources["table"], folder / "scene.toml", "scene")
    assert toml.load(folder / "scene.toml") == SCENES["table"]
    export(sources["table"], above / "scene.toml", "scene")
    again = toml.load(above / "scene.toml")
    assert again.data.file == f"{folder.name}/a.csv"
    assert OwnTraining(again, above, backend.choose("cpu")).data.summary == sources["table"].data.summary
    with pytest.raises(InputError, match=r"a\.csv is not in .*below"):
        export(sources["table"], below / "scene.toml", "scene")
    assert not list(below.iterdir())
