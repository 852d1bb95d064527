"""Data of sequences: what is to be predicted, splits that share nothing, text files and what is wrong with them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nnviz3d.engine.data import load
from nnviz3d.engine.data.sequences import grammar
from nnviz3d.engine.data.sequences.text import UNKNOWN
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data


def loaded(base, **keys):
    return load(Data(**keys), base)


def test_letters_and_the_same_letters_sorted(tmp_path):
    data = loaded(tmp_path, kind="sort", letters=3, length=4)
    assert data.tokens and data.vocabulary == ("A", "B", "C") and data.shape == (7,) and data.axes == ("token",)
    for x, t in zip(data.x_train.astype(int), data.t_train, strict=True):
        assert t[:3].tolist() == [-1, -1, -1] and t[3:].tolist() == sorted(x[:4].tolist())
        assert x[4:].tolist() == t[3:-1].tolist(), "each sorted letter is read before the next one is predicted"
    both = [tuple(x[:4]) for x in np.concatenate([data.x_train, data.x_test]).astype(int).tolist()]
    assert sorted(both) == list(product(range(3), repeat=4)), "each sequence once, in one of the two sets"
    assert "all 81 sequences" in data.description


def test_a_test_sequence_is_one_by_its_letters_and_the_seed(tmp_path):
    def tested(**keys):
        return {tuple(x[:6]) for x in loaded(tmp_path, kind="sort", **keys).x_test.astype(int).tolist()}

    assert tested() == tested() != tested(seed=1)
    assert 100 < len(tested()) < 190, "a fifth of 729"
    some = tested(samples=300)
    assert some and all(row in tested() for row in some if len(row) == 6)


@pytest.mark.parametrize(("operation", "sign", "rule"), [
    ("add", "+", lambda a, b: (a + b) % 7), ("subtract", "-", lambda a, b: (a - b) % 7), ("multiply", "*", lambda a, b: a * b % 7),
])  # fmt: skip
def test_sums_modulo_p(tmp_path, operation, sign, rule):
    data = loaded(tmp_path, kind="modular", modulus=7, operation=operation, test_fraction=0.4)
    assert data.vocabulary == (*"0123456", sign, "=") and (len(data.x_train), len(data.x_test)) == (29, 20)
    rows = np.concatenate([data.x_train, data.x_test]).astype(int)
    for (a, op, b, end), t in zip(rows, np.concatenate([data.t_train, data.t_test]), strict=True):
        assert (op, end) == (7, 8) and t.tolist() == [-1, -1, -1, rule(a, b)]
    assert len({(a, b) for a, _, b, _ in rows.tolist()}) == 49


def test_stories_keep_their_promises(tmp_path):
    data = loaded(tmp_path, kind="story", context=24, samples=500)
    for x, t in zip(data.x_train.astype(int), data.t_train, strict=True):
        words = [data.vocabulary[k] for k in x]
        scored = t >= 0
        assert words[0] == grammar.START and scored.sum() == words.index(grammar.END) if grammar.END in words else scored.all()
        assert x[1:][scored[:-1]].tolist() == t[:-1][scored[:-1]].tolist()
        assert words[words.index(".") + 1] == grammar.NAMES[words[1]], "the pronoun is that of the name"
        assert words.count(words[5]) >= 2, "the animal comes again"
    assert not {tuple(x) for x in data.x_train.tolist()} & {tuple(x) for x in data.x_test.tolist()}


def test_a_text_in_pieces(tmp_path):
    text = "abcde\n" * 40
    (tmp_path / "a.txt").write_text(text)
    data = loaded(tmp_path, kind="text", file="a.txt", context=8)
    assert data.vocabulary == ("<line>", "a", "b", "c", "d", "e")
    said = [data.vocabulary[k].replace("<line>", "\n") for k in data.x_train.astype(int).ravel()]
    assert "".join(said) == text[: len(said)], "pieces follow one another"
    assert (data.x_train[:, 1:] == data.t_train[:, :-1]).all() and (data.t_train >= 0).all()
    assert len(data.x_train) == (192 - 9) // 8 + 1 and len(data.x_test) == (48 - 9) // 8 + 1
    more = loaded(tmp_path, kind="text", file="a.txt", context=8, samples=100)
    assert len(more.x_train) == 100


def test_rare_words_are_unknown(tmp_path):
    (tmp_path / "a.txt").write_text("the cat, the dog. " * 20 + "a zebra")
    data = loaded(tmp_path, kind="text", file="a.txt", tokens="words", vocabulary=5, context=4)
    assert data.vocabulary == (",", "cat", "dog", "the", UNKNOWN) or UNKNOWN in data.vocabulary
    assert len(data.vocabulary) == 5 and "rarest 3 are unknown" in data.description


@pytest.mark.parametrize(("content", "keys", "key", "words"), [
    (b"", {}, "data.file", "is empty"),
    (b"short", {}, "data.file", "at least 34 are needed"),
    (b"a\0b" * 100, {}, "", "zero bytes"),
    (b"caf\xe9 " * 100, {}, "data.encoding", "not UTF-8"),
    (b"abc" * 100, {"standardize": True}, "data.standardize", "cannot be standardised"),
    (b"abc" * 100, {"task": "regression"}, "data.task", "a class for each token"),
])  # fmt: skip
def test_what_is_wrong_with_a_text_is_reported_at_its_key(tmp_path, content, keys, key, words):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, kind="text", file="a.txt", context=16, **keys)
    (problem,) = caught.value.problems
    assert problem.key == key and words in problem.message


def test_an_encoding_that_is_given_is_used(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 " * 100)
    assert "é" in loaded(tmp_path, kind="text", file="a.txt", context=16, encoding="latin-1").vocabulary


def test_a_story_that_is_cut_is_refused():
    with pytest.raises(InputError, match="up to 22 tokens"):
        load(Data(kind="story", context=8), None)
