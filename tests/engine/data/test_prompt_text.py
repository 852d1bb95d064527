"""Prompts: text to tokens by the vocabulary, what the network reads of them, and what is wrong with them in words."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.engine.data import load
from nnviz3d.engine.data.prompt_text import Prompts
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data


def prompts(base=None, **keys) -> Prompts:
    settings = Data(**keys)
    found = Prompts.of(load(settings, base), settings)
    assert found is not None
    return found


def refused(p: Prompts, text: str) -> str:
    with pytest.raises(InputError) as caught:
        p.ids(text)
    return caught.value.problems[0].message


def test_letters_with_and_without_spaces_in_either_case():
    p = prompts(kind="sort", letters=3, length=6)
    assert (p.context, p.given, p.most, p.start, p.end, p.slides) == (11, 6, 12, -1, -1, False)
    for text in ("CABBAC", "c a b b a c", " CABbac\n"):
        assert p.ids(text).tolist() == [2, 0, 1, 1, 0, 2]
    assert p.text(p.ids("CAB")) == "C A B"


def test_what_is_wrong_is_said_with_names_and_numbers():
    p = prompts(kind="sort", letters=3, length=6)
    assert "empty" in refused(p, "") and "empty" in refused(p, "   ")
    assert refused(p, "AXYXB") == "The network does not know 'X', 'Y'. It knows A, B, C."
    assert refused(p, "ABC" * 5) == "The prompt has 15 tokens; the network reads at most 11. Remove 4."
    many = "".join(chr(0x4E00 + k) for k in range(20))
    assert "and 12 more" in refused(p, many)


def test_a_story_begins_with_its_mark_and_ends_with_another():
    p = prompts(kind="story")
    ids = p.ids("anna has a small cat. she")
    assert [p.vocabulary[k] for k in ids] == ["<start>", "Anna", "has", "a", "small", "cat", ".", "she"]
    assert p.ids(p.text(ids)).tolist() == ids.tolist(), "the mark is not put before itself"
    assert not p.over(ids) and "<end>" in p.over(np.append(ids, p.end)) and p.given == 1


def test_sums_are_words():
    p = prompts(kind="modular", modulus=11)
    assert [p.vocabulary[k] for k in p.ids("3+10=")] == ["3", "+", "10", "="] and p.given == 4
    assert "'12'" in refused(p, "3 + 12 =")


def test_rows_are_filled_cut_and_slide(tmp_path):
    p = prompts(kind="sort", letters=3, length=6)
    row, first, known = p.row(np.array([2, 1, 0]))
    assert row.tolist() == [2, 1, 0] + [0] * 8 and row.dtype == np.float32 and (first, known) == (0, 3)
    whole = np.arange(12) % 3
    row, first, known = p.row(whole)
    assert row.tolist() == whole[:11].tolist() and (first, known) == (0, 11) and p.over(whole)
    (tmp_path / "a.txt").write_text("ab cd\n" * 60)
    p = prompts(tmp_path, kind="text", file="a.txt", context=8)
    ids = p.ids("ab cd\na")
    assert [p.vocabulary[k] for k in ids] == ["a", "b", "<space>", "c", "d", "<line>", "a"] and p.text(ids) == "ab cd\na"
    longer = np.concatenate([ids, ids])
    row, first, known = p.row(longer)
    assert (first, known) == (6, 8) and row.tolist() == longer[-8:].tolist() and not p.over(longer)


def test_rare_words_are_unknown_and_pictures_have_no_prompt(tmp_path):
    (tmp_path / "a.txt").write_text("the cat, the dog. " * 20 + "a zebra")
    p = prompts(tmp_path, kind="text", file="a.txt", tokens="words", vocabulary=5, context=4)
    assert [p.vocabulary[k] for k in p.ids("the zebra")] == ["the", "<unknown>"]
    assert Prompts.of(load(Data(kind="digits"), None), Data(kind="digits")) is None
