"""What a network scores on a part of the data: numbers with the rows and the step that they are of, and the words for shares.

A share is never printed as 100 % or 0 % unless it is all or none, and "of 2,000 of 60,000" stands wherever not every row was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

DIGITS = 4  # decimals of a percentage at most


@dataclass(frozen=True, eq=False)
class Classes:
    """(C,) counts of the rows that were looked at: how many are of each class, how many of those were right, how many were taken for it."""

    count_c: np.ndarray
    right_c: np.ndarray
    said_c: np.ndarray

    @property
    def recall_c(self) -> np.ndarray:
        """(C,) share of each class that was recognised; nan where there is no row of it."""
        return np.where(self.count_c > 0, self.right_c / np.maximum(self.count_c, 1), np.nan)

    @property
    def balanced(self) -> float | None:
        """Balanced accuracy: the mean of the recalls of the classes that there are (scikit-learn's). None without rows."""
        return float(np.nanmean(self.recall_c)) if self.count_c.any() else None


@dataclass(frozen=True)
class Score:
    """Of one part: `loss` a mean (None: not known), `accuracy` in [0, 1] or None for numbers; over `rows` rows out of `of`, drawn evenly
    where it is fewer. Where rows are sequences, `accuracy` is the share of scored tokens and `sequences` the share of rows that are right
    at every one of theirs; None elsewhere."""

    loss: float | None
    accuracy: float | None
    rows: int = 0
    of: int = 0
    classes: Classes | None = field(default=None, compare=False)
    sequences: float | None = None

    @property
    def whole(self) -> bool:
        return self.rows == self.of

    @property
    def balanced(self) -> float | None:
        return self.classes and self.classes.balanced


@dataclass(frozen=True)
class Scores:
    """Of both parts at one step (-1: before the first look). A part that is None is not there, or was not looked at yet."""

    train: Score | None = None
    test: Score | None = None
    step: int = -1

    train_loss = property(lambda self: self.train and self.train.loss)
    test_loss = property(lambda self: self.test and self.test.loss)
    train_sequences = property(lambda self: self.train and self.train.sequences)
    test_sequences = property(lambda self: self.test and self.test.sequences)
    train_accuracy = property(lambda self: self.train and self.train.accuracy)
    test_accuracy = property(lambda self: self.test and self.test.accuracy)

    @property
    def whole(self) -> bool:
        """Every row of every part was looked at."""
        return self.step >= 0 and all(score.whole for score in (self.train, self.test) if score is not None)

    def tested(self, now: int) -> str:
        """What a test score is of, beside numbers of step `now`: "", "of 2,000 of 60,000", "at step 566", or both."""
        parts = [] if self.test is None else [part(self.test.rows, self.test.of)]
        parts += [f"at step {self.step:,}"] if 0 <= self.step != now else []
        return " ".join(filter(None, parts))

    def words(self, names: tuple[str, ...] = ()) -> str:
        """What the scores are of, in sentences: step and rows; and where there are classes, how they differ."""
        score = self.test or self.train
        if score is None or not score.rows:
            return ""
        of = f"{score.rows:,} of its {score.of:,} rows, drawn evenly" if not score.whole else f"all its {score.of:,} rows"
        whole = "" if score.sequences is None else f" Right at every token: {percent(score.sequences)} of the sequences."
        return f"At step {self.step:,}, of {of}.{whole}{_by_class(score, names)}"


UNSCORED = Scores()


def _by_class(score: Score, names: tuple[str, ...]) -> str:
    if score.classes is None or score.balanced is None:
        return ""
    recall_c = score.classes.recall_c
    worst = int(np.nanargmin(recall_c))
    name = names[worst] if worst < len(names) else str(worst)
    least = percent(float(recall_c[worst]))
    return f" Balanced accuracy (the mean over the classes) {percent(score.balanced)}; least recognised: {name}, {least}."


def part(rows: int, of: int) -> str:
    """ "of 2,000 of 60,000"; empty where it is all of them."""
    return "" if rows == of else f"of {rows:,} of {of:,}"


def percent(value: float | None, digits: int = 1) -> str:
    """ "97.2 %"; with as many more decimals as keep what is not all or none from reading 100 or 0 ("99.98 %"). None: a dash."""
    if value is None:
        return "–"
    for places in range(digits, DIGITS + 1):
        text = f"{100 * value:.{places}f}"
        if value in (0, 1) or float(text) not in (0, 100):
            return f"{text.removeprefix('-') if value == 0 else text} %"
    return f"> {100 - 10**-DIGITS:.{DIGITS}f} %" if value > 0.5 else f"< {10**-DIGITS:.{DIGITS}f} %"
