"""The governor: it reaches the target, does not hunt, and a named level is that level."""

from itertools import pairwise

import numpy as np
import pytest

from nnviz3d.draw.quality import LADDER, NAMED, Governor, level_for


def cost(level, machine):
    """A made-up machine: milliseconds for pixels, edges and a constant."""
    return machine * (4 + 14 * level.scale**2 + level.edges * 0.008 * level.scale)


def run(governor, machine, frames=1500, noise=0.08, seed=0):
    generator = np.random.default_rng(seed)
    levels = []
    for _ in range(frames):
        governor.observe(cost(governor.level, machine) * (1 + noise * generator.standard_normal()))
        levels.append(governor.index)
    return levels


@pytest.mark.parametrize("machine", [0.05, 0.3, 1.0, 1.6])
@pytest.mark.parametrize("software", [True, False])
def test_it_settles_within_the_target_and_stays(machine, software):
    governor = Governor(30.0, software)
    levels = run(governor, machine)
    assert cost(governor.level, machine) <= 30.0 * 1.1
    assert len(set(levels[700:])) <= 2  # at most one careful try upwards
    changes = np.flatnonzero(np.diff(levels))
    assert (np.diff(changes) >= Governor.PATIENCE - 1).all()


def test_a_hopeless_machine_ends_at_the_lowest_level_and_never_below():
    governor = Governor(30.0, True)
    run(governor, 50.0)
    assert governor.index == 0


def test_a_single_long_frame_changes_nothing():
    governor = Governor(30.0, True)
    run(governor, 0.8, 400, noise=0)
    before = governor.index
    governor.observe(500.0)
    run(governor, 0.8, 20, noise=0)
    assert governor.index == before


def test_the_ladder_rises_in_everything():
    for low, high in pairwise(LADDER):
        assert low.edges < high.edges and low.scale <= high.scale and low.particles <= high.particles


def test_named_levels_ignore_the_governor():
    assert level_for("ultra", Governor()) is NAMED["ultra"]
    governor = Governor()
    assert level_for("auto", governor) is governor.level
