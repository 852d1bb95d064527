"""The desktop's own file dialog, where there is one: a program beside ours (zenity, kdialog, ...), so no frame ever waits for it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from imgui_bundle import portable_file_dialogs

PROGRAMS = ("zenity", "matedialog", "qarma", "kdialog")  # those that portable-file-dialogs knows


def available() -> bool:
    """Whether a dialog can be expected to come up. Linux: one of PROGRAMS, and a display for it."""
    if sys.platform in ("win32", "darwin"):
        return True
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(display) and any(shutil.which(name) for name in PROGRAMS)


class Chooser:
    """A dialog that is open. `poll()` from frame to frame: None while a person chooses, then a path, or "" where it was cancelled."""

    def __init__(self, title: str, start: Path, patterns: Sequence[str], saving: bool):
        filters = ["nnviz3d", " ".join(patterns), "All files", "*"]
        self._dialog = (portable_file_dialogs.save_file if saving else portable_file_dialogs.open_file)(title, str(start), filters)

    def poll(self) -> str | None:
        if not self._dialog.ready(0):
            return None
        found = self._dialog.result()
        return found if isinstance(found, str) else "".join(found[:1])

    def close(self) -> None:
        """Take it back, also while it is open."""
        self._dialog.kill()
