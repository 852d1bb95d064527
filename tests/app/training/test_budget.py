"""What training gets of a frame."""

from __future__ import annotations

import pytest

from nnviz3d.app.training.pace import LEAST_TRAINING, TrainingBudget

FRAME, OTHERS = 31.0, 15.0


@pytest.mark.parametrize("piece", [0.5, 6.0, 9.0])
def test_pieces_that_are_not_cut_short_do_not_make_frames_longer(piece):
    """Training ends with the first piece that ends behind its budget; in the mean the frame is as long as it is to be."""
    budget, lasted = TrainingBudget(), []
    for _ in range(300):
        given, train = budget.give(FRAME), 0.0
        while train < given:
            train += piece
        budget.spent(OTHERS + train, train)
        lasted.append(OTHERS + train)
    assert sum(lasted[100:]) / 200 == pytest.approx(FRAME, abs=1.0)


def test_training_gets_something_of_a_slow_frame():
    budget = TrainingBudget()
    for _ in range(50):
        budget.spent(100.0 + LEAST_TRAINING, LEAST_TRAINING)
    assert budget.give(FRAME) == LEAST_TRAINING
