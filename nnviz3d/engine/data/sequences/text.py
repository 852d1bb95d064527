"""Language: stories of our own grammar, or a text file, as pieces of so many tokens. Every next token is to be predicted."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from nnviz3d.engine.data import places
from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.sequences import grammar, samples
from nnviz3d.engine.data.tables import packed
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

STORIES = 6000
CHARACTERS = 32 << 20  # of a file at most
WORDS = re.compile(r"\w+|[^\w\s]|\n")
UNKNOWN = "<unknown>"
WRITTEN: dict[str, str] = {"\n": "<line>", " ": "<space>", "\t": "<tab>"}  # what cannot be seen, as it is called


def stories(data: Data) -> Samples:
    """Different stories of the grammar, each from its beginning; after its end nothing is to be predicted. Raises InputError."""
    n, length, words = data.samples or STORIES, data.context, grammar.vocabulary()
    if n * length > limits.DATA_VALUES // 8:
        raise InputError.of("", "data.samples", f"{n:,} stories of {length:,} tokens do not fit in memory; use fewer")
    number = {word: k for k, word in enumerate(words)}
    end = number[grammar.END]
    rng = np.random.Generator(np.random.PCG64(data.seed))
    stories = list(dict.fromkeys(map(tuple, grammar.stories(n, rng))))
    longest = max(map(len, stories)) + 2
    if length + 1 < longest:
        text = f"a story has up to {longest - 1} tokens; use at least {longest - 1}"
        raise InputError.of("", "data.context", f"{length} tokens are too few: {text}")
    rows = np.full((len(stories), length + 1), end)
    rows[:, 0] = number[grammar.START]
    for row, story in zip(rows, stories, strict=True):
        row[1 : len(story) + 1] = [number[word] for word in story]
    return samples("story", rows, 1, words, _n_train(len(rows), data), f"{len(rows):,} different stories", end=end)


def load(data: Data, base: Path) -> Samples:
    """Pieces of a text file, one after another; the last share of the text is the test set. Raises InputError."""
    path, size = places.opened(base, data.file, "file", "text")
    tokens = _tokens(_read(path, size, data), data.tokens)
    if len(tokens) < 2 * (data.context + 1):
        text = f"{len(tokens):,} tokens; with data.context = {data.context:,} at least {2 * (data.context + 1):,} are needed"
        raise InputError.of(str(path), "data.file", text)
    ids, names, note = numbered(tokens, data.vocabulary)
    first = min(max(round(len(ids) * (1 - data.test_fraction)), data.context + 1), len(ids))
    train, test = (pieces(part, data.context, data.samples) for part in (ids[:first], ids[first:]))
    rows = np.concatenate([train, test])
    summary = f"{len(ids):,} {data.tokens}{note}"
    return samples(path.name, rows, 1, names, len(train), summary, *(() if len(test) else ("the text is too short for a test set",)))


def numbered(tokens: list[str], most: int) -> tuple[np.ndarray, tuple[str, ...], str]:
    """(their numbers, the vocabulary, what became of the rest in words). The rarest beyond `most` are one token, which is unknown."""
    count = Counter(tokens)
    kept = sorted(word for word, _ in count.most_common(most if len(count) <= most else most - 1))
    note = ""
    if len(count) > len(kept):
        lost = len(tokens) - sum(count[word] for word in kept)
        note = f", of {len(count):,} different ones the rarest {len(count) - len(kept):,} are unknown ({lost:,} places)"
        kept.append(UNKNOWN)
    number = {word: k for k, word in enumerate(kept)}
    ids = np.array([number.get(word, len(kept) - 1) for word in tokens])
    return ids, tuple(WRITTEN.get(word, word) for word in kept), note


def pieces(ids: np.ndarray, context: int, most: int) -> np.ndarray:
    """(n, context + 1), each beginning where the one before ends; with `most` so many, evenly spaced, which may overlap."""
    last = len(ids) - context - 1
    if last < 0:
        return np.empty((0, context + 1), ids.dtype)
    starts = np.unique(np.linspace(0, last, most).astype(int)) if most else np.arange(0, last + 1, context)
    if len(starts) * (context + 1) > limits.DATA_VALUES // 8:
        raise InputError.of("", "data.samples", f"{len(starts):,} pieces of {context:,} tokens do not fit in memory; use fewer")
    return np.lib.stride_tricks.sliding_window_view(ids, context + 1)[starts]


def _tokens(text: str, what: str) -> list[str]:
    return list(text) if what == "characters" else WORDS.findall(text)


def _read(path: Path, size: int, data: Data) -> str:
    if not size:
        raise InputError.of(str(path), "data.file", "is empty")
    try:
        packed.readable(path, size)
        packed.judge(path)
        encoding = packed.encoding_of(path, data.encoding)
        with packed.text_of(path, encoding) as file:
            text = file.read(CHARACTERS + 1)
    except UnicodeDecodeError as error:
        text = f'not {data.encoding if data.encoding != "auto" else "UTF-8"} text: {error.reason}; give data.encoding, for example "cp1252"'
        raise InputError.of(str(path), "data.encoding", text) from None
    except packed.UNREADABLE as error:
        raise packed.unreadable(path, error) from None
    if len(text) > CHARACTERS:
        raise InputError.of(str(path), "data.file", f"more than {CHARACTERS:,} characters; use a part of it")
    if "\0" in text:
        raise InputError.of(str(path), "data.file", "contains zero bytes and is no text")
    return text


def _n_train(n: int, data: Data) -> int:
    return n - min(round(n * data.test_fraction), n - 1)
