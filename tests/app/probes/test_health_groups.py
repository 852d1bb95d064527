"""Silent maps and features, heads that do not look, norms over too few numbers: found where they are, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from nnviz3d.app.probes import health_groups
from nnviz3d.spec.topology import Node, Range

ROWS, HIGH, GUESS = 20, 1.0, 1.0


def node(shape, axes, activation="relu", unlearned=()) -> Node:
    table = SimpleNamespace(unlearned=unlearned)
    parameters = tuple((part, Range(0, (shape[0],))) for part in unlearned)
    return Node("k", "kind", (), shape, Range(0, shape), activation, parameters=parameters, axes=axes, table=table)


def activations(shape) -> np.ndarray:
    return np.random.default_rng(0).random((ROWS, *shape)) + 0.1


@pytest.mark.parametrize(("axes", "unit", "reported"), [
    (("channel", "row", "column"), (slice(None), 1), "1 of 4 maps of conv are 0 everywhere for all 20 samples"),
    (("token", "row", "feature"), (slice(None), slice(None), slice(None), 1), "1 of 5 features of conv are 0 at every token"),
])  # fmt: skip
def test_what_is_silent_everywhere_is_reported_and_a_cell_that_is_not_saves_it(axes, unit, reported):
    shape = (4, 3, 5)
    there, a = node(shape, axes), activations(shape)
    assert health_groups.silent(there, "conv", a.reshape(ROWS, -1)) is None
    a[unit] = 0
    found = health_groups.silent(there, "conv", a.reshape(ROWS, -1))
    if "1 of 5" in reported:
        assert found is None, "one of five is ordinary"
        a[..., 2] = 0
        found = health_groups.silent(there, "conv", a.reshape(ROWS, -1))
        reported = reported.replace("1 of 5", "2 of 5")
    assert found is not None and found.how.startswith(reported)
    assert health_groups.silent(node(shape, axes, "tanh"), "conv", a.reshape(ROWS, -1)) is None, "a tanh at 0 learns best"
    a[7, 0 if "maps" in reported else 2, 0, 0], a[7, 1, 2, 1] = 0.3, 0.3
    a[7, ..., 2] = 0.3
    assert health_groups.silent(there, "conv", a.reshape(ROWS, -1)) is None


def heads(choose) -> np.ndarray:
    """(ROWS, 2, 4, 4) causal attention; head 1 puts all on one key, `choose(row, query)`."""
    p = np.tril(np.ones((ROWS, 2, 4, 4)))
    for row in range(ROWS):
        for query in range(1, 4):
            p[row, 1, query] = np.eye(4)[choose(row, query)]
    return p / p.sum(-1, keepdims=True)


SOFTMAX = node((2, 4, 4), ("head", "query", "key"), "softmax")


def reported(p, loss=HIGH):
    found = health_groups.attention(SOFTMAX, "blocks.0.softmax", p.reshape(ROWS, -1), loss, GUESS)
    return None if found is None else (found.title, found.how)


def test_a_head_that_always_looks_at_one_token_has_collapsed():
    title, how = reported(heads(lambda row, query: 0))
    assert title == "Attention has collapsed in blocks.0.softmax"
    assert how == "In head 1 of blocks.0.softmax every query puts 99 % of its attention or more on token 0, whatever the sample."


def test_a_head_that_looks_at_one_token_for_each_query_is_saturated_only_while_the_loss_is_high():
    p = heads(lambda row, query: (row + query) % (query + 1))
    title, how = reported(p)
    assert title == "Saturated softmax in blocks.0.softmax" and "head 1" in how and "The loss is 1." in how
    assert reported(p, loss=0.1) is None, "a network that has learned is sure of itself"


def test_attention_that_is_spread_is_healthy_and_the_first_query_has_no_choice():
    p = np.tril(np.random.default_rng(1).random((ROWS, 2, 4, 4)))
    assert reported(p / p.sum(-1, keepdims=True)) is None


@pytest.mark.parametrize(("shape", "axes", "batch", "numbers"), [
    ((3, 2, 2), ("channel", "row", "column"), 1, "4 numbers"), ((3, 2, 2), ("channel", "row", "column"), 2, ""),
    ((6,), ("neuron",), 1, "1 number "), ((6,), ("neuron",), 7, "7 numbers"), ((6,), ("neuron",), 8, ""),
])  # fmt: skip
def test_a_norm_over_too_few_numbers(shape, axes, batch, numbers):
    found = health_groups.few_for_a_norm(node(shape, axes, "linear", ("running_mean",)), "norm1", batch)
    assert (found is not None) == bool(numbers)
    assert found is None or (numbers in found.how and found.remedy.endswith("."))
    assert health_groups.few_for_a_norm(node(shape, axes, "linear"), "norm1", batch) is None
