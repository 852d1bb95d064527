"""A person's own prompt as the shown sample of a session, and the tokens that are added to it. No OpenGL, no clock.

As a drawing it stays through training, rewinding and changes of the network, until a sample of the data is chosen; it has no target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.engine.data.prompt_text import Prompts
from nnviz3d.engine.next_token import draw, stages
from nnviz3d.sources.viewable import OWN, Viewable
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import PromptReading
from nnviz3d.spec.score import percent

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

NO_TOKENS = "The inputs of this network are not tokens, so there is no prompt."
NO_DATA = "Without the data the vocabulary is not known."
LABEL = "your prompt"

Asked = tuple[float, int, float, int, int]


class OwnPrompt:
    """Of one session. `ids`: the tokens, the first `typed` as they were typed; None while a sample of the data is shown. `problem`: of what
    was typed last, or ""."""

    def __init__(self, session: Session):
        self.session = session
        self.ids: np.ndarray | None = None
        self.typed = 0
        self.problem = ""
        self._read: tuple[DataSet, Prompts | None] | None = None
        self._chosen: tuple[tuple, dict[str, Any]] | None = None  # what follows, and of what

    @property
    def prompts(self) -> Prompts | None:
        """How prompts are read; None where inputs are no tokens. Worked out once for each data set."""
        source = self.session.source
        if self._read is None or self._read[0] is not source.data:
            self._read = source.data, Prompts.of(source.data, source.scene.data)
        return self._read[1]

    @property
    def reason(self) -> str:
        """Why there can be no prompt, or ""."""
        source = self.session.source
        if self.prompts is None:
            return NO_TOKENS
        return "" if source.runs else source.reasons.data or NO_DATA

    def write(self, text: str) -> None:
        """Show this prompt; "": the sample of the data again. Where it cannot be, `problem` says why and what is shown stays."""
        prompts = self._wanted()
        if prompts is None:
            return
        text = text or self.session.source.prompt
        if not text:
            self.leave()
            return
        try:
            ids = prompts.ids(text)
        except InputError as error:
            self.problem = error.problems[0].message
            return
        self.ids, self.typed, self.problem = ids, len(ids), ""
        self.again()

    def add(self, token: int) -> None:
        """Add a token to the prompt; to the beginning of the sample of the data where that is shown. What cannot be becomes the banner."""
        prompts = self._wanted()
        if prompts is None:
            return
        if not 0 <= token < len(prompts.vocabulary):
            self.session.banner = f"There is no token {token:,}; the vocabulary has the numbers 0 to {len(prompts.vocabulary) - 1:,}."
            return
        if self.ids is None:
            self.ids = self._sample_ids(self.session.source)[: prompts.given]
            self.typed = len(self.ids)
        if prompts.over(self.ids):
            return
        self.ids, self.problem = np.append(self.ids, token), ""
        self.again()

    def leave(self) -> None:
        """Back to the sample of the data that it stands in for."""
        self.problem = ""
        if self.ids is not None:
            self.session.show_sample(self.session.source.sample.index)

    def end(self) -> None:
        """Another sample is about to be shown."""
        self.ids, self.problem = None, ""

    def again(self) -> None:
        """Show it where something else has been put in its place: the network or the data are others."""
        if self.ids is None:
            return
        prompts = self.prompts
        if prompts is None or self.reason or len(self.ids) > prompts.most or int(self.ids.max()) >= len(prompts.vocabulary):
            self.ids = None
            return
        row = prompts.row(self.ids)[0]
        self.session.source.show_own(row, LABEL)
        second = self.session.second
        if second is not None and second.source.data.vocabulary == prompts.vocabulary and second.source.data.shape == (len(row),):
            second.show_own(row, LABEL)

    def known(self) -> int:
        """How many tokens of the row that the network reads are real ones, from the first: what is behind them only fills it."""
        prompts, seen = self.prompts, self.session.seen
        if prompts is None:
            return int(np.prod(seen.topology.input.shape))
        return prompts.row(self.ids)[2] if self.ids is not None and seen.sample.part == OWN else prompts.context

    def words(self) -> tuple[str, ...]:
        """Of the known tokens of the row that is shown; empty where inputs are no tokens."""
        prompts, seen = self.prompts, self.session.seen
        if prompts is None:
            return ()
        return tuple(prompts.vocabulary[k] for k in self._sample_ids(seen)[: self.known()].tolist())

    def answer(self) -> tuple[str, bool | None] | None:
        """The likeliest token after the prompt, in words: "B (97.2 %)"; None where a sample of the data is shown."""
        prompts, seen = self.prompts, self.session.pictured
        if prompts is None or self.ids is None or self.session.seen.sample.part != OWN:
            return None
        output = seen.topology.output
        if seen.tensors("z") is None:
            return None
        a_v = _at(seen, seen.tensors("activation"), prompts.row(self.ids)[2] - 1)
        share = f" ({percent(float(a_v.max()))})" if output.activation == "softmax" else ""
        return f"{prompts.vocabulary[int(np.nan_to_num(a_v).argmax())]}{share}", None

    def reading(self, wanted: Asked | None) -> PromptReading | None:
        """For the panel. `wanted`: temperature, top-k, top-p, the place after which a token is asked for (-1: the last), the seed."""
        if wanted is None:
            return None
        prompts = self.prompts
        if prompts is None or self.reason:
            return PromptReading(self.reason)
        seen, sample = self.session.pictured_numbers, self._sample_ids(self.session.seen)
        own = self.ids if self.session.seen.sample.part == OWN else None
        ids, first, known, over = sample, 0, len(sample), ""
        if own is not None:
            ids, (_, first, known), over = own, prompts.row(own), prompts.over(own)
        last = (min(prompts.given, known) if own is None else known) - 1
        place = wanted[3] if 0 <= wanted[3] < known else last
        key = (seen.serial, seen.version, place, last, wanted, prompts.given if own is None else len(own))
        if self._chosen is None or self._chosen[0] != key:
            self._chosen = key, _choice(seen, place, last, wanted, key[-1])
        choice: dict[str, Any] = self._chosen[1] | ({"drawn": -1} if over else {})
        return PromptReading(
            reason="",
            vocabulary=prompts.vocabulary,
            ids=tuple(ids.tolist()),
            words=tuple(prompts.vocabulary[k] for k in ids.tolist()),
            typed=prompts.given if own is None else self.typed,
            shown=own is not None,
            first=first,
            known=known,
            context=prompts.context,
            given=prompts.given,
            begin=prompts.text(ids[: prompts.given if own is None else self.typed]),
            problem=self.problem,
            over=over,
            place=place,
            **choice,
        )

    @staticmethod
    def _sample_ids(seen: Viewable) -> np.ndarray:
        return np.ravel(np.asarray(seen.sample.x)).astype(np.int64)

    def _wanted(self) -> Prompts | None:
        """A prompt is about to be shown: a step that is walked through is finished first."""
        if self.reason:
            self.session.banner = self.reason
            return None
        self.session.leave_walk()
        return self.prompts


def _choice(seen: Viewable, place: int, last: int, wanted: Asked, count: int) -> dict[str, Any]:
    """What follows the token at a place, and the token that is drawn after the last one of `count`, as fields of the reading."""
    z_n = seen.tensors("z")
    if z_n is None:
        return {}
    found = stages(_at(seen, z_n, place).astype(np.float64), *wanted[:3])
    names = ("logit_v", "scaled_v", "in_top_k_v", "kept_v", "probability_v")
    probability_v = found.probability_v if place == last else stages(_at(seen, z_n, last).astype(np.float64), *wanted[:3]).probability_v
    drawn = draw(probability_v, np.random.Generator(np.random.PCG64([wanted[4], count])))
    return {name: getattr(found, name) for name in names} | {"drawn": drawn}


def _at(seen: Viewable, array_n: Any, place: int) -> np.ndarray:
    """(V,) of the output at one token, on the host; finite."""
    output = seen.topology.output
    begin, width = output.neurons.start + place * output.shape[1], output.shape[1]
    return np.nan_to_num(np.array(seen.ops.to_host(array_n[begin : begin + width])))
