"""Files of every kind given to every command: what they are is said by name, with the way out, and never by an encoding."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import subprocess
import sys
import zipfile
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save as to_bytes

from nnviz3d.app.cli import main
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.inspect import inspect
from nnviz3d.app.session import opening
from nnviz3d.spec import file_kinds, toml
from nnviz3d.spec.errors import InputError

CSV = "colour,size,kind\nred,1.5,a\nblue,2.5,b\ngreen,0.5,a\n"
SCENE = 'title = "mine"\n[data]\nkind = "xor"\n'


def picture(form):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 9, 9)).save(file, form)
    return file.getvalue()


def archive(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name in names:
            out.writestr(name, "x" * 20)
    return file.getvalue()


def arrays(**values):
    file = io.BytesIO()
    np.savez(file, **values)
    return file.getvalue()


def array():
    file = io.BytesIO()
    np.save(file, np.zeros((3, 2)))
    return file.getvalue()


FOREIGN = {
    "keras": (archive("metadata.json", "config.json", "model.weights.h5"), "is a Keras model", "convert it with `model.export("),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "is an HDF5 file", "safetensors"),
    "torch": (archive("archive/data.pkl", "archive/byteorder"), "is a PyTorch file, which could run any code", "safetensors"),
    "pickle": (pickle.dumps({"a": 1}), "is a pickle, which could run any code", "safetensors"),
    "png": (picture("PNG"), "is a PNG picture", "nnviz3d opens scenes"),
    "jpeg": (picture("JPEG"), "is a JPEG picture", "nnviz3d opens scenes"),
    "webp": (picture("WEBP"), "is a WebP picture", "nnviz3d opens scenes"),
    "tiff": (picture("TIFF"), "is a TIFF picture", "nnviz3d opens scenes"),
    "gif": (picture("GIF"), "is a GIF", "nnviz3d opens scenes"),
    "mp4": (b"\0\0\0\x20ftypisom" + bytes(40), "is a film (MP4)", "nnviz3d opens scenes"),
    "mov": (b"\0\0\0\x14ftypqt  " + bytes(40), "is a film (MOV)", "nnviz3d opens scenes"),
    "webm": (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(40), "is a film (WebM)", "nnviz3d opens scenes"),
    "mkv": (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", "is a film (Matroska)", "nnviz3d opens scenes"),
    "pdf": (b"%PDF-1.7\n" + bytes(30), "is a PDF document", "nnviz3d opens scenes"),
    "gguf": (b"GGUF" + bytes(30), "is a GGUF model", "the folder of safetensors"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(30), "is a TensorFlow Lite model", "tf2onnx.convert --tflite"),
    "torchscript": (archive("m/data.pkl", "m/code/__torch__.py"), "is a TorchScript model, which could run any code", "torch.onnx.export("),
}
OWN = {
    "table": (CSV.encode(), "is a table", "`nnviz3d inspect {}`, or drop it on the window"),
    "tabs": (CSV.replace(",", "\t").encode(), "is a table", "drop it"),
    "cp1252": ("Länge;Größe\n1,5;2\n1,25;3\n".encode("cp1252"), "is a table", "drop it"),
    "utf16": (CSV.encode("utf-16"), "is a table", "drop it"),
    "gzip": (gzip.compress(CSV.encode()), "is a table, packed (gzip)", "drop it"),
    "weights": (to_bytes({"layers.0.weight": np.zeros((2, 2), np.float32)}), "is a file of weights", "--init {}"),
    "npz": (arrays(x=np.zeros((3, 2)), y=np.zeros(3)), "is a file of numpy arrays", "nnviz3d inspect {}"),
    "npy": (array(), "is a file of numpy arrays", "nnviz3d inspect {}"),
    "idx": (b"\0\0\x08\x01\0\0\0\x04abcd", "is data in the IDX format", "drop it"),
    "excel": (archive("[Content_Types].xml", "xl/workbook.xml"), "is an Excel workbook", "save it as .csv"),
    "parquet": (b"PAR1" + bytes(30) + b"PAR1", "is a Parquet table", ".csv"),
    "timeline": (b'{"nnviz3d":"timeline","format":1}\n', "is a timeline", "film"),
    "zip": (archive("readme.txt"), "is a zip archive (with readme.txt)", "unpack"),
}
KINDS = FOREIGN | OWN


def run(*words, cwd):
    done = subprocess.run([sys.executable, "-m", "nnviz3d", *words], capture_output=True, text=True, timeout=60, cwd=cwd)
    assert "Traceback" not in done.stderr
    return done


def write(tmp_path, kind, name):
    (tmp_path / name).write_bytes(KINDS[kind][0])
    return [part.replace("{}", name) for part in KINDS[kind][1:]]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_scene_is_named_with_the_way_out(tmp_path, kind):
    """Under its own name and under a scene's: all commands that train a scene take this way; what is opened to be looked at is no scene
    either."""
    for name in (f"a.{kind}x", "a.toml", "a"):
        what, way = write(tmp_path, kind, name)
        with pytest.raises(opening.InputError) as caught:
            opening.read(str(tmp_path / name), train=kind == "weights")
        reported = str(caught.value)
        assert f"{name}: {what}" in reported and "; expected a scene" in reported and way.lower() in reported.lower()
        assert "UTF-8" not in reported and "TOML" not in reported and len(caught.value.problems) == 1


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_never_opened_is_named_by_inspect_drop_and_init(tmp_path, kind):
    from nnviz3d.app.cli.commands.common import Options
    from nnviz3d.app.cli.commands.inspect import inspect
    from nnviz3d.app.window import file_drop
    from nnviz3d.formats import weights

    loop: Any = SimpleNamespace(
        session=SimpleNamespace(own=SimpleNamespace(reason="its inputs are not a picture"), source=SimpleNamespace(takes=frozenset()))
    )
    for name in (f"a.{kind}", "a.csv", "a.safetensors"):
        what, way = write(tmp_path, kind, name)
        path = tmp_path / name
        asked = [lambda: inspect(Options(), str(path)), lambda: file_drop.receive(loop, [path]), lambda: weights.OpenedWeights(path).open()]  # noqa: B023
        for ask in asked:
            with pytest.raises(opening.InputError) as caught:
                ask()
            assert what in str(caught.value) and way in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [["run", "F", "--headless", "--frames", "2"], ["shot", "F", "-o", "s.png"], ["train", "F"], ["record", "F", "-o", "s.mp4"],
     ["demo", "F"], ["export", "F", "-o", "w.safetensors"], ["train", "xor", "--init", "F"]],
)  # fmt: skip
def test_every_command_says_it_and_writes_nothing(tmp_path, words):
    for kind in ("gguf", "table"):
        what, way = write(tmp_path, kind, "F")
        done = run(*words, "--json", cwd=tmp_path) if words[0] in ("train", "record", "demo") else run(*words, cwd=tmp_path)
        assert done.returncode == 2 and what in done.stderr and way in done.stderr
        assert len(done.stderr.splitlines()) == 1
        if done.stdout:
            assert json.loads(done.stdout)["ok"] is False
    assert [path.name for path in tmp_path.iterdir()] in (["F"], ["out", "F"], ["F", "out"])


def test_weights_under_any_name_are_weights(tmp_path):
    (tmp_path / "w.bin").write_bytes(KINDS["weights"][0])
    assert json.loads(run("inspect", "w.bin", "--json", cwd=tmp_path).stdout)["kind"] == "weights"


@pytest.mark.parametrize("name", ["BMI", "BM", "MZ", "PAR1", "GIF8", "BZh", "GGUF", "ARROW1"])
def test_a_column_may_be_called_like_the_beginning_of_another_kind(tmp_path, name):
    (tmp_path / "t.csv").write_text(f"{name},size,kind\n" + "".join(f"{k * 7 % 11}.5,{k * 3 % 7},{'ab'[k % 2]}\n" for k in range(20)))
    assert file_kinds.of(tmp_path / "t.csv") is file_kinds.TABLE
    facts = inspect(Options(), str(tmp_path / "t.csv"))
    assert facts["table"]["columns"][0]["name"] == name and facts["train"] and "problems" not in facts


def test_arrays_under_any_name_are_arrays(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(40.0).reshape(10, 4))
    (tmp_path / "a.npy").rename(tmp_path / "a.bin")
    facts = json.loads(run("inspect", "a.bin", "--json", cwd=tmp_path).stdout)
    assert facts["kind"] == "data" and facts["shape"] == [3] and "column 3 of 4 (from 0) is the target" in facts["notes"]


def test_a_recordings_folder_opens_under_any_name(tmp_path):
    assert run("train", "xor", "--steps", "5", "--record", "r.nnrec", "-q", cwd=tmp_path).returncode == 0
    (tmp_path / "r.nnrec").rename(tmp_path / "kept")
    assert opening.read(str(tmp_path / "kept")).recording is not None
    assert json.loads(run("inspect", "kept", "--json", cwd=tmp_path).stdout)["kind"] == "recording"


def test_a_scene_that_is_text_is_reported_as_text(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b'title = "M\xfcller"\n[data]\nkind = "xor"\n')
    with pytest.raises(opening.InputError, match="save the file as UTF-8"):
        opening.read(str(path))
    path.write_text("[data\nkind = 5")
    with pytest.raises(opening.InputError, match="not valid TOML"):
        opening.read(str(path))


def test_a_file_alone_means_run_and_a_table_arrives_in_the_window(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_text(CSV)
    (tmp_path / "train").write_text(CSV)
    (tmp_path / "points.csv.bz2").write_bytes(bz2.compress(CSV.encode()))
    assert main.with_command(["points.csv"]) == ["run", "points.csv"]
    assert main.with_command(["train", "xor"]) == ["train", "xor"]
    assert main.with_command(["nonsense"]) == ["nonsense"]
    seen = {}

    def window(opened, **options):
        seen.update(options, scene=opened.scene)
        return 0

    monkeypatch.setattr("nnviz3d.app.window.run.run_window", window)
    for words, arriving in ((["run", "points.csv"], "points.csv"), (["run", "points.csv.bz2"], "points.csv.bz2"), (["run", "xor"], None)):
        with pytest.raises(SystemExit) as end:
            main.app(words)
        assert end.value.code == 0 and (seen["arriving"] and seen["arriving"].name) == arriving


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SCENE, file_kinds.SCENE), ("title = 'x'\n", file_kinds.SCENE), ("1 2 3\n4 5 6\n7 8 9\n", file_kinds.TABLE),
        ("a|b\n1|2\n", file_kinds.TABLE),
        ("It was a dark night.\nNobody was there to see it.\n", file_kinds.TEXT), ("import os\nx = 5\nprint(x, x)\n", file_kinds.TEXT),
        ('{"a": [1, 2]}', file_kinds.TEXT), ("", file_kinds.EMPTY), ("<html><body>a,b</body></html>\n", file_kinds.TEXT),
        (",".join(map(str, range(30_000))) + "\n1,2\n", file_kinds.TABLE),
    ],
)  # fmt: skip
def test_text_is_reported_by_its_lines(tmp_path, text, kind):
    (tmp_path / "a").write_text(text)
    assert file_kinds.of(tmp_path / "a") is kind


def test_random_bytes_never_end_in_an_error():
    g = np.random.default_rng(0)
    for k in range(3000):
        head = g.integers(0, 256, int(g.integers(0, 80)), np.uint8).tobytes()
        start = KINDS[list(KINDS)[k % len(KINDS)]][0][: int(g.integers(0, 40))]
        assert isinstance(file_kinds.of_bytes(start + head, len(start + head)), file_kinds.FileKind)


@pytest.mark.parametrize(("name", "text"), [("zero.onnx", ""), ("hello.txt", "hello there, this is no scene\n")])
def test_a_file_that_is_no_scene_is_not_taken_for_one(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        toml.read(tmp_path / name)
    assert "TOML" not in str(error.value) and name in str(error.value)


def test_a_file_that_is_not_there_is_no_misspelled_scene():
    with pytest.raises(InputError, match="no such file"):
        toml.find("nope.onnx")
