"""What is reported of a sequence of tokens: the prompt with the next token's probabilities, and what each token attends to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PromptReading:
    """The shown tokens, and which one comes after the one at `place`. `reason`: why there are none here, or "".

    `ids`, `words` of all tokens: of one's own prompt (`shown`, the first `typed` of them are typed, the others were added), else of the
    sample of the data. The network reads `known` of them from `first` on, at most `context`. `problem`: what is wrong with the text that
    was typed last; `over`: why nothing can be added, or "". `given`: as many tokens stand before the first that is learned to be predicted.
    `begin`: what to type for the typed tokens, or for the shown sample's own beginning.

    Of the vocabulary, (V,): `logit_v`, `scaled_v` (by the temperature), whether top-k and top-p keep it (`in_top_k_v`, `kept_v`), and
    `probability_v`. `drawn`: the token that is added next by the seed, -1: none can be.
    """

    reason: str
    vocabulary: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    typed: int = 0
    shown: bool = False
    first: int = 0
    known: int = 0
    context: int = 0
    given: int = 0
    begin: str = ""
    problem: str = ""
    over: str = ""
    place: int = -1
    logit_v: np.ndarray | None = None
    scaled_v: np.ndarray | None = None
    in_top_k_v: np.ndarray | None = None
    kept_v: np.ndarray | None = None
    probability_v: np.ndarray | None = None
    drawn: int = -1


@dataclass(frozen=True)
class AttentionLayer:
    """Numbers of the nodes that hold its scores, its shares and its mixtures; `name` of the container, or of the shares' node."""

    scores: int
    shares: int
    mixture: int
    name: str
    heads: int


@dataclass(frozen=True, eq=False)
class AttentionReading:
    """Attention of all layers and heads. `reason`: why there is none, or "".

    `tiles`: of each layer (heads, t, t) in [0, 1], query by key, of the first t tokens that are known; where there are many, the largest
    share of `coarse` x `coarse` cells. `layer`, `head`: the chosen ones; `share_tt` its shares of all known tokens, `score_tt` the scores
    before the softmax. `words` of the tokens. `killed`: (layer, head) of heads that are switched off. `version`: of the numbers.
    """

    reason: str
    layers: tuple[AttentionLayer, ...] = ()
    tiles: tuple[np.ndarray, ...] = ()
    coarse: int = 1
    layer: int = 0
    head: int = 0
    share_tt: np.ndarray | None = None
    score_tt: np.ndarray | None = None
    words: tuple[str, ...] = ()
    killed: frozenset[tuple[int, int]] = frozenset()
    causal: bool = False
    version: int = 0
