"""Timeline files: what is written is read again, and what a stranger writes is refused with every reason."""

import json

import pytest

from nnviz3d.spec import limits, session_log, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.session_log import KEPT, Event, Timeline

HEAD = {
    "nnviz3d": "timeline", "format": 1, "scene": 'title = "a"\n', "base": "/", "name": "a", "seed": 0, "begin": 0.0, "remember": 1024,
    "running": True, "versions": {},
}  # fmt: skip
STEP = {"t": 1.0, "k": "step", "step": 3}


def written(tmp_path, *rows, head=HEAD):
    path = tmp_path / "a.timeline"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in (head, *rows)) + "\n")
    return path


def problems(tmp_path, *rows, head=HEAD):
    with pytest.raises(InputError) as caught:
        session_log.load(written(tmp_path, *rows, head=head))
    return [str(each) for each in caught.value.problems]


def test_everything_that_is_written_is_read_again(tmp_path):
    events = (
        Event(0.0, "step", None, 0),
        Event(0.0, "window", [640, 480, 0.25, 0.0]),
        Event(0.1, "pose", [0.0, 1.0, -2.5, 0.3, -0.1, 12.0, -0.2, 0.1]),
        Event(0.1, "seen", [3, -1, 7, -1, 1]),
        Event(0.1, "seen", [3, -1, [1, 12], [0, 7], 1]),
        Event(0.3, "edit", [["train.learning_rate", 0.01, None], ["network.layers", [{"units": 3}], [0]]], 4, "", 2.5, True, True),
        Event(0.3, "do", [12, -0.5], 4, "set_parameter", 2.6, True, False),
        Event(0.3, "do", ["step", -1], 4, "move"),
        Event(0.5, "place", [2.25, True], 5),
        Event(0.6, "weights", "/a/b.safetensors", 5),
    )
    kept = Timeline(Scene(title="a"), tmp_path, events, "a", 0.2, 1 << 20, True, {"nnviz3d": "1"})
    session_log.save(tmp_path / "a.timeline", kept)
    assert session_log.load(tmp_path / "a.timeline") == kept
    assert len((tmp_path / "a.timeline").read_text().splitlines()) == 11


def test_a_folder_that_is_gone_becomes_the_files_own(tmp_path):
    assert session_log.load(written(tmp_path, STEP, head=HEAD | {"base": "/no/such/folder"})).base == tmp_path


@pytest.mark.parametrize(
    ("row", "reported"),
    [
        ("{", "not JSON"),
        ("[1]", "expected a JSON object"),
        ('{"t": NaN, "k": "step", "step": 1}', "NaN is not a number"),
        ('{"t": 1e999, "k": "step", "step": 1}', "expected a number"),
        ('{"t": 1, "k": "step", "step": ' + "9" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({"t": -1, "k": "step", "step": 1}, "t: expected"),
        ({"t": True, "k": "step", "step": 1}, "t: expected"),
        ({"t": 1, "k": "step"}, "step: expected a whole number"),
        ({"t": 1, "k": "step", "step": limits.STEPS + 1}, "step: expected a whole number"),
        ({"t": 1, "k": "step", "step": 1.5}, "step: expected a whole number"),
        ({"t": 1, "k": "shell", "v": "rm"}, "unknown kind 'shell'"),
        ({"t": 1, "k": ["step"], "step": 1}, "k and name: expected texts"),
        ({"t": 1, "k": "do", "name": "save", "step": 1}, "'save' is not a command allowed in a timeline"),
        ({"t": 1, "k": "do", "name": "quit", "step": 1}, "'quit' is not a command"),
        ({"t": 1, "k": "do", "name": "export", "v": "weights", "step": 1}, "'export' is not a command"),
        ({"t": 1, "k": "do", "name": "open", "v": "/etc/passwd", "step": 1}, "'open' is not a command"),
        ({"t": 1, "k": "do", "name": "play", "v": 1, "step": 1}, "takes no value"),
        ({"t": 1, "k": "do", "name": "rewind", "v": "3", "step": 1}, "expected a whole number"),
        ({"t": 1, "k": "do", "name": "move", "v": ["step", 2], "step": 1}, "expected one of 1, -1"),
        ({"t": 1, "k": "do", "name": "freeze", "v": [[0, "1"], True], "step": 1}, "expected a whole number"),
        ({"t": 1, "k": "do", "name": "set_parameter", "v": [0, 1e300], "step": 1}, "expected a number"),
        ({"t": 1, "k": "do", "name": "set_parameter", "v": [0], "step": 1}, "expected a list of 2"),
        ({"t": 1, "k": "edit", "v": [["__class__.a", 1, None]], "step": 1}, "expected the path of a setting"),
        ({"t": 1, "k": "edit", "v": [["../x", 1, None]], "step": 1}, "expected the path of a setting"),
        ({"t": 1, "k": "edit", "v": "train", "step": 1}, "expected a list"),
        ('{"t": 1, "k": "edit", "v": [["train.learning_rate", 1e999, null]], "step": 1}', "a number must be finite"),
        ({"t": 1, "k": "weights", "v": "a\0b", "step": 1}, "expected a text"),
        ({"t": 1, "k": "pose", "v": [0] * 5 + [0.0] + [0] * 2}, "expected a number from 1e-09"),
        ({"t": 1, "k": "pose", "v": [0] * 7}, "expected a list of 8"),
        ({"t": 1, "k": "window", "v": [0, 1, 0, 0]}, "expected a whole number from 1"),
        ({"t": 1, "k": "seen", "v": [0, 0, 0, 0]}, "expected a list of 5"),
        ({"t": 1, "k": "seen", "v": [0, 0, [0, -1], 0, 0]}, "expected a whole number"),
        ({"t": 1, "k": "seen", "v": [0, 0, [0], 0, 0]}, "expected a list of 2"),
        ({"t": 1, "k": "step", "step": 1, "run": "x"}, "unknown key 'run'"),
        ({"t": 1, "k": "step", "step": 1, "held": "yes"}, "now, held and loose"),
    ],
)
def test_what_a_line_cannot_be(tmp_path, row, reported):
    found = problems(tmp_path, STEP | {"t": 0.5}, row, {"t": 2, "k": "step", "step": 9})
    assert len(found) == 1 and "line 3" in found[0] and reported in found[0]


def test_every_problem_is_reported_at_once_and_a_flood_is_counted(tmp_path):
    found = problems(tmp_path, STEP, STEP | {"t": 0.5}, {"t": 2, "k": "do", "name": "open", "step": 1}, "}")
    assert [part in each for part, each in zip(("times must not decrease", "'open'", "not JSON"), found, strict=True)] == [True] * 3
    found = problems(tmp_path, *["x"] * 5000)
    assert len(found) == session_log.SHOWN + 1 and "4,900 more" in found[-1]


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"nnviz3d": "scene"}, "not the head"),
        ({"format": 2}, "reads 1"),
        ({"scene": "train = 1"}, "train"),
        ({"scene": "x = ["}, "not valid TOML"),
        ({"scene": 7}, "expected a scene"),
        ({"base": ""}, "head.base"),
        ({"begin": -1}, "head.begin"),
        ({"begin": 5.0}, "after the end"),
        ({"remember": 1 << 50}, "head.remember"),
        ({"running": 1}, "head.running"),
        ({"hook": "x"}, "head.hook: unknown key"),
    ],
)
def test_what_a_head_cannot_be(tmp_path, change, reported):
    assert any(reported in each for each in problems(tmp_path, STEP, head=HEAD | change))


def test_files_that_are_no_timeline(tmp_path):
    for raw, reported in ((b"", "the file is empty"), (b"\xff\xfe", "not JSON"), (b"hello\n", "not JSON")):
        (tmp_path / "a").write_bytes(raw)
        with pytest.raises(InputError, match=reported):
            session_log.load(tmp_path / "a")
    assert "nothing to show" in problems(tmp_path)[0]
    for path in (tmp_path, tmp_path / "none", "/dev/zero"):
        with pytest.raises(InputError):
            session_log.load(path)


def test_size_line_and_number_are_bounded_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(session_log, "LINE", 1000)
    assert "longer than 1,000 bytes" in problems(tmp_path, STEP, '{"t": 1, "k": "' + "x" * 5000 + '"}')[0]
    monkeypatch.setattr(session_log, "EVENTS", 20)
    assert "more than 20 events" in problems(tmp_path, *[STEP] * 30)[0]
    monkeypatch.setattr(session_log, "BYTES", 100)
    assert "at most 100" in problems(tmp_path, STEP)[0]


def test_no_command_of_a_timeline_writes_asks_or_leaves():
    assert not KEPT.keys() & {
        "save", "save_as", "open", "open_file", "export", "answer", "browse", "columns", "quit", "screenshot", "fullscreen", "capture",
        "save_timeline",
    }  # fmt: skip


def test_a_scene_with_text_of_every_kind_survives(tmp_path):
    scene = toml.apply(Scene(), [])
    scene = scene.model_copy(update={"title": 'quote " and \\ and ü\n'})
    session_log.save(tmp_path / "a", Timeline(scene, tmp_path, (Event(0.0, "step", None, 0),)))
    assert session_log.load(tmp_path / "a").scene == scene
