"""What a column holds: numbers, dates, words or nothing; and its values as each of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np

from nnviz3d.engine.data.tables import affix, dates
from nnviz3d.engine.data.tables.cells import is_code, missing, number
from nnviz3d.engine.data.tables.raw import Raw

MOSTLY = 0.9  # share of cells that are numbers where the rest are gaps
ODD = 5  # different words that may stand among numbers
EXAMPLE = 40  # characters


@dataclass
class Looked:
    """A column with everything that can be asked of it. Gaps are empty cells and words for them (NA, ?, ...)."""

    raw: Raw
    decimal: str
    other_decimal: bool = True  # whether numbers with the other decimal sign are tried too

    @property
    def key(self) -> str:
        return self.raw.key

    @property
    def name(self) -> str:
        return self.raw.name

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def counts(self) -> np.ndarray:
        """(different,) how often each text is there."""
        return np.bincount(self.raw.codes, minlength=len(self.raw.texts))

    @cached_property
    def _live(self) -> list[str]:
        return [text for text in self.raw.texts if not missing(text)]

    @cached_property
    def _numbers(self) -> tuple[np.ndarray, float]:
        """Each text as a number (NaN: none), and the share of cells with a value that are one; tried with either decimal sign."""
        found = self._read_as(self.raw.texts)
        if found[1] >= MOSTLY or not (self._affix or found[1]):
            return found
        bare = [bare if unit in ("", self._affix) else text for text in self.raw.texts for bare, unit in [affix.parted(text)]]
        return max(found, self._read_as(bare), key=lambda read: read[1])

    @cached_property
    def _affix(self) -> str:
        """What stands beside nearly all numbers: "%", "€", "km"; "" where nothing does, or beside codes."""
        unit = affix.common(self._live, MOSTLY)
        return unit if unit and not any(is_code(affix.parted(text)[0]) for text in self._live) else ""

    @property
    def beside(self) -> str:
        """What stands beside the numbers, where they are only numbers without it."""
        return self._affix if self.raw.values is None and self.kind == "number" and self._read_as(self.raw.texts)[1] < MOSTLY else ""

    @property
    def unit(self) -> str:
        """Of the numbers, where the file says it beside them or below the names."""
        return self.beside or self.raw.unit

    @property
    def label(self) -> str:
        """The name with the unit: "Price ($)"."""
        unit = self.unit if self.kind == "number" else ""
        return (
            f"{self.name} ({unit})" if self.name and unit and f"({unit})" not in self.name and f"[{unit}]" not in self.name else self.name
        )

    def _read_as(self, texts: list[str]) -> tuple[np.ndarray, float]:
        gap = np.array([missing(text) for text in self.raw.texts], bool)
        live = self.counts[~gap].sum()
        best = np.full(len(gap), np.nan), 0.0
        for sign in (self.decimal, *((",.".replace(self.decimal, ""),) if self.other_decimal else ())):
            found = [None if hole else number(text, sign) for text, hole in zip(texts, gap, strict=True)]
            values = np.array([np.nan if value is None else value for value in found])
            are = np.array([value is not None for value in found], bool)
            share = float(self.counts[are].sum() / live) if live else 0.0
            if share > best[1]:
                best = values, share
            if share >= MOSTLY:
                break
        return best

    @cached_property
    def odd(self) -> list[str]:
        """Words among numbers."""
        return [text for text, value in zip(self.raw.texts, self._numbers[0], strict=True) if np.isnan(value) and not missing(text)]

    @cached_property
    def _dates(self) -> tuple[list[str], list[datetime], str] | None:
        """Texts that are dates of one form, what they mean, and the form; a few others ("Total", "unknown") may stand among them."""
        if found := dates.read(self._live):
            return self._live, *found
        form = dates.form_of_most(self._live, ODD)
        good = [text for text in self._live if dates.fits(text, form)] if form else []
        count = dict(zip(self.raw.texts, self.counts.tolist(), strict=True))
        if not good or sum(count[text] for text in good) < MOSTLY * sum(count[text] for text in self._live):
            return None
        read = dates.read(good)
        return None if read is None else (good, *read)

    @property
    def odd_dates(self) -> list[str]:
        """Words among dates."""
        good = set(self._dates[0]) if self._dates else set()
        return [text for text in self._live if text not in good] if good else []

    @cached_property
    def kind(self) -> Literal["empty", "number", "words", "date"]:
        if self.raw.values is not None:
            return "empty" if np.isnan(self.raw.values).all() else "number"
        if not self._live:
            return "empty"
        codes = any(is_code(text) for text in self._live)
        share = 0.0 if codes else self._numbers[1]
        if share == 1 or (share >= MOSTLY and len(self.odd) <= ODD):
            return "number"
        return "date" if self._dates else "words"

    @cached_property
    def values(self) -> np.ndarray:
        """(n,) float64, NaN for gaps and for what is no number."""
        return self.raw.values if self.raw.values is not None else self._numbers[0][self.raw.codes]

    @cached_property
    def words(self) -> np.ndarray:
        """(n,) of texts, as they stand in the file where that is known."""
        if self.raw.values is None:
            return np.array(self.raw.texts, object)[self.raw.codes]
        return np.array(["" if value != value else plain(value) for value in self.raw.values.tolist()], object)

    def gaps(self, use: str) -> np.ndarray:
        """(n,) whether there is no value to be used so."""
        if use == "number":
            return np.isnan(self.values)
        if self.raw.values is not None:
            return np.isnan(self.raw.values)
        odd = set(self.odd_dates) if use == "date" else ()
        return np.array([missing(text) or text in odd for text in self.raw.texts], bool)[self.raw.codes]

    @property
    def dated(self) -> bool:
        """Whether it can be read as dates."""
        return self.raw.values is None and self._dates is not None

    def parts(self) -> tuple[list[tuple[str, np.ndarray]], str]:
        """Seconds and cyclic parts, NaN for gaps, and the format. Raises ValueError where it is not `dated`."""
        if self.raw.values is not None or self._dates is None:
            raise ValueError("holds no dates")
        good, moments, name = self._dates
        at = {text: k for k, text in enumerate(good)}
        place = np.array([at.get(text, len(moments)) for text in self.raw.texts])
        return [(what, np.append(values, np.nan)[place[self.raw.codes]]) for what, values in dates.parts(moments, name)], name

    @cached_property
    def ambiguous(self) -> bool:
        return self._dates is not None and dates.ambiguous(self._dates[0], self._dates[2])

    @cached_property
    def different(self) -> int:
        """Values, without gaps."""
        if self.kind == "number":
            found = self.values[~np.isnan(self.values)]
            return len(np.unique(found))
        return len(self._dates[0] if self._dates is not None and self.kind == "date" else self._live)

    @cached_property
    def constant(self) -> bool:
        if self.kind == "number":
            return bool(np.nanmin(self.values) == np.nanmax(self.values))
        return self.different == 1

    @property
    def example(self) -> str:
        """The first value."""
        if self.raw.values is not None:
            found = self.raw.values[~np.isnan(self.raw.values)][:1].tolist()
            return plain(found[0]) if found else ""
        return next(iter(self._live), "")[:EXAMPLE]

    def common(self, most: int) -> list[str]:
        """The most frequent texts without gaps, in the order of their letters; of equally many the earlier ones."""
        texts = Counter(self.words[~self.gaps("words")].tolist())
        return sorted(text for text, _ in texts.most_common(most))


def plain(value: float) -> str:
    """A number as people write it: 3 for 3.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
