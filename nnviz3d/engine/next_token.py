"""From the logits of the next token to the token that is taken: temperature, top-k, top-p. Pure functions of arrays, float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Stages:
    """Of each token (V,): its logit; `scaled_v`, the logit divided by the temperature; whether top-k keeps it, and whether top-p keeps it
    of those; the probability with which it is drawn."""

    logit_v: np.ndarray
    scaled_v: np.ndarray
    in_top_k_v: np.ndarray
    kept_v: np.ndarray
    probability_v: np.ndarray


def stages(logits_v: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Stages:
    """`temperature` divides the logits, 0: only the largest. `top_k`: only so many largest, 0: all. `top_p`: only the largest that together
    reach this share, and always one. Among equal ones the first count as larger."""
    logits = np.asarray(logits_v, np.float64)
    order = np.argsort(-logits, kind="stable")
    if temperature <= 0:
        top_k, temperature = 1, 1.0
    if top_k > 0:
        order = order[:top_k]
    in_top_k_v = np.zeros(len(logits), bool)
    in_top_k_v[order] = True
    scaled_v = logits / temperature
    shares = _softmax(scaled_v[order])
    if top_p < 1:
        before = np.cumsum(shares) - shares
        order, shares = order[before < max(top_p, 1e-12)], shares[before < max(top_p, 1e-12)]
    probability_v = np.zeros(len(logits))
    probability_v[order] = shares / shares.sum()
    kept_v = np.zeros(len(logits), bool)
    kept_v[order] = True
    return Stages(logits, scaled_v, in_top_k_v, kept_v, probability_v)


def probabilities(logits_v: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    """(V,) with which each token is drawn, as `stages`."""
    return stages(logits_v, temperature, top_k, top_p).probability_v


def draw(probability_v: np.ndarray, rng: np.random.Generator) -> int:
    """The token that is taken."""
    return int(rng.choice(len(probability_v), p=probability_v))


def window(ids: np.ndarray, context: int, fill: int = 0) -> tuple[np.ndarray, int]:
    """(context,) the tokens that a network of so many places reads, and the place of the last one: where the next token is predicted. Of
    more the last ones; of fewer the places behind them are filled, which attention that looks back does not see. Raises ValueError where
    there are none."""
    ids = np.asarray(ids)
    if not len(ids):
        raise ValueError("at least one token is needed")
    seen = ids[-context:]
    return np.concatenate([seen, np.full(context - len(seen), fill, seen.dtype)]), len(seen) - 1


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()
