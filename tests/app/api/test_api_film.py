"""Films from Python: the command line's films, arrays frame by frame, models that learn, and what a notebook shows of them."""

import asyncio
import base64
import hashlib
import importlib.util
import io
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import nnviz3d as nv
from nnviz3d.app.render import notebook
from nnviz3d.app.render.notebook import Film, Still

pytest.importorskip("av", reason="films need the extra `video`")
pytestmark = pytest.mark.gl
SMALL = {"size": (96, 54), "fps": 10, "duration": 1.0}


def digests(frames):
    return [hashlib.sha256(np.ascontiguousarray(frame)).hexdigest() for frame in frames]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return nv.record("xor", tmp_path_factory.mktemp("film") / "xor.mp4", **SMALL)


def test_packages_that_are_imported_hide_no_function(film):
    from nnviz3d.video import segment_folder

    assert callable(nv.record) and nv.record.__name__ == "record" and segment_folder is sys.modules["nnviz3d.video.segment_folder"]
    code = "import nnviz3d.video.codecs, nnviz3d as nv, sys; assert nv.record.__module__ == 'nnviz3d.app.api.film'"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_film_is_the_command_lines(film, tmp_path):
    assert (film.size, film.fps, film.frames, film.seconds) == ((96, 54), 10, 10, 1.0)
    words = ["xor", "-o", tmp_path / "same.mp4", "--size", "96x54", "--fps", "10", "--duration", "1", "-q"]
    subprocess.run([sys.executable, "-m", "nnviz3d", "record", *map(str, words)], check=True)
    assert (tmp_path / "same.mp4").read_bytes() == film.path.read_bytes()
    assert "Film(path=" in repr(film) and len(repr(film)) < 200


def test_a_film_is_shown_in_a_notebook_as_what_it_is(film, tmp_path, monkeypatch):
    data = re.fullmatch(r'<video src="data:video/mp4;base64,([^"]+)" width="96" controls [a-z ]+></video>', film._repr_html_())[1]
    assert base64.b64decode(data) == film.path.read_bytes()
    gif = nv.record("xor", tmp_path / "a & <b>.gif", size="96x54", fps=10, frames=(2, 5), duration=1)
    assert gif._repr_html_().startswith('<img src="data:image/gif;base64,') and gif.frames == 4
    monkeypatch.setattr(notebook, "INLINE", 100)
    monkeypatch.chdir(tmp_path)
    reported = gif._repr_html_()
    assert (
        reported.startswith('<a href="a%20%26%20%3Cb%3E.gif"')
        and "&lt;b&gt;" in reported
        and "<b>" not in reported
        and "4 frames" in reported
    )
    kept = nv.record("xor", "kept.mkv", **SMALL)
    assert "not for browsers" in kept._repr_html_()
    kept.path.unlink()
    assert "kept.mkv" in kept._repr_html_()
    shots = nv.record("xor", tmp_path / "shots" / "###.png", frames=(0, 1), **SMALL)
    assert shots._repr_html_().startswith('<a href="shots"')


def test_stills_are_arrays_that_a_notebook_shows(tmp_path):
    still = nv.shot("xor", size=(96, 54))
    assert isinstance(still, np.ndarray) and still.shape == (54, 96, 3) and still.dtype == np.uint8
    with Image.open(io.BytesIO(still._repr_png_())) as shown:
        assert (np.asarray(shown) == still).all()
    assert (np.asarray(Image.open(io.BytesIO(still[10:30, ::2]._repr_png_()))) == still[10:30, ::2]).all()
    assert all(other._repr_png_() is None for other in (still[..., 0], still[:0], still.astype(int)))
    assert (
        isinstance(still.max(), np.uint8)
        and type(still + 1) is np.ndarray
        and type(still[5:]) is Still
        and type(np.asarray(still)) is np.ndarray
    )
    assert Still(np.full((4, 6, 4), 65535, np.uint16))._repr_png_()[:4] == b"\x89PNG"
    with Image.open(io.BytesIO(Still(np.zeros((10, 4000, 3), np.uint8))._repr_png_())) as wide:
        assert wide.width == 2 * notebook.WIDTH


def test_a_recorder_gives_the_films_frames_in_any_order(film):
    with nv.Recorder("xor", **SMALL) as recorder:
        assert (len(recorder), recorder.fps, recorder.seconds, recorder.size) == (10, 10, 1.0, (96, 54))
        first, later = recorder.frame(), recorder.frame(6)
        other = nv.shot("xor", size=(64, 36))  # another context in between
        after, back = recorder.frame(), recorder.frame(0)
        assert other.shape == (36, 64, 3)
        assert digests([first, later, after, back]) == [film.sidecar["frames"][k] for k in (0, 6, 7, 0)]
        assert digests(recorder) == film.sidecar["frames"]
        with nv.Recorder("iris", **SMALL) as beside:  # two at once, in turns
            assert len({digest for k in range(3) for digest in digests([beside.frame(k), recorder.frame(k)])}) == 6
        for k in (-1, 10, 99):
            with pytest.raises(IndexError, match=f"frame {k} is not in the film"):
                recorder.frame(k)
        recorder.frame(9)
        with pytest.raises(IndexError):
            recorder.frame()
    assert digests([recorder.frame(3)]) == film.sidecar["frames"][3:4]  # after the end it begins again
    recorder.close()
    recorder.close()


def test_a_recorder_of_other_depths_and_shots_by_their_own_time():
    with nv.Recorder("xor", depth=16, transparent=True, **SMALL) as recorder:
        assert recorder.frame().shape == (54, 96, 4) and recorder.frame().dtype == np.uint16
    with nv.Recorder("xor", depth=32, **SMALL) as recorder:
        assert recorder.frame().dtype == np.float32
    with nv.Recorder("one-iteration", preset="draft", ssaa=2) as recorder:
        assert recorder.size == (640, 360) and recorder.seconds > 10


def test_bad_wishes_are_reported_in_pythons_words(film, tmp_path):
    for call, words in [
        (lambda: nv.record("xor", film.path, **SMALL), r"output: already exists; overwrite=True replaces it"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", size=(95, 54)), r"size: width and height must be even"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", size=3), r"size: expected \(width, height\)"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", size=(0, 54)), r"size: expected WIDTHxHEIGHT"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", motion_blur=0), r"record\.motion_blur"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", duration="long"), r"duration: expected a number, found 'long'"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", frames=7), r"frames: expected \(first, last\)"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", frames=(5, 2)), r"frames: expected A\.\.B"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", farm="moon:1"), r"farm: expected local:N"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", resume=True, overwrite=True), r"give only one of the two"),
        (lambda: nv.record("xor", tmp_path / "a.mp4", preset="huge"), r"preset: expected one of draft"),
        (lambda: nv.record("no-such-scene", tmp_path / "a.mp4"), "no-such-scene"),
        (lambda: nv.Recorder("xor", depth=12), r"depth: expected 8, 16 or 32"),
        (lambda: nv.Recorder("xor", duration=-1), r"duration: seconds above 0"),
        (lambda: nv.record_training("xor", tmp_path / "a.mp4", steps=-1), r"record\.steps"),
        (lambda: nv.record_training("xor", tmp_path / "a.mp4", optimizer="magic"), r"train\.optimizer"),
        (lambda: nv.record_training("xor", tmp_path / "a.mp4", data=([1], [2])), "data: is only for PyTorch models"),
    ]:
        with pytest.raises(nv.InputError, match=words):
            call()
    for call in (lambda: nv.Recorder("xor", frames="1..2"), lambda: nv.record_training("xor", tmp_path / "a.mp4", speed=2)):
        with pytest.raises(TypeError, match="unexpected options"):
            call()
    assert not list(tmp_path.iterdir())


def test_within_a_running_event_loop_again_and_again_and_after_an_error(film, tmp_path):
    """As in a notebook."""

    async def cell():
        with pytest.raises(RuntimeError, match="stop"):
            nv.record("xor", tmp_path / "a.mp4", progress=lambda done, total: exec("raise RuntimeError('stop')"), **SMALL)
        return nv.record("xor", tmp_path / "a.mp4", resume=True, **SMALL), nv.record("xor", tmp_path / "b.mp4", **SMALL)

    for made in asyncio.run(cell()):
        assert made.sidecar["frames"] == film.sidecar["frames"] and made.path.read_bytes() == film.path.read_bytes()


@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="needs the extra `farm`")
def test_a_farm_within_a_running_event_loop(film, tmp_path):
    async def cell():
        return nv.record("xor", tmp_path / "a.mp4", farm="local:1", **SMALL)

    assert asyncio.run(cell()).sidecar["frames"] == film.sidecar["frames"]


def test_progress_is_a_function_or_a_line(tmp_path, capsys):
    seen = []
    nv.record("xor", tmp_path / "a.mp4", progress=lambda *both: seen.append(both), **SMALL)
    assert seen == [(k, 10) for k in range(1, 11)] and capsys.readouterr().err == ""
    nv.record("xor", tmp_path / "b.mp4", progress=True, **SMALL)
    assert re.search(r"\r10 of 10 frames, [\d.,]+ a second, 0 s left", capsys.readouterr().err)
    nv.record("xor", tmp_path / "c.mp4", **SMALL)  # nobody looks
    assert capsys.readouterr() == ("", "")


def test_a_training_in_one_call(tmp_path):
    made = nv.record_training("forward-pass", tmp_path / "a.gif", steps=30, learning_rate=0.5, seed=7, title="Mine", **SMALL)
    assert isinstance(made, Film) and made.frames == 10 and made.sidecar["seed"] == 7
    assert "[[record.shot]]" not in made.sidecar["scene"] and 'title = "Mine"' in made.sidecar["scene"]
    frames = made.sidecar["frames"]
    assert len(set(frames)) > 5
    scene = nv.Scene.load("xor")
    assert nv.record_training(scene, tmp_path / "b.gif", steps=0, **SMALL).frames == 10


@pytest.mark.frameworks
def test_a_model_learns_from_its_own_weights(tmp_path):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))
    x = torch.randn(80, 2)
    y = (x[:, 0] * x[:, 1] > 0).long()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    made = nv.record_training(model, tmp_path / "a.gif", data=(x, y), steps=50, **SMALL)
    again = nv.record_training(model, tmp_path / "b.gif", data=(x.numpy(), y.numpy()), steps=50, **SMALL)
    assert made.sidecar["frames"] == again.sidecar["frames"] and len(set(made.sidecar["frames"])) > 5
    assert all((a == b).all() for a, b in zip(before, model.parameters(), strict=True))
    with torch.no_grad():
        model[0].weight.mul_(-1)
    other = nv.record_training(model, tmp_path / "c.gif", data=(x, y), steps=50, **SMALL)
    assert other.sidecar["frames"][0] != made.sidecar["frames"][0] and other.sidecar["scene_hash"] != made.sidecar["scene_hash"]
    hot = torch.nn.functional.one_hot(y)
    assert nv.record_training(model, tmp_path / "d.gif", data=(x, hot), steps=50, **SMALL).sidecar["frames"] == other.sidecar["frames"]
    single = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1), torch.nn.Sigmoid())
    assert 'loss = "bce"' in nv.record_training(single, tmp_path / "e.gif", data=(x, y), steps=5, **SMALL).sidecar["scene"]

    for call, words in [
        (lambda: nv.record_training(model, tmp_path / "z.gif"), "data: a model needs data"),
        (lambda: nv.record_training(model, tmp_path / "z.gif", data=(x, y[:5])), "80 samples in x, 5 in y"),
        (lambda: nv.record_training(model, tmp_path / "z.gif", data=(x[:, :1], y)), "takes 2 numbers, but reads 1"),
        (
            lambda: nv.record_training(model, tmp_path / "z.gif", data=(x, torch.arange(80) % 3)),
            "data: y: 3 classes, but the model outputs 2",
        ),
        (lambda: nv.record_training(model, tmp_path / "z.gif", data=(x[:, 0], y)), "data: x: expected numbers in rows"),
        (lambda: nv.record_training(torch.nn.Sequential(torch.nn.Hardtanh()), tmp_path / "z.gif", data=(x, y)), "Hardtanh"),
    ]:
        with pytest.raises(nv.InputError, match=words):
            call()
    assert not (tmp_path / "z.gif").exists()
