"""A person's settings: their file, broken ones too, what they change in the window; scenes and stills do not carry them."""

from __future__ import annotations

import os
import stat

import pytest

from nnviz3d.app.render.still_render import draw_enlarged
from nnviz3d.app.window import personal_settings
from nnviz3d.app.window.personal_settings import Personal
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Command
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.settings import PANEL, Settings
from nnviz3d.ui.core import theme
from nnviz3d.ui.overlay import Overlay
from tests.helpers.person import Person
from tests.ui.where import recording


def test_where_the_file_is(monkeypatch, tmp_path):
    monkeypatch.setenv(personal_settings.VARIABLE, str(tmp_path / "mine.toml"))
    assert personal_settings.where() == tmp_path / "mine.toml"
    monkeypatch.delenv(personal_settings.VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert personal_settings.where().name == "settings.toml" and "nnviz3d" in personal_settings.where().parts


def test_a_setting_is_kept_and_read_again(tmp_path):
    path = tmp_path / "deep" / "settings.toml"
    mine = Personal(path)
    assert mine.settings == Settings() and not mine.notice and not path.parent.exists(), "nothing is written unasked"
    for name, value in (("palette", "safe"), ("language", "de"), ("text_size", 1.5), ("panel_width", 500.0), ("reduced_motion", True)):
        mine.set(name, value)
    assert (
        Personal(path).settings
        == mine.settings
        == Settings(palette="safe", language="de", text_size=1.5, panel_width=500.0, reduced_motion=True)
    )
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]
    mine.set("palette", "scene")
    assert "palette" not in path.read_text(), "only what differs from the usual"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'palette = "pink"', "palette"), (b"text_size = 99", "text_size"), (b'text_size = "large"', "text_size"),
        (b"text_size = nan", "text_size"),
        (b"colour = 1", "colour"), (b"palette = [1, 2", "not valid TOML"), (b"\xff\xfe\x00", "not UTF-8"),
        (b"a." * 3000 + b"b = 1", "deeply"),
        (b"x = '" + b"y" * (9 << 20) + b"'", "settings"), (b"reduced_motion = 1", "reduced_motion"), (b"[palette]\nx = 1", "palette"),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_notice_and_stays_until_something_is_changed(tmp_path, text, words):
    path = tmp_path / "settings.toml"
    path.write_bytes(text)
    mine = Personal(path)
    assert words in mine.notice and "settings" in mine.notice and mine.settings == Settings()
    assert path.read_bytes() == text
    mine.set("palette", "safe")
    assert Personal(path).settings.palette == "safe" and not Personal(path).notice
    assert path.with_name("settings.toml.old").read_bytes() == text


def test_what_is_right_in_a_file_holds_beside_what_is_wrong(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('palette = "safe"\ntext_size = 2\npanel_width = -1\n')
    mine = Personal(path)
    assert mine.settings == Settings(palette="safe", text_size=2.0) and "panel_width" in mine.notice


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    for name in ("pipe", "folder", "link"):
        assert Personal(tmp_path / name).notice, name
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_setting_that_cannot_be_kept_holds_for_now_and_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    mine = Personal(tmp_path / "file" / "settings.toml")
    with pytest.raises(InputError, match=r"settings\.toml"):
        mine.set("palette", "safe")
    assert mine.settings.palette == "safe"
    for name, value in (("text_size", 9.0), ("panel_width", float("nan")), ("nothing", 1)):
        with pytest.raises(InputError):
            mine.set(name, value)


def test_the_scene_stays_as_it_is():
    mine, scene = Personal(), Scene()
    assert mine.personalise(scene) is scene and mine.coloured(scene) is scene
    mine.set("palette", "safe")
    mine.set("reduced_motion", True)
    calm = mine.personalise(scene)
    assert calm.look.palette == "safe" and calm.view.sway == 0 and calm.look.particles < scene.look.particles
    assert mine.coloured(scene).look == scene.look.model_copy(update={"palette": "safe"}) and mine.coloured(scene).view == scene.view
    assert scene == Scene() and mine.personalise(scene) is calm
    assert Settings().panel_width == theme.PANEL_WIDTH and PANEL[0] < theme.PANEL_WIDTH < PANEL[1]


@pytest.fixture
def person():
    opened = Person("xor", size=(1000, 1400))
    yield opened
    opened.close()


@pytest.mark.gl
def test_the_panel_changes_the_window_and_not_the_scene(person, tmp_path, monkeypatch):
    loop = person.loop
    loop.personal.path = tmp_path / "settings.toml"
    before, scene = loop.overlay.scale, person.session.scene
    person.open("Settings")
    with recording() as found:
        person.frames()
    assert {"settings.palette", "settings.language", "settings.text_size", "settings.reduced_motion"} <= set(found)
    person.click(*found["settings.palette"][0])
    person.click(*person.where("colour-blind safe"))
    assert person.session.shown_scene.look.palette == "safe" and person.session.scene.look.palette == "blue_orange"
    assert loop.stage.view.frame.look.palette == "safe"
    person.click(*person.where("settings.reduced_motion"))
    person.frames(2)
    assert loop.stage.view.frame.look.particles < scene.look.particles
    drawn = []
    monkeypatch.setattr(Overlay, "draw", lambda self, shown, *rest, **more: drawn.append(shown.look.palette))
    draw_enlarged(loop.host, loop.stage, 1.0, (320, 200))
    monkeypatch.undo()
    assert set(drawn) == {"safe"}, "words and bars of a still have the colours of its edges"
    loop.do(Command("setting", ("text_size", 1.5)))
    loop.do(Command("setting", ("panel_width", 400.0)))
    person.frames(3)
    assert loop.overlay.scale == 1.5 * before and loop.overlay.memory.dock_width == 400
    assert person.session.scene == scene == person.session.saved and not person.session.history.can_undo
    text = toml.dump(person.session.scene)
    assert "palette" not in text and "ui_scale" not in text
    assert Personal(loop.personal.path).settings == loop.personal.settings


@pytest.mark.gl
def test_the_tour_speaks_the_language_that_was_chosen_and_keeps_the_colours(person, tmp_path):
    loop = person.loop
    loop.personal.path = tmp_path / "settings.toml"
    loop.do(Command("setting", ("language", "de")))
    loop.do(Command("setting", ("palette", "safe")))
    loop.do(Command("tour", "1"))
    person.frames(3)
    assert loop.tour.code == "de" and loop.stage.view.frame.look.palette == "safe"
    loop.do(Command("tour_language", "en"))
    assert Personal(loop.personal.path).settings.language == "en"
    loop.do(Command("tour", "close"))


@pytest.mark.gl
def test_nothing_headless_reads_them(monkeypatch, tmp_path):
    from nnviz3d.app.api import scene as api
    from nnviz3d.app.window import run

    path = tmp_path / "settings.toml"
    path.write_text('palette = "pink"\n')
    monkeypatch.setenv(personal_settings.VARIABLE, str(path))
    monkeypatch.setattr(Personal, "_read", lambda *_: pytest.fail("read"))
    assert api.shot("xor", size=(64, 48)).shape == (48, 64, 3)
    assert run.run_window(api.open_scene("xor"), headless=True, frames=2, size=(64, 48)) == 0
