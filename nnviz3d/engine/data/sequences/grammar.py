"""Short stories from a small grammar of our own, in which later words depend on earlier ones: who "she" is, which animal it was, where it
went. What a network has to look back for is therefore known."""

from __future__ import annotations

import numpy as np

NAMES = {"Anna": "she", "Ben": "he", "Clara": "she", "David": "he", "Emma": "she", "Finn": "he"}
ANIMALS = ("cat", "dog", "horse", "bird", "mouse", "fox")
LOOKS = ("small", "big", "old", "young", "brown", "white")
DEEDS = ("feeds", "washes", "follows", "paints", "finds", "loves")
PLACES = ("in the garden", "in the house", "by the river", "near the school")
MOODS = ("happy", "tired", "hungry", "brave")
START, END = "<start>", "<end>"


def stories(n: int, rng: np.random.Generator) -> list[list[str]]:
    """So many stories, each a list of words; some may be alike."""
    return [_story(rng) for _ in range(n)]


def _story(rng: np.random.Generator) -> list[str]:
    """Somebody has an animal, does something with it somewhere, and in the end one of the two is in a mood."""
    name = _one(rng, tuple(NAMES))
    pronoun, animal, look, place = NAMES[name], _one(rng, ANIMALS), _one(rng, LOOKS), _one(rng, PLACES)
    article = "an" if look[0] in "aeiou" else "a"
    sentences = [f"{name} has {article} {look} {animal} .", f"{pronoun} {_one(rng, DEEDS)} the {animal} {place} ."]
    if rng.random() < 0.5:
        sentences.append(f"the {look} {animal} is {_one(rng, MOODS)} .")
    else:
        sentences.append(f"{name} is {_one(rng, MOODS)} {place} .")
    return " ".join(sentences).split()


def vocabulary() -> tuple[str, ...]:
    """Every word that a story may have, with the marks of its beginning and its end."""
    phrases = " ".join(("has a an the is .", *NAMES, *sorted(set(NAMES.values())), *ANIMALS, *LOOKS, *DEEDS, *PLACES, *MOODS))
    return tuple(dict.fromkeys((START, END, *phrases.split())))


def _one(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]
