"""From a text that a person types to the numbers of its tokens, by the vocabulary of the data, and to the row that a network reads."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.data.dataset import DataSet, Tokenizer
from nnviz3d.engine.data.sequences.grammar import END
from nnviz3d.engine.data.sequences.text import UNKNOWN, WORDS, WRITTEN
from nnviz3d.engine.next_token import window
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

MARKED = re.compile(r"<\w+>|\w+|[^\w\s]")  # words, marks and what stands for a beginning or an end
NAMED = 8  # unknown tokens that are named


@dataclass(frozen=True, eq=False)
class Prompts:
    """How prompts to a network of these data are read.

    `context`: tokens that it reads at most; `given`: as many stand before the first one that it learns to predict. `start`: the token that
    every sequence begins with, -1: none; `end`: the one that ends it, -1: none. `slides`: there is no end, and of more tokens than
    `context` the last ones are read; else a sequence is complete when it has one more. `spaces`: they are tokens, or part words only.
    `tokenizer`: parts texts into tokens instead of this.
    """

    vocabulary: tuple[str, ...]
    words: bool
    spaces: bool
    context: int
    given: int
    start: int
    end: int
    slides: bool
    tokenizer: Tokenizer | None = None

    @classmethod
    def of(cls, data: DataSet, settings: Data) -> Prompts | None:
        """None where samples are no sequences of tokens."""
        if not data.tokens:
            return None
        text, x, t = settings.kind == "text", data.x_train, data.t_train
        if not len(x):  # of an opened model: any text goes, and goes on
            return cls(data.vocabulary, True, False, data.shape[0], 1, -1, -1, True, data.tokenizer)
        words = settings.tokens == "words" if text else settings.kind != "sort"
        start = int(x[0, 0]) if not text and len(x) > 1 and (x[:, 0] == x[0, 0]).all() else -1
        end = data.vocabulary.index(END) if END in data.vocabulary else -1
        given = int(np.flatnonzero(t[0] >= 0)[0]) + 1 if (t[0] >= 0).any() else 1
        return cls(data.vocabulary, words, text and not words, data.shape[0], given, start, end, text)

    @property
    def most(self) -> int:
        """Tokens of a sequence, with those that are added."""
        return 1 << 16 if self.slides else self.context + 1

    def ids(self, text: str) -> np.ndarray:
        """The numbers of a text's tokens, with the start where it has none. Raises InputError: no token, unknown ones, too many."""
        if self.tokenizer is not None:
            return self._encoded(text, self.tokenizer)
        known = {word: k for k, word in enumerate(self.vocabulary)}
        folded: dict[str, int] = {}
        for word, k in known.items():
            folded.setdefault(word.casefold(), k)
        tokens = self._tokens(text)
        if self.words and self.vocabulary[0].isdecimal():  # numbers may stand between commas
            tokens = [token for token in tokens if token != ","]
        if not tokens:
            raise InputError.of("", "prompt", "The prompt is empty; type at least one token.")
        found = [known.get(token, folded.get(token.casefold(), known.get(UNKNOWN, -1))) for token in tokens]
        if -1 in found:
            raise InputError.of("", "prompt", self._unknown([token for token, k in zip(tokens, found, strict=True) if k < 0]))
        if self.start >= 0 and found[0] != self.start:
            found.insert(0, self.start)
        if len(found) > self.context:
            text = (
                f"The prompt has {len(found):,} tokens; the network reads at most {self.context:,}. Remove {len(found) - self.context:,}."
            )
            raise InputError.of("", "prompt", text)
        return np.array(found, np.int64)

    def _encoded(self, text: str, tokenizer: Tokenizer) -> np.ndarray:
        """Of more tokens than it reads the last are read. Raises InputError."""
        found = tokenizer.encode(text)
        if not found:
            raise InputError.of("", "prompt", "The prompt is empty; type at least one token.")
        if len(found) > self.most:
            raise InputError.of("", "prompt", f"The prompt has {len(found):,} tokens; at most {self.most:,} are read.")
        if max(found) >= len(self.vocabulary):
            message = f"The tokenizer gives the token {max(found):,}; the network has {len(self.vocabulary):,} of them."
            raise InputError.of("", "prompt", message)
        return np.array(found, np.int64)

    def text(self, ids: np.ndarray) -> str:
        """What gives these numbers when it is typed."""
        if self.tokenizer is not None:
            return self.tokenizer.decode(np.asarray(ids).tolist())
        shown: dict[str, str] = {mark: sign for sign, mark in WRITTEN.items()} if self.spaces else {}
        words: list[str] = [self.vocabulary[k] for k in np.asarray(ids).tolist()]
        return ("" if self.spaces else " ").join(shown.get(word, word) for word in words)

    def row(self, ids: np.ndarray) -> tuple[np.ndarray, int, int]:
        """(context,) float32 what the network reads; the number of its first token, and how many of `ids` it has. The places behind them
        are filled with the token 0."""
        ids = np.asarray(ids)
        first = max(len(ids) - self.context, 0) if self.slides else 0
        seen = ids[first : first + self.context]
        return window(seen, self.context)[0].astype(np.float32), first, len(seen)

    def over(self, ids: np.ndarray) -> str:
        """Why nothing follows, or ""."""
        if self.end >= 0 and len(ids) and ids[-1] == self.end:
            return f"The network has written {self.vocabulary[self.end]}: the sequence is complete."
        if len(ids) >= self.most:
            return "The sequence is complete: the network predicts no token after this one."
        return ""

    def _tokens(self, text: str) -> list[str]:
        if not self.words:
            return [_written(sign) for sign in text if self.spaces or not sign.isspace()]
        return [_written(word) for word in (WORDS if self.slides else MARKED).findall(text)]

    def _unknown(self, tokens: list[str]) -> str:
        unknown = list(dict.fromkeys(tokens))
        more = len(self.vocabulary) - NAMED
        named = ", ".join(map(repr, unknown[:NAMED])) + (f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else "")
        knows = ", ".join(self.vocabulary[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
        return f"The network does not know {named}. It knows {knows}."


def _written(token: str) -> str:
    """As the vocabulary has it."""
    return WRITTEN.get(token, token)
