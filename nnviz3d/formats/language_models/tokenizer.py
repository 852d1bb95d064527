"""A model's own `tokenizer.json`, by the package `tokenizers`: texts to numbers of tokens and back, and what each token is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnviz3d.spec.errors import InputError

FILE = "tokenizer.json"
BYTES = 64 << 20
SIGNS = {" ": "·", "\n": "<line>", "\r": "<return>", "\t": "<tab>"}  # what cannot be seen, as it is called
MISSING = 'texts need the package tokenizers: pip install "nnviz3d[models]"; until then a prompt is the numbers of tokens'
NO_FILE = f"there is no {FILE}, so a prompt is the numbers of tokens"


class TokenizerFile:
    """`words`: by number, what each token is called; of a vocabulary of `count` tokens."""

    def __init__(self, tokenizer: Any, count: int):
        self._tokenizer = tokenizer
        decoded = tokenizer.decode_batch([[k] for k in range(count)], skip_special_tokens=False)
        self.words = tuple(_shown(word) if word and "\ufffd" not in word else self._raw(k) for k, word in enumerate(decoded))

    def encode(self, text: str) -> list[int]:
        """With the tokens that the model's own tokenizer puts before it."""
        return list(self._tokenizer.encode(text).ids)

    def decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    def _raw(self, k: int) -> str:
        """Of a token that is no text by itself: a part of a letter, or a mark."""
        return self._tokenizer.id_to_token(k) or f"#{k}"


def load(folder: Path, count: int) -> tuple[TokenizerFile | None, str]:
    """(a folder's tokenizer, for a vocabulary of `count`; why there is none, in words). Raises InputError where its file is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None, NO_FILE
    if path.stat().st_size > BYTES:
        raise InputError.of(str(path), "", f"{path.stat().st_size:,} bytes; at most {BYTES:,} are read")
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None, MISSING
    try:
        return TokenizerFile(Tokenizer.from_str(path.read_text("utf-8")), count), ""
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001  the package raises plain Exception, and what it panics at is no Exception
        raise InputError.of(str(path), "", f"is not a tokenizer that can be read: {str(error)[:200]}") from None


def numbers(count: int) -> tuple[str, ...]:
    """What tokens are called whose words are not known."""
    return tuple(map(str, range(count)))


def _shown(word: str) -> str:
    return "".join(SIGNS.get(sign, sign) for sign in word)
