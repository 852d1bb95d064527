"""Who makes which piece: each one once, neighbours by the same worker, nothing lost with a worker."""

import random
from itertools import chain, pairwise

import pytest

from nnviz3d.app.render.film.piece_queue import PieceQueue


def play(pieces, seconds, lost=lambda worker, number: False):
    """Simulated workers that need `seconds[worker]` for a piece. Returns the pieces of each, in order, and when the last was done."""
    queue, made, now = PieceQueue(pieces), {worker: [] for worker in seconds}, 0.0
    ready = dict.fromkeys(seconds, 0.0)
    while queue:
        for worker in seconds:
            if worker not in queue.busy and queue.take(worker) is not None:
                ready[worker] = now + seconds[worker]
        worker = min(queue.busy, key=ready.get)
        now = ready[worker]
        if lost(worker, queue.busy[worker]):
            queue.lost(worker)
        else:
            made[worker].append(queue.done(worker))
    return made, now


def jumps(numbers):
    """How often a worker did not go on with the next piece."""
    return sum(b != a + 1 for a, b in pairwise(numbers))


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
def test_each_piece_is_made_once_by_workers_that_go_straight_on(workers):
    made, end = play(range(64), {f"w{k}": 1.0 for k in range(workers)})
    assert sorted(number for numbers in made.values() for number in numbers) == list(range(64))
    assert end <= -(-64 // workers) + 1
    assert sum(map(jumps, made.values())) <= 3 * (workers - 1)


def test_two_workers_take_a_half_each():
    assert play(range(10), {"a": 1.0, "b": 1.001})[0] == {"a": [0, 1, 2, 3, 4], "b": [5, 6, 7, 8, 9]}


def test_a_slow_worker_is_helped():
    made, end = play(range(40), {"fast": 1.0, "slow": 4.0})
    assert len(made["fast"]) >= 30 and end <= 36
    assert jumps(made["fast"]) <= 4


def test_only_what_is_missing_is_made():
    assert sorted(chain(*play([3, 4, 9], {"a": 1.0, "b": 1.0})[0].values())) == [3, 4, 9]
    assert not PieceQueue([]) and PieceQueue([]).take("a") is None


def test_pieces_of_lost_workers_are_made_by_others():
    chance = random.Random(0)
    made, _ = play(range(50), {"a": 1.0, "b": 1.1, "c": 0.7}, lambda worker, number: chance.random() < 0.2)
    assert sorted(chain(*made.values())) == list(range(50))


def test_a_piece_that_ends_its_workers_is_counted():
    queue = PieceQueue([5])
    for ended in (1, 2, 3):
        assert queue.take(f"w{ended}") == 5 and queue
        assert queue.lost(f"w{ended}") == ended
    assert queue.take("w4") == 5 and queue.done("w4") == 5 and not queue
