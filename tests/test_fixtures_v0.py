"""Files of version 0.1.0 (tests/fixtures/v0) still open, and still mean the same numbers.

What is expected was written down by that version, so these tests change only where a file of those days may mean something else. Everything
goes through the commands and `import nnviz3d`, but for the end of a timeline, which no command tells.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import nnviz3d as nv

V0 = Path(__file__).parent / "fixtures" / "v0"
SCENES = json.loads((V0 / "scenes" / "inspect.json").read_text("utf-8"))
WEIGHTS = json.loads((V0 / "weights" / "facts.json").read_text("utf-8"))
CHECKPOINTS = sorted(name.removesuffix("-half") for name in WEIGHTS if name.endswith("-half"))
SESSIONS = sorted(path.stem for path in (V0 / "sessions").glob("*.timeline"))
RECORDINGS = sorted(path.stem for path in (V0 / "recordings").glob("*.nnrec"))
SCRIPTS = sorted(path.stem for path in (V0 / "scripts").glob("*.py"))
CLOSE = 1e-5  # of the largest value: another BLAS adds in another order
INSPECT = """
import json, runpy, sys
for name in sys.argv[1:]:
    sys.argv = ["nnviz3d", "inspect", name, "--json"]
    try:
        runpy.run_module("nnviz3d", run_name="__main__")
    except SystemExit:
        pass
"""


def command(*words: str | Path, folder: Path = V0 / "scenes", code: int = 0) -> str:
    """What `nnviz3d` prints in the fixtures' folder."""
    done = subprocess.run([sys.executable, "-m", "nnviz3d", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def trained(*words: str | Path) -> dict[str, Any]:
    return json.loads(command("train", *words, "--json", "--quiet", "--backend", "cpu"))


def assert_holds(found: Any, wanted: Any, where: str = "") -> None:
    """Everything that was there is there, with the same value; newer versions may say more."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and wanted.keys() <= found.keys(), f"{where}: {found!r:.200}"
        for key, value in wanted.items():
            assert_holds(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted), f"{where}: {found!r:.200}, not {wanted!r:.200}"
        for k, value in enumerate(wanted):
            assert_holds(found[k], value, f"{where}.{k}")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=CLOSE), where
    else:
        assert found == wanted, where


def assert_close(found: np.ndarray, wanted: np.ndarray, where: str = "") -> None:
    found, wanted = (np.asarray(a, np.float64) for a in (found, wanted))
    assert found.shape == wanted.shape, where
    scale = float(np.nanmax(np.abs(wanted), initial=0.0))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=CLOSE * scale, err_msg=where)


def over(changed: dict, default: dict) -> dict:
    """The whole document of a scene, of which the fixtures keep what is not default."""
    tables = [key for key, value in changed.items() if isinstance(value, dict) and isinstance(default.get(key), dict)]
    return default | changed | {key: over(changed[key], default[key]) for key in tables}


@pytest.fixture(scope="module")
def inspected() -> dict[str, dict]:
    """`inspect --json` of every scene, in one process."""
    files = [f"{name}.toml" for name in SCENES["scenes"]]
    done = subprocess.run([sys.executable, "-c", INSPECT, *files], cwd=V0 / "scenes", capture_output=True, text=True, check=False)
    text, found = done.stdout.strip(), {}
    while text:
        facts, end = json.JSONDecoder().raw_decode(text)
        text = text[end:].strip()
        found[Path(facts.get("file", "")).stem] = facts
    assert len(found) == len(files), done.stderr
    return found


# ---------------------------------------------------------------- scenes


def test_there_is_a_scene_of_every_table_and_choice():
    """The fixtures say something about every setting that there was."""
    every = json.dumps([scene["scene"] for scene in SCENES["scenes"].values()])
    tables = (key for key, value in SCENES["defaults"].items() if isinstance(value, dict))
    assert all(f'"{table}"' in every for table in tables) and '"camera": [{' in every and '"columns": {"' in every
    assert len(SCENES["scenes"]) == len(list((V0 / "scenes").glob("*.toml")))


@pytest.mark.parametrize("name", SCENES["scenes"])
def test_a_scene_means_what_it_meant(name, inspected):
    wanted = SCENES["scenes"][name]
    assert_holds(inspected[name], wanted | {"scene": over(wanted["scene"], SCENES["defaults"])}, name)


@pytest.mark.parametrize("name", ["new", "plants", "film", "rivals", "pictures"])
def test_a_scene_is_written_with_the_same_meaning(name, tmp_path):
    for path in (V0 / "scenes").iterdir():
        shutil.copy(path, tmp_path)
    command("export", f"{name}.toml", "-o", "again.toml", "--quiet", folder=tmp_path)
    assert nv.Scene.load(tmp_path / "again.toml") == nv.Scene.load(V0 / "scenes" / f"{name}.toml")


# ---------------------------------------------------------------- weights and checkpoints


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_weights_file_is_inspected_as_it_was(name):
    assert_holds(json.loads(command("inspect", V0 / "weights" / f"{name}.safetensors", "--json")), WEIGHTS[name]["inspect"], name)


@pytest.mark.parametrize("name", [name for name, facts in WEIGHTS.items() if "init" in facts])
def test_weights_give_the_same_losses_and_accuracies(name):
    scene = f"{name.removesuffix('-half')}.toml"
    assert_holds(trained(scene, "--init", V0 / "weights" / f"{name}.safetensors", "--steps", "0"), WEIGHTS[name]["init"], name)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_goes_on_to_the_same_numbers(name, tmp_path):
    """Half, 30 steps on, is whole: parameters, optimiser, order of rows, curves, and of both networks where two are compared."""
    half, whole = (V0 / "weights" / f"{name}-{part}.safetensors" for part in ("half", "whole"))
    summary = trained(f"{name}.toml", "--resume", half, "--steps", "30", "--save", tmp_path / "found.safetensors")
    assert_holds(summary, WEIGHTS[f"{name}-half"]["resumed"], name)
    trained(f"{name}.toml", "--resume", whole, "--steps", "0", "--save", tmp_path / "wanted.safetensors")
    found, wanted = (load_file(tmp_path / f"{which}.safetensors") for which in ("found", "wanted"))
    assert found.keys() == wanted.keys() and len(found) > 2
    for key in sorted(found):
        if found[key].dtype.kind == "f":
            assert_close(found[key], wanted[key], key)
        elif found[key].dtype == np.int64:
            assert np.array_equal(found[key], wanted[key]), key


# ---------------------------------------------------------------- recordings


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_holds_the_same_numbers_at_every_step(name):
    folder, kept = V0 / "recordings", load_file(V0 / "recordings" / f"{name}.safetensors")
    facts = json.loads((folder / f"{name}.json").read_text("utf-8"))
    assert_holds(json.loads(command("inspect", folder / f"{name}.nnrec", "--json")), facts, name)
    recording = nv.load_recording(folder / f"{name}.nnrec")
    assert list(recording.steps) == kept["steps"].tolist() and np.array_equal(recording.loss, kept["loss"], equal_nan=True)
    for step in (*recording.steps, *recording.steps[::-1]):
        assert np.array_equal(recording.parameters(int(step)), kept[f"parameters.{step}"])
        assert np.array_equal(recording.activations(int(step)), kept[f"activations.{step}"])


@pytest.mark.gl
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_filmed_and_each_kept_step_is_another_picture(name, tmp_path):
    recording = V0 / "recordings" / f"{name}.nnrec"
    with nv.Recorder(recording, size=(160, 90), fps=4, duration=1.0) as film:
        first, last = film.frame(0), film.frame(3)
    again = nv.shot(recording, (160, 90), step=0), nv.shot(recording, (160, 90), step=8)
    assert (first != last).any() and (again[0] != again[1]).any()
    command("run", recording, "--headless", "--frames", "3", "--size", "320x180", "--screenshot", tmp_path / "window.png", "--quiet")
    assert (tmp_path / "window.png").stat().st_size > 1000


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_step_of_a_recording_is_exported_as_it_is(name, tmp_path):
    kept = load_file(V0 / "recordings" / f"{name}.safetensors")
    step = int(kept["steps"][-2])
    recording = V0 / "recordings" / f"{name}.nnrec"
    command("export", recording, "--step", str(step), "-o", tmp_path / "w.safetensors", "--quiet", "--backend", "cpu")
    found = np.sort(np.concatenate([array.ravel() for array in load_file(tmp_path / "w.safetensors").values()]))
    assert_close(found, np.sort(kept[f"parameters.{step}"]))


# ---------------------------------------------------------------- sessions


def end_of(path: Path) -> tuple[Any, Any]:
    """The session of a timeline after its last event, and what is pointed at there."""
    from nnviz3d.app.render.film import log_player

    session, play = log_player.open(path, "cpu")
    for k in range(int(play.seconds * 12)):
        play.seek(k / 12)
    return session, play.seek(play.seconds)


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_comes_to_the_same_end(name):
    wanted, kept = json.loads((V0 / "sessions" / f"{name}.json").read_text("utf-8")), load_file(V0 / "sessions" / f"{name}.safetensors")
    session, cue = end_of(V0 / "sessions" / f"{name}.timeline")
    networks = [session.source] + ([session.second.source] if session.second else [])
    for prefix, network in zip(("", "b."), networks, strict=False):
        assert_close(np.concatenate([array.ravel() for array in network.parameters().values()]), kept[f"{prefix}parameters"], prefix)
    assert session.scene == nv.Scene.model_validate_json(json.dumps(wanted["scene"]), strict=False)
    assert [network.step for network in networks] == wanted["steps"] and cue.time == pytest.approx(wanted["seconds"])
    assert (session.source.sample.index, session.running, cue.picked) == (wanted["sample"], wanted["running"], wanted["picked"])
    holds = session.source.holds
    assert [list(holds.frozen), list(holds.killed)] == [wanted["frozen"], wanted["killed"]] and session.moments.shown == wanted["shown"]
    place = None if session.walking is None else [session.walking.number, session.walking.playing]
    assert place == (wanted["walk"] and pytest.approx(wanted["walk"]))


@pytest.mark.gl
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_filmed(name, tmp_path):
    words = ["--size", "160x90", "--fps", "2", "--jobs", "1", "--ui", "--json", "--quiet"]
    reported = json.loads(command("record", V0 / "sessions" / f"{name}.timeline", "-o", tmp_path / "####.png", *words))
    assert len(list(tmp_path.glob("*.png"))) == len(reported["frames"]) > 1 and len(set(reported["frames"])) > 1


# ---------------------------------------------------------------- exports


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_of_the_same_weights_says_the_same(script, tmp_path):
    name, _, language = script.rpartition("-")
    half = V0 / "weights" / f"{name}-half.safetensors"
    command("export", f"{name}.toml", "--weights", half, "-o", tmp_path / f"{script}.py", "--as", language, "--quiet", "--backend", "cpu")
    found, wanted = (folder / f"{script}.py" for folder in (tmp_path, V0 / "scripts"))
    if language == "torch":  # which is not installed: the same modules and numbers
        assert _code(found) == _code(wanted)
        return
    kept = (V0 / "scripts" / f"{script}.txt").read_text("utf-8")
    for path in (found, wanted):
        printed = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout
        assert re.sub(r"-?\d+\.\d+", "#", printed) == re.sub(r"-?\d+\.\d+", "#", kept)
        assert np.allclose(_numbers(printed), _numbers(kept), rtol=1e-6, atol=1e-6)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def _code(path: Path) -> dict[str, str]:
    """The values of a script's constants: rows, sizes, activations."""
    tree = ast.parse(path.read_text("utf-8"))
    return {ast.unparse(each.targets[0]): ast.unparse(each.value) for each in tree.body if isinstance(each, ast.Assign)}
