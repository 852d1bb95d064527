"""`nnviz3d run`: open a host, compose the loop, run it, report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz3d.app.training import interrupts
from nnviz3d.spec import file_extensions
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.toml import write_text

if TYPE_CHECKING:
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.app.window.loop import Loop


def run_window(
    opened: Opened,
    *,
    backend: str = "auto",
    headless: bool = False,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    screenshot: Path | None = None,
    stats: Path | None = None,
    fullscreen: bool = False,
    tour: str = "",
    arriving: Path | None = None,
    resume: Path | None = None,
    typed: Sequence[str] = (),
) -> int:
    """The window (or the same loop without one) until closed or for `frames`. `tour`: where a guided tour begins; `arriving`: a file as if
    it were dropped on the window; `resume`: a checkpoint to go on from, with other settings where these were `typed`. Returns the exit
    code."""
    with interrupts.held():
        from nnviz3d.app.render import image_files
        from nnviz3d.app.session import checkpoint_resume
        from nnviz3d.app.session.session import REMEMBER
        from nnviz3d.gfx.hosts import alone, open_host

    file_extensions.check(screenshot, file_extensions.SCREEN, "screenshot")
    file_extensions.check(stats, file_extensions.NUMBERS, "stats")
    session = opened.session(backend, REMEMBER)  # bad input is reported before a window opens
    if resume is not None:
        checkpoint_resume.judge(session, checkpoint_resume.find(resume), typed)
    with ExitStack() as ending:  # whatever ends it, a film of the window is made whole, and the window closed
        if opened.watched is not None:
            ending.callback(opened.watched.start().close)
        ending.enter_context(alone(window=not headless))
        with interrupts.held():
            host = open_host(*(size or (1280, 720)), headless, f"nnviz3d: {session.scene.title or 'untitled'}", fullscreen)
            ending.callback(host.close)
            from nnviz3d.app.window.loop import Loop
            from nnviz3d.app.window.personal_settings import Personal, where

        loop = Loop(host, session, personal=None if headless else Personal(where()))
        ending.callback(loop.capture.finish)
        interrupts.close_on(lambda: setattr(host, "closing", True))  # the frame is finished, nothing is lost, no traceback
        if resume is not None:
            go_on(loop, resume, typed)
        if tour:
            loop.tour.start(tour)
        host.dropped += [] if arriving is None else [str(arriving)]
        loop.run(frames)
        if screenshot is not None:
            image_files.write(loop.picture_at_rest(), screenshot)
        if stats is not None:
            facts = loop.meter.stats() | {"renderer": host.context.renderer, "backend": session.ops.name}
            write_text(stats, json.dumps(facts, indent=1) + "\n")
    if loop.session.source.diverged is not None and frames is not None:
        raise RunError(loop.session.banner)
    return 0


def go_on(loop: Loop, path: Path, typed: Sequence[str] = ()) -> None:
    """Begin with a checkpoint, of which the session's timeline knows and which undo does not lead back from; settings that were `typed` are
    true from there on. Raises InputError."""
    from nnviz3d.app.session import checkpoint_resume, scene_files

    names = dict.fromkeys(".".join(each.split(".")[:2]) for each in typed if each.startswith("train."))
    wanted = [Edit(name, checkpoint_resume.setting(loop.session.scene, name)) for name in names]
    loop.log.weights(path)
    scene_files.load_weights(loop.session, path)
    loop.log.edits(wanted)
    loop.session.change(wanted)
    loop.session.history = type(loop.session.history)()
