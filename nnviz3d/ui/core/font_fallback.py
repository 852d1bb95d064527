"""Names in scripts that the overlay's own typeface lacks: drawn by a font of this system that has them, else written in Latin letters.

Looked for only when such a name turns up. fontconfig is asked where it is; elsewhere the fonts that systems are known to ship. What no font
has becomes what `anyascii` makes of it ("ShanYuanWei"), so that two classes never look the same. Data and files keep the names as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import unicodedata
from collections import OrderedDict
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from anyascii import anyascii

from nnviz3d.spec.readout import Readout
from nnviz3d.spec.topology import Topology
from nnviz3d.ui.core import theme

KEPT = 400  # parts of readouts whose legible form is remembered
FONTS = {
    "darwin": ("/System/Library/Fonts/PingFang.ttc", "/System/Library/Fonts/Hiragino Sans GB.ttc",
               "/System/Library/Fonts/AppleSDGothicNeo.ttc", "/Library/Fonts/Arial Unicode.ttf"),
    "win32": ("C:/Windows/Fonts/msyh.ttc", "C:/Windows/Fonts/YuGothR.ttc", "C:/Windows/Fonts/malgun.ttf", "C:/Windows/Fonts/Nirmala.ttf",
              "C:/Windows/Fonts/segoeui.ttf"),
}  # fmt: skip
BEST = ("NotoSansCJK-Regular", "NotoSans", "SourceHan", "wqy", "Droid")  # of several that have a letter; then by name
_EDITED = frozenset({"features", "data_columns", "question", "scene_names", "performance", "charts"})
"""Fields of a readout that stay: what a panel writes back into a scene, and what holds no names."""


def system_fonts(character: str) -> list[Path]:
    """Files of fonts that should have a character, the best first."""
    found = [Path(name) for name in FONTS.get(sys.platform, ()) if Path(name).is_file()]
    program = shutil.which("fc-list")
    if program:
        try:
            words = [program, f":charset={ord(character):x}", "file"]
            output = subprocess.run(words, capture_output=True, text=True, timeout=5, check=False).stdout
        except (OSError, subprocess.SubprocessError):
            output = ""
        found += [Path(line.partition(": ")[0].rstrip(":")) for line in output.splitlines() if line.strip()]

    def rank(path: Path) -> tuple:
        name = path.name
        return (
            next((k for k, word in enumerate(BEST) if name.startswith(word)), len(BEST)),
            any(word in name for word in ("Bold", "Italic", "Oblique")),
            name,
        )

    return sorted({path for path in found if path.suffix.lower() in (".ttf", ".ttc", ".otf")}, key=rank)


class Legible:
    """Of one overlay's fonts. `of(readout)`: the same with names that can be read."""

    def __init__(self, fonts: theme.Fonts):
        self._fonts = fonts
        self._texts: dict[str, str] = {}
        self._owners: dict[str, str] = {}  # what is drawn -> the name
        self._parts: OrderedDict[int, tuple[Any, Any]] = OrderedDict()
        self._asked: tuple = ()
        self._needed = False
        self._tried: set[Path] = set()

    def of(self, readout: Readout) -> Readout:
        names = (readout.topology, readout.class_names)
        if not (len(self._asked) == 2 and all(a is b for a, b in zip(self._asked, names, strict=True))):
            self._asked = names
            labels = (*readout.class_names, *(str(label) for node in readout.topology.nodes for label in node.labels))
            self._needed = any(self.text(label) != label for label in labels)
        if not self._needed:
            return readout
        changed = {f.name: self._part(getattr(readout, f.name)) for f in fields(readout) if f.name not in _EDITED}
        return replace(readout, **changed)

    def text(self, text: str) -> str:
        """As it is where the fonts have all of it."""
        if text.isascii():
            return text
        if text not in self._texts:
            if len(self._texts) > 100_000:
                self._texts.clear()
                self._owners.clear()
            if any(not self._has(character) for character in set(text)):
                self._look_for(text)
            lacks = any(not self._has(character) for character in set(text))
            self._texts[text] = self._latin(text) if lacks else text
            self._owners.setdefault(self._texts[text], text)
        return self._texts[text]

    def _latin(self, text: str) -> str:
        out = "".join(c if self._has(c) else anyascii(c) or f"({ord(c):X})" for c in text)
        out = " ".join(out.split()) or text
        while self._owners.get(out, text) != text:  # another name sounds the same
            out = f"{out}'"
        return out

    def _has(self, character: str) -> bool:
        """Whether it is drawn as it should be; what runs from right to left is not, whatever the font."""
        if unicodedata.bidirectional(character) in ("R", "AL", "AN"):
            return False
        return ord(character) < 0x80 or self._fonts.regular.is_glyph_in_font(ord(character))

    def _look_for(self, text: str) -> None:
        """Take on the first font of the system that has what is missing: of scripts that need no shaping, Chinese, Japanese, Korean."""
        missing = [character for character in text if not self._has(character) and unicodedata.east_asian_width(character) in "WF"]
        for path in system_fonts(missing[0]) if missing else ():
            if path not in self._tried and len(self._tried) < 8:
                self._tried.add(path)
                theme.merge(self._fonts, path)
                if self._has(missing[0]):
                    return

    def _part(self, value):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            made = [self._part(item) for item in value]
            same = all(a is b for a, b in zip(made, value, strict=True))
            return value if same else type(value)(*made) if hasattr(value, "_fields") else tuple(made)
        if not is_dataclass(value) or isinstance(value, type):
            return value
        known = self._parts.get(id(value))
        if known is None or known[0] is not value:
            known = value, self._changed(value)
            self._parts[id(value)] = known
            while len(self._parts) > KEPT:
                self._parts.popitem(last=False)
        return known[1]

    def _changed(self, value):
        names = ("nodes",) if isinstance(value, Topology) else [f.name for f in fields(value) if f.init]
        made = {name: self._part(getattr(value, name)) for name in names}
        return value if all(made[name] is getattr(value, name) for name in names) else replace(value, **made)
