"""Message catalogues: what is said, in each language, as TOML that anybody can edit; and how a language writes numbers.

English is the reference: every other catalogue has the same messages with the same placeholders. Placeholders are `{name}` and nothing
more; `*word*` is a term that stands out. No message is ever executed, and a text never holds a number of its own that could be wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError, Problem

REFERENCE = "en"
PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_HEAD = ("language", "decimal", "thousands")


@dataclass(frozen=True)
class Catalogue:
    """`code`: "de". `language`: its own name. `decimal`, `thousands`: signs inside numbers. `texts`: by id, "lesson.step"."""

    code: str
    language: str
    decimal: str
    thousands: str
    texts: Mapping[str, str]

    def number(self, text: str) -> str:
        """A number as English writes it ("1,234.5"), as this language does."""
        return text.translate({ord(","): self.thousands, ord("."): self.decimal})

    def tell(self, ident: str, values: Mapping[str, str]) -> str:
        """The message with its values; a value that is not known now is a dash."""
        return PLACEHOLDER.sub(lambda found: values.get(found[1], "–"), self.texts[ident])


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def load(folder: Path, known: Iterable[str], problems: list[Problem]) -> dict[str, Catalogue]:
    """Every catalogue of a folder by its code, the reference first. What is wrong with them is added to `problems`."""
    found = {
        path.stem: _read(path, problems) for path in sorted(folder.glob("*.toml"), key=lambda path: (path.stem != REFERENCE, path.stem))
    }
    catalogues = {code: catalogue for code, catalogue in found.items() if catalogue is not None}
    if REFERENCE not in catalogues:
        if REFERENCE not in found:
            problems.append(Problem(str(folder / f"{REFERENCE}.toml"), "", "no such file; English is the reference of all languages"))
        return catalogues
    english = catalogues[REFERENCE].texts
    for code, catalogue in catalogues.items():
        problems += _compare(catalogue.texts, english, set(known), str(folder / f"{code}.toml"))
    return catalogues


def _read(path: Path, problems: list[Problem]) -> Catalogue | None:
    try:
        document = toml.read(path)
    except InputError as error:
        problems += error.problems
        return None
    before = len(problems)
    head: dict[str, Any] = {name: document.pop(name, None) for name in _HEAD}
    problems += [
        Problem(str(path), name, "a short text is needed") for name, value in head.items() if not isinstance(value, str) or not value
    ]
    texts: dict[str, str] = {}
    _flatten(document, "", texts, str(path), problems)
    return Catalogue(path.stem, texts=texts, **head) if len(problems) == before else None


def _flatten(table: dict, prefix: str, texts: dict[str, str], where: str, problems: list[Problem]) -> None:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            _flatten(value, f"{key}.", texts, where, problems)
        elif isinstance(value, str) and value.strip():
            texts[key] = " ".join(value.split())
        else:
            problems.append(Problem(where, key, f"a text is needed, found {value!r:.40}"))


def _compare(texts: Mapping[str, str], english: Mapping[str, str], known: set[str], where: str) -> Iterable[Problem]:
    for key in english.keys() - texts.keys():
        yield Problem(where, key, f'is missing; in English: "{english[key]}"')
    for key, text in texts.items():
        if key not in english:
            yield Problem(where, key, "is not in the English catalogue")
            continue
        if text.count("*") % 2:
            yield Problem(where, key, "a term stands between two * signs; one of them is missing")
        if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
            yield Problem(where, key, "an unmatched brace; placeholders look like {loss}")
        mine, theirs = placeholders(text), placeholders(english[key])
        for name in sorted(mine - theirs) if texts is not english else ():
            yield Problem(where, key, f"{{{name}}} is not in the English text")
        for name in sorted(theirs - mine):
            yield Problem(where, key, f"{{{name}}} is missing")
        for name in sorted(mine - known - {"lesson", "lessons", "title"}):
            yield Problem(where, key, f"unknown value {{{name}}}")


def choose(wanted: str, available: Iterable[str], environment: Mapping[str, str] = os.environ) -> str:
    """The language to speak: the wanted one; with "auto" what the environment asks for, in gettext's order; else English."""
    available = tuple(available)
    if wanted in available:
        return wanted
    asked = [environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    first = next((text for text in asked if text), "")
    if first in ("", "C", "POSIX") or first.startswith("C."):
        return REFERENCE
    for text in [*environment.get("LANGUAGE", "").split(":"), first]:
        code = re.split(r"[_.@-]", text)[0].lower()
        if code in available:
            return code
    return REFERENCE
