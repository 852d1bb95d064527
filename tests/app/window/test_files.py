"""Files in the window: dropped, chosen, saved, exported; asked about before changes are lost. A bad file changes nothing."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys

import numpy as np
import pytest
from imgui_bundle import imgui
from safetensors.numpy import load_file

from nnviz3d.app.session import scene_files
from nnviz3d.app.session.run_archive import fit
from nnviz3d.formats import weights
from nnviz3d.spec import toml
from nnviz3d.spec.dialogs import Arrays, Columns, SaveFirst, Which
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command
from nnviz3d.spec.scene import Scene
from tests.helpers.dropped_files import CSV, drop
from tests.helpers.person import Person

K = imgui.Key
pytestmark = pytest.mark.gl


@pytest.fixture
def person(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = Person(size=(900, 600), edits=[Edit("look.quality", "low")])
    yield opened
    opened.close()


def facts(person):
    """What must not change where something is refused."""
    session = person.session
    return session, session.scene, session.source, session.source.data, session.source.parameters()["layers.0.weight"].tobytes()


def refused(person, message: str, *files):
    before = facts(person)
    drop(person, *files)
    if isinstance(person.loop.dialogs.question, Columns):
        person.click(*person.where("Use this data"))
    assert message in person.session.banner
    assert all(a is b or a == b for a, b in zip(facts(person), before, strict=True)) and person.loop.dialogs.question is None
    person.session.single_step()
    person.key(K.escape)
    assert person.session.banner == ""


# ---------------------------------------------------------------- dropping


def test_a_dropped_scene_opens(person, tmp_path):
    (tmp_path / "mine.toml").write_text('title = "Mine"\n[data]\nkind = "iris"\n')
    drop(person, tmp_path / "mine.toml")
    assert person.session.scene.title == "Mine" and person.session.name == "mine" and person.session.running


def test_a_dropped_table_shows_its_columns_and_becomes_a_new_unsaved_scene_in_its_folder(person, tmp_path):
    elsewhere = tmp_path / "else"
    elsewhere.mkdir()
    (elsewhere / "people.csv").write_text(CSV)
    drop(person, elsewhere / "people.csv")
    question = person.loop.dialogs.question
    assert [column.name for column in question.table.columns] == ["height", "weight", "group"] and question.table.columns[2].target
    scene = person.session.scene
    assert scene.data.kind == "xor", "nothing is read before the answer"
    person.click(*person.where("target"))
    person.click(*person.where("weight"))
    assert person.loop.dialogs.question.table.columns[1].target and person.loop.dialogs.question.table.columns[2].use == "words"
    person.click(*person.where("delimiter"))
    person.click(*person.where("semicolon"))
    assert "has one column" in person.loop.dialogs.question.problem, "the question stays, and says what is wrong"
    person.click(*person.where("delimiter"))
    person.click(*person.where("comma (found)"))
    person.click(*person.where("target"))
    person.click(*person.where("group"))
    person.click(*person.where("Use this data"))
    session = person.session
    assert (session.scene.data.kind, session.scene.data.file, session.scene.title) == ("csv", "people.csv", "people")
    assert session.source.data.class_names == ("a", "b") and session.scene.data.standardize
    assert session.scene.network == scene.network and session.scene.train == scene.train
    assert session.base == elsewhere and session.path is None and scene_files.unsaved(session)
    person.key(K.s, K.mod_ctrl)
    assert toml.load(elsewhere / "people.toml") == session.scene and not scene_files.unsaved(session)
    drop(person, elsewhere / "people.toml")
    assert person.session.source.data.class_names == ("a", "b")


def test_dropped_arrays_are_known_by_what_they_hold(person, tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((30, 4)))
    (tmp_path / "a.npy").rename(tmp_path / "a.bin")
    drop(person, tmp_path / "a.bin")
    assert person.session.scene.data.kind == "npz" and person.session.source.data.x_train.shape[1] == 3


PEOPLE = "no,größe,sex,born,group\n" + "".join(
    f"{k},{150 + k * 7 % 31},{['f', 'm', ''][k % 3]},{1980 + k % 9}-0{k % 8 + 1}-11,{'ab'[k * k % 3 % 2]}\n" for k in range(1, 41)
)


@pytest.mark.parametrize("folder", ["home", "else"])
def test_a_table_with_words_dates_and_gaps_trains_from_enter_and_takes_nothing_of_the_old_scene_s_data(person, tmp_path, folder):
    """As one edit where the table lies beside the scene; the old scene's comparison, test and noise do not come along."""
    for name in ("home", "else"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / "mine.toml").write_text(
        '[data]\nkind = "spiral"\nnoise = 0.2\nfeatures = ["x1", "sin(x1)"]\ntest_fraction = 0.5\n[test]\nsteps = 9\nmin_accuracy = 0.9\n'
        '[[network.layers]]\nunits = 5\n[compare]\n"train.optimizer" = "sgd"\n[view]\nplate_x = ""\n'
    )
    (tmp_path / folder / "people.csv").write_text(PEOPLE)
    drop(person, tmp_path / "home" / "mine.toml")
    before = person.session.scene
    assert person.session.second is not None
    drop(person, tmp_path / folder / "people.csv")
    person.key(K.enter)
    session = person.session
    assert session.banner == "" and session.second is None and session.scene.compare == {} and session.scene.test == Scene().test
    data = session.scene.data
    assert (data.kind, data.noise, data.features, data.test_fraction, data.target) == ("csv", 0.0, ("x1", "x2"), 0.2, "group")
    assert {key: (column.use, column.gaps) for key, column in data.columns.items()} == {
        "no": ("leave_out", "auto"), "sex": ("words", "own_class"), "born": ("date", "auto"),
    }  # fmt: skip
    assert session.source.data.feature_names[:4] == ("größe", "sex = f", "sex = m", "sex = missing")
    assert session.scene.network.layers == before.network.layers
    for _ in range(20):
        session.single_step()
    assert session.source.diverged is None
    assert toml.validate(toml.parse(toml.dump(session.scene).encode(), "text")) == session.scene
    if folder == "home":
        person.key(K.z, K.mod_ctrl)
        assert session.scene == before and session.second is not None, "it was one edit"


def test_another_encoding_is_asked_about(person, tmp_path):
    (tmp_path / "people.csv").write_bytes(PEOPLE.replace(",", ";").encode("cp1252"))
    drop(person, tmp_path / "people.csv")
    question = person.loop.dialogs.question
    assert "not UTF-8" in question.note and question.table.encoding == "cp1252" and question.table.columns[1].name == "größe"
    person.click(*person.where("encoding"))
    person.click(*person.where("mac-roman"))
    assert person.loop.dialogs.question.table.columns[1].name == "gr\u02c6\ufb02e", "the preview is read anew"
    person.click(*person.where("encoding"))
    person.click(*person.where("cp1252"))
    person.key(K.enter)
    assert person.session.scene.data.encoding == "cp1252" and "größe" in person.session.source.data.feature_names


def test_the_columns_of_a_table_are_asked_about_again_and_other_settings_stay(person, tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "mine.toml").write_text(
        '[data]\nkind = "csv"\nfile = "people.csv"\ntest_fraction = 0.3\n[data.columns.sex]\nuse = "leave_out"\n'
    )
    drop(person, tmp_path / "mine.toml")
    person.loop.do(Command("columns"))
    person.frames(3)
    person.click(*person.where("use sex"))
    person.click(*person.where("words", -1))
    person.click(*person.where("Use this data"))
    scene = person.session.scene
    assert scene.data.columns["sex"].use == "words" and scene.data.test_fraction == 0.3 and scene.data.target == "group"


def test_what_the_old_scene_s_output_and_loss_cannot_learn_makes_them_automatic(person, tmp_path):
    (tmp_path / "mine.toml").write_text('[data]\nkind = "iris"\n[train]\nloss = "cross_entropy"\nstop_accuracy = 0.9\n')
    (tmp_path / "p.csv").write_text("a,b,price\n" + "".join(f"{k * 7 % 11},{k * 3 % 5},{k * 1.5}\n" for k in range(40)))
    drop(person, tmp_path / "mine.toml")
    drop(person, tmp_path / "p.csv")
    person.key(K.enter)
    session = person.session
    assert session.banner == "" and session.source.data.task == "regression"
    assert (session.scene.train.loss, session.scene.train.stop_accuracy) == ("auto", 0.0)


def test_data_from_the_scene_s_folder_are_an_edit_that_can_be_undone(person, tmp_path):
    (tmp_path / "mine.toml").write_text('[data]\nkind = "xor"\n')
    (tmp_path / "sub").mkdir()
    np.savez(tmp_path / "sub" / "a.npz", x=np.random.default_rng(0).normal(size=(30, 3)), t=np.arange(30) % 2)
    drop(person, tmp_path / "mine.toml")
    session = person.session
    drop(person, tmp_path / "sub" / "a.npz")
    assert person.session is session and session.scene.data.file == "sub/a.npz" and session.source.topology.input.size == 3
    person.key(K.z, K.mod_ctrl)
    assert session.scene.data.kind == "xor" and session.source.topology.input.size == 2


def test_arrays_whose_names_do_not_tell_are_asked_about(person, tmp_path):
    x, y = np.random.default_rng(0).normal(size=(30, 4)), np.random.default_rng(1).normal(size=(30, 2))
    np.savez(tmp_path / "a.npz", xs=x, ys=y, grid=np.zeros(7))
    before = person.loop.session
    drop(person, tmp_path / "a.npz")
    question = person.loop.dialogs.question
    assert isinstance(question, Arrays) and (question.inputs, question.target) == ("xs", "ys") and person.loop.session is before
    person.loop.dialogs.answer({"inputs_array": "xs", "target_array": "grid"})
    assert "expected 30 targets" in person.loop.dialogs.question.problem and person.loop.session is before
    person.loop.dialogs.answer({"inputs_array": "xs", "target_array": "ys"})
    session = person.loop.session
    assert session.source.topology.input.size == 4 and session.source.topology.output.size == 2
    assert (session.scene.data.inputs_array, session.scene.data.target_array) == ("xs", "ys")


@pytest.mark.parametrize("folder", ["home", "else"])
def test_a_plane_that_was_chosen_goes_with_its_data(person, tmp_path, folder):
    for name in ("home", "else"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / "mine.toml").write_text('[data]\nkind = "iris"\n[view]\nplate_x = "0"\nplate_y = "2"\n')
    np.save(tmp_path / folder / "a.npy", np.random.default_rng(0).normal(size=(30, 5)))
    drop(person, tmp_path / "home" / "mine.toml")
    assert person.session.source.plane is not None
    drop(person, tmp_path / folder / "a.npy")
    assert person.session.banner == "" and person.session.scene.data.file == "a.npy" and person.session.scene.view.plate_x == ""


def test_idx_files_find_each_other_by_name_or_come_together(person, tmp_path):
    pictures = struct.pack(">BBBBIII", 0, 0, 8, 3, 6, 2, 2) + bytes(range(24))
    (tmp_path / "t-images-idx3-ubyte.gz").write_bytes(gzip.compress(pictures))
    refused(person, "two files, images and labels", tmp_path / "t-images-idx3-ubyte.gz")
    (tmp_path / "t-labels-idx1-ubyte.gz").write_bytes(gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 6) + b"\0\1\0\1\0\1"))
    drop(person, tmp_path / "t-labels-idx1-ubyte.gz")
    assert person.session.source.topology.input.shape == (2, 2) and person.session.scene.data.labels_file == "t-labels-idx1-ubyte.gz"
    drop(person, tmp_path / "t-labels-idx1-ubyte.gz", tmp_path / "t-images-idx3-ubyte.gz")
    assert person.session.banner == ""


def test_dropped_weights_go_into_a_network_that_they_fit(person, tmp_path):
    named = person.session.source.parameters()
    weights.save(tmp_path / "w.safetensors", {name: np.full_like(array, 0.25) for name, array in named.items()}, Scene())
    drop(person, tmp_path / "w.safetensors")
    assert all((array == 0.25).all() for array in person.session.source.parameters().values())
    assert "w.safetensors" in person.loop.toast and person.session.scene == toml.load("xor", [Edit("look.quality", "low")])
    weights.save(tmp_path / "v.safetensors", {"layers.0.weight": np.zeros((9, 2)), "other": np.zeros(3)}, Scene())
    before = len(person.session.source.parameters())
    refused(person, "layers.0.weight: shape [9, 2]; the network needs [4, 2]", tmp_path / "v.safetensors")
    drop(person, tmp_path / "v.safetensors")
    assert "other" in person.session.banner and person.session.banner.count("\n") == before, "every problem is reported at once"


BAD = {
    "toml": (b"[train]\nbatch = -1\nlr = 3\n", "unknown key"),
    "csv": (b"", "is empty"),
    "npz": (b"PK", "neither a .npz archive nor a .npy file"),
    "npy": (b"\x93NUMPY\x09", "cannot be read"),
    "safetensors": (b"\xff" * 40, "not a safetensors file"),
    "docx": (b"x", "has one column"),
    "tsv": (b"a\tb\n1\tNA\n2\t\n3\t?\n", "no input is left"),
}


@pytest.mark.parametrize("ending", BAD)
def test_a_bad_file_is_reported_and_changes_nothing(person, tmp_path, ending):
    raw, message = BAD[ending]
    (tmp_path / f"bad.{ending}").write_bytes(raw)
    refused(person, message, tmp_path / f"bad.{ending}")


def test_folders_and_things_that_are_gone_and_many_at_once_are_reported(person, tmp_path):
    (tmp_path / "d.csv").mkdir()
    refused(person, "is a folder", tmp_path / "d.csv")
    refused(person, "no such file", tmp_path / "gone.npz")
    refused(person, "3 files at once", *(tmp_path / name for name in ("a.toml", "b.csv", "c.npz")))


# ---------------------------------------------------------------- before changes are lost


def ask_for(person, name: str):
    person.click(*person.where("scenes"))
    person.click(*person.where(name))


def test_unsaved_changes_can_be_saved_dropped_or_kept(person, tmp_path):
    person.session.apply([Edit("title", "mine")])
    mine = person.session.scene
    ask_for(person, "iris")
    assert person.loop.dialogs.question == SaveFirst("mine", "open iris")
    person.click(*person.where("Cancel"))
    assert person.session.scene == mine and person.loop.dialogs.question is None and not list(tmp_path.iterdir())
    ask_for(person, "iris")
    person.key(K.escape)
    assert person.session.scene == mine and person.loop.dialogs.question is None
    ask_for(person, "iris")
    person.click(*person.where("Save"))
    assert person.session.scene == toml.load("iris") and toml.load(tmp_path / "xor.toml") == mine
    person.session.apply([Edit("title", "other")])
    ask_for(person, "circle")
    person.click(*person.where("Do not save"))
    assert person.session.scene == toml.load("circle") and len(list(tmp_path.iterdir())) == 1


def test_a_save_that_fails_loses_nothing(person, tmp_path):
    person.session.apply([Edit("title", "mine")])
    person.session.path = tmp_path / "gone" / "x.toml"
    ask_for(person, "iris")
    person.click(*person.where("Save"))
    assert person.session.scene.title == "mine" and "cannot be written" in person.session.banner


def test_looking_at_another_sample_from_another_side_is_nothing_to_save(person):
    person.session.show_next(3)
    person.loop.do(Command("camera", "top"))
    assert person.session.scene != person.session.saved and not scene_files.unsaved(person.session)
    ask_for(person, "iris")
    assert person.session.name == "iris"


def test_closing_the_window_asks_and_a_second_wish_is_taken_at_its_word(person):
    person.session.apply([Edit("look.glow", 2.0)])
    person.host.close_asked = True
    person.frames(3)
    assert person.loop.dialogs.question == SaveFirst("XOR", "close the window") and not person.host.closing
    person.key(K.space)  # does not train behind the question
    assert not person.session.running
    person.click(*person.where("Cancel"))
    assert not person.host.closing and person.loop.dialogs.question is None
    for _ in range(2):
        person.host.close_asked = True
        person.frames(2)
    assert person.host.closing


def test_closing_without_changes_closes(person):
    person.host.close_asked = True
    person.frames(1)
    assert person.host.closing


# ---------------------------------------------------------------- our own file list


def test_save_as_by_key_writes_where_it_is_reported_and_goes_on_there(person, tmp_path):
    (tmp_path / "sub").mkdir()
    person.key(K.s, K.mod_ctrl, K.mod_shift)
    assert isinstance(person.loop.dialogs.question, Which) and person.loop.dialogs.question.name == "xor.toml"
    step = person.session.source.step
    person.session.play()
    person.frames(10)
    assert person.session.source.step > step, "training goes on while a file is chosen"
    person.loop.do(Command("browse", "sub"))
    person.frames(2)
    person.key(K.a, K.mod_ctrl)
    person.type("mine")
    assert toml.load(tmp_path / "sub" / "mine.toml") == person.session.scene == person.session.saved
    assert person.session.path == tmp_path / "sub" / "mine.toml"
    person.key(K.o, K.mod_ctrl)
    assert person.loop.dialogs.question.folder == str(tmp_path / "sub"), "the last folder is remembered"
    assert person.loop.dialogs.question.entries == (("mine.toml", False),)


def test_an_existing_file_is_replaced_only_when_asked_twice(person, tmp_path):
    (tmp_path / "precious.toml").write_text("# precious\n")
    person.loop.do(Command("save_as"))
    for left in ("# precious\n", None):
        person.loop.do(Command("answer", "precious.toml"))
        person.frames(2)
        assert (tmp_path / "precious.toml").read_text() == (left or toml.dump(person.session.scene))
    assert person.loop.dialogs.question is None


NAMES = {
    "": "Type a name",
    "none/a.toml": "There is no folder",
    "a\0b": "Not a usable name",
    "x" * 5000: "Not a usable name",
    "~nobody-of-that-name/a": "Not a usable name",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_cannot_be_used_are_reported_in_the_dialog(person, tmp_path, name):
    person.loop.do(Command("save_as"))
    person.loop.do(Command("answer", name))
    person.frames(3)
    assert NAMES[name] in person.loop.dialogs.question.problem and not list(tmp_path.iterdir())


def test_opening_by_the_list(person, tmp_path):
    (tmp_path / "table.csv").write_text(CSV)
    (tmp_path / "notes.md").write_text("no")
    (tmp_path / "folder").mkdir()
    for k in range(500):
        (tmp_path / "folder" / f"{k}.csv").touch()
    person.click(*person.where("file"))
    person.click(*person.where("Open …"))
    assert person.loop.dialogs.question.entries == (("folder", True), ("table.csv", False))
    person.click(*person.where("folder"))
    assert (len(person.loop.dialogs.question.entries), person.loop.dialogs.question.left_out) == (400, 100)
    person.loop.do(Command("browse", ".."))
    person.frames(3)
    person.loop.do(Command("answer", "nothing.csv"))
    assert "There is no file nothing.csv" in person.loop.dialogs.question.problem
    person.frames(3)
    for _ in range(2):  # chosen, taken
        person.click(*person.where("table.csv"))
    assert isinstance(person.loop.dialogs.question, Columns)


def test_a_recording_is_a_folder_and_opens_like_a_file(person, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "nnviz3d", "train", "xor", "--steps", "20", "--record", "run.nnrec", "-q"], cwd=tmp_path, check=True
    )
    person.click(*person.where("file"))
    person.click(*person.where("Open …"))
    assert person.loop.dialogs.question.entries == (("run.nnrec", False),)
    for _ in range(2):  # chosen, taken
        person.click(*person.where("run.nnrec"))
    assert person.loop.dialogs.question is None and person.session.player is not None and person.session.banner == ""
    person.loop.do(Command("open", "iris"))
    person.frames(3)
    assert person.session.player is None
    drop(person, tmp_path / "run.nnrec" / "index.jsonl")  # all that a desktop's dialog for files can give
    assert person.session.player is not None and person.session.name == "run"


@pytest.mark.parametrize("kind", ["weights", "scene", "numpy", "torch"])
def test_export_from_the_menu(person, tmp_path, kind):
    labels = {"weights": "Weights …", "numpy": "numpy script …", "torch": "PyTorch script …"}
    if kind in labels:
        person.click(*person.where("file"))
        person.click(*person.where(labels[kind]))
    else:
        person.loop.do(Command("export", kind))
    person.frames(3)
    person.key(K.enter)
    files = {path.name for path in tmp_path.iterdir()}
    beside = {"numpy": {"xor.weights.npz"}, "torch": {"xor.weights.safetensors"}}.get(kind, set())
    assert files == {"xor" + {"weights": ".safetensors", "scene": ".toml"}.get(kind, ".py")} | beside
    assert "wrote" in person.loop.toast
    if kind == "weights":
        mine = person.session.source.parameters()
        assert all((array == mine[name]).all() for name, array in load_file(tmp_path / "xor.safetensors").items())


def test_a_desktop_s_dialog_is_asked_where_there_is_one_and_never_waited_for(person, tmp_path):
    class Chooser:
        answer, closed = None, False

        def poll(self):
            return self.answer

        def close(self):
            self.closed = True

    chooser, asked = Chooser(), []
    person.host.choose = lambda *words: asked.append(words) or chooser
    person.loop.do(Command("save_as"))
    person.frames(5)
    assert asked == [("Save the scene as", tmp_path / "xor.toml", ["*.toml"], True)] and person.loop.dialogs.question is None
    chooser.answer = str(tmp_path / "from-desktop")
    person.frames(2)
    assert (tmp_path / "from-desktop.toml").exists() and chooser.closed
    person.loop.do(Command("open_file"))
    chooser.answer = ""
    person.frames(2)
    assert person.loop.dialogs._chooser is None


def test_answers_without_a_question_do_nothing(person):
    before = facts(person)
    for command in (Command("answer", "save"), Command("answer"), Command("browse", "..")):
        person.loop.do(command)
    person.frames(2)
    assert all(a is b or a == b for a, b in zip(facts(person), before, strict=True))


def test_an_undo_that_cannot_be_built_any_more_is_reported_and_can_be_tried_again(person, tmp_path):
    (tmp_path / "mine.toml").write_text('[data]\nkind = "xor"\n')
    (tmp_path / "a.csv").write_text(CSV)
    drop(person, tmp_path / "mine.toml")
    person.session.change([Edit("data.kind", "csv"), Edit("data.file", "a.csv")])
    person.session.change([Edit("data.kind", "iris")])
    (tmp_path / "a.csv").unlink()
    person.key(K.z, K.mod_ctrl)
    assert person.session.scene.data.file == "a.csv", "the run is kept, with its data"
    person.key(K.z, K.mod_ctrl, K.mod_shift)
    fit(person.session.history._past, 0)  # there was no room for it
    iris = person.session.scene
    person.key(K.z, K.mod_ctrl)
    assert "no such file" in person.session.banner and person.session.scene == iris
    (tmp_path / "a.csv").write_text(CSV)
    person.key(K.z, K.mod_ctrl)
    assert person.session.scene.data.kind == "csv"
    person.key(K.z, K.mod_ctrl)
    assert person.session.scene.data.kind == "xor"


@pytest.mark.parametrize(("rows", "shown"), [(200, 160), (5000, 600)])
def test_a_plate_shows_so_many_samples_that_they_can_be_reported_apart_and_says_of_how_many(person, tmp_path, rows, shown):
    """Sorted by class, as many tables are: each class keeps its share."""
    random = np.random.default_rng(0)
    lines = [f"{random.normal() + k:.3f},{random.normal():.3f},{'ab'[k]}" for k in (0, 1) for _ in range(rows // 2)]
    (tmp_path / "t.csv").write_text("u,v,kind\n" + "\n".join(lines) + "\n")
    drop(person, tmp_path / "t.csv")
    person.key(K.enter)
    person.frames(3)
    assert person.loop.stage.reading().plane.dots == (shown, rows * 4 // 5)
    assert person.loop.stage.view.picture.subject.points == shown


def test_a_dropped_folder_of_pictures_is_learned_from(person, tmp_path):
    from PIL import Image

    for name, grey in (("dark", 20), ("light", 220)):
        (tmp_path / "shades" / name).mkdir(parents=True)
        for k in range(6):
            Image.new("L", (9, 7), grey + k).save(tmp_path / "shades" / name / f"{k}.png")
    drop(person, tmp_path / "shades")
    data = person.session.source.data
    assert (data.class_names, data.shape, data.name) == (("dark", "light"), (28, 28), "shades")
    before = person.session.scene
    (tmp_path / "one" / "class").mkdir(parents=True)
    Image.new("L", (9, 7)).save(tmp_path / "one" / "class" / "a.png")
    drop(person, tmp_path / "one")
    assert person.session.scene == before, "a folder with one class changes nothing"
