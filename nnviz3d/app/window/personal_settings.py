"""A person's settings in the window: read from a file of their own, laid over whatever scene is shown, written when one is changed.

The file is `settings.toml` in the user's configuration folder, or what NNVIZ3D_CONFIG names. What it holds that cannot be used is reported
once, and stays in it until a setting is changed; then the old file is kept beside the new one.
"""

from __future__ import annotations

import os
from pathlib import Path

import tomlkit
from pydantic import ValidationError

from nnviz3d.spec import limits, paths, schema_errors, toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.settings import Settings

VARIABLE = "NNVIZ3D_CONFIG"
CALM, CALM_SPEED = 0.25, 0.5  # of the signals and their speed, with reduced motion
_KEEP = "The file stays unchanged until you change a setting."


def where() -> Path:
    """The file of this user."""
    if name := os.environ.get(VARIABLE):
        return Path(name)
    import platformdirs

    return Path(platformdirs.user_config_dir("nnviz3d", appauthor=False)) / "settings.toml"


class Personal:
    """`path` None: settings that are neither read nor written, as everything headless has them. `notice`: what was wrong with the file."""

    def __init__(self, path: Path | None = None):
        self.path, self.settings, self.notice = path, Settings(), ""
        self._broken = False
        self._personalised: tuple = (None, None, None, None)
        if path is not None and os.path.lexists(path):
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            paths.regular_file(path, limits.SCENE_BYTES, "settings file")
            document = toml.read(path)
        except InputError as error:
            self._broken, self.notice = True, f"Your settings cannot be read, so the defaults are used: {error}. {_KEEP}"
            return
        known, problems = {}, []
        for name, value in document.items():
            try:
                Settings.model_validate({name: float(value) if _is_whole(value) and name in _NUMBERS else value})
                known[name] = float(value) if _is_whole(value) and name in _NUMBERS else value
            except ValidationError as error:
                problems.append(f"{name}: {schema_errors.message(error.errors()[0])}")
        self.settings = Settings.model_validate(known)
        if problems:
            self._broken, self.notice = True, f"{path}: {'; '.join(problems[:5])}. The defaults are used for these. {_KEEP}"

    def set(self, name: str, value: object) -> None:
        """Change one and write the file. Raises InputError where the value, or the file, cannot be; the setting holds for now all the same
        where only the file cannot be written."""
        try:
            self.settings = Settings.model_validate(self.settings.model_dump() | {name: value})
        except ValidationError as error:
            raise InputError.of("settings", name, schema_errors.message(error.errors()[0])) from None
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._broken and self.path.is_file():
                os.replace(self.path, self.path.with_name(f"{self.path.name}.old"))
            toml.write_text(self.path, tomlkit.dumps(self.settings.model_dump(exclude_defaults=True)))
            self._broken = False
        except OSError as error:
            raise InputError.of(str(self.path), "", f"the settings cannot be saved: {error.strerror}") from None

    def language(self, scenes: str) -> str:
        """Of the guided tour."""
        return scenes if self.settings.language == "scene" else self.settings.language

    def personalise(self, scene: Scene) -> Scene:
        """The scene as this person sees it; the scene itself stays as it is."""
        self._follow(scene)
        return self._personalised[3]

    def coloured(self, scene: Scene) -> Scene:
        """The same for panels, which show and change the scene's own motion."""
        self._follow(scene)
        return self._personalised[2]

    def _follow(self, scene: Scene) -> None:
        if self._personalised[0] is scene and self._personalised[1] is self.settings:
            return
        mine = self.settings
        coloured = scene
        if mine.palette not in ("scene", scene.look.palette):
            coloured = scene.model_copy(update={"look": scene.look.model_copy(update={"palette": mine.palette})})
        calm = coloured
        if mine.reduced_motion:
            look = coloured.look
            fewer = {"particles": look.particles * CALM, "particle_speed": look.particle_speed * CALM_SPEED}
            view = scene.view.model_copy(update={"sway": 0.0})
            calm = coloured.model_copy(update={"look": look.model_copy(update=fewer), "view": view})
        self._personalised = scene, mine, coloured, calm


_NUMBERS = frozenset({"text_size", "panel_width"})


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
