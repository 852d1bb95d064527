"""The sample browser: every sample of the test set (during a walk: of the batch) with what the network says of it and its own loss.

Nothing happens unless somebody looks: the panel asks in each frame in which it is open. Then one block of rows a frame is judged (at most
about 3 ms), and a finished list stays for at least two seconds, so that it can be clicked on. No clock: time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.data import DataSet
from nnviz3d.engine.evaluation import answers
from nnviz3d.engine.objective import Objective
from nnviz3d.sources.answer_text import label, verdict
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import SampleQuery, SampleRow, SamplesReading
from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.units import Unit

MOST, MOST_NUMBERS = 100_000, 20_000_000  # samples that are looked through, and outputs of them that are kept
RENEW = 2.0  # seconds between the starts of two passes while the network changes
FAR, FAR_WORK = 4096, 3e9  # rows, and multiply-adds, that the search for the next wrong answer may cost at once


@dataclass
class Pass:
    """One time through all rows. `out_no`, `loss_n` fill from the front; `done` of them are known."""

    moment: tuple
    step: int
    out_no: np.ndarray
    loss_n: np.ndarray
    blocks: Iterator
    error_2o: np.ndarray  # (2, O) sums of squared and of absolute errors of numbers with units, in these
    done: int = 0

    @property
    def over(self) -> bool:
        return self.done == len(self.loss_n)


class Browser:
    """Of one session. `ask` says that somebody looks, `work` does a block, `reading` is what the panel shows."""

    def __init__(self):
        self.query: SampleQuery | None = None
        self._eyes = 0  # frames for which somebody still looks
        self._subject: tuple = ()
        self._number = 0
        self._running: Pass | None = None
        self._last: Pass | None = None
        self._since = 0.0
        self._read: tuple = ()

    def ask(self, query: SampleQuery) -> None:
        """For this frame and the next."""
        self.query, self._eyes = query, 2

    def work(self, source: Source, seen: Viewable, dt: float) -> None:
        """One block, where one is wanted; at a boundary of two steps only."""
        self._since += dt
        self._eyes -= 1
        if self._eyes < 0:
            self.query, self._running = None, None
            return
        data = source.evaluator
        if data is None or not source.at_boundary:
            return
        subject, moment = _subject(source, seen), _moment(source, seen)
        if not _same(subject, self._subject):
            self._subject, self._number, self._last, self._running = subject, self._number + 1, None, None
            self._range = _range(source.data, _rows(source, seen)[0])
        if self._running is None:
            newest = self._last and self._last.moment == moment
            if newest or (self._last and self._since < RENEW):
                return
            part, rows_r, parameters = _rows(source, seen)
            n, outputs = len(rows_r), source.topology.output.size
            blocks = data.judging(part, rows_r, parameters)
            self._running = Pass(moment, seen.step, np.empty((n, outputs), np.float32), np.empty(n), blocks, np.zeros((2, outputs)))
            self._since = 0.0
        run = self._running
        where, out_no, loss_n = next(run.blocks)
        run.out_no[where], run.loss_n[where], run.done = out_no, loss_n, where.stop
        if source.objective.units:
            part, rows_r, _ = _rows(source, seen)
            run.error_2o = run.error_2o + _errors(source.objective, out_no, getattr(source.data, f"t_{part}")[rows_r[where]])
        if run.over:
            self._last, self._running = run, None

    def reading(self, source: Source, seen: Viewable) -> SamplesReading | None:
        """The page that was asked for; None while nobody looks. The same object as long as nothing changed."""
        query = self.query
        latest = self._last or self._running
        if query is None or latest is None or not _same(_subject(source, seen), self._subject):
            return None
        shown = _shown(seen)
        progress = 10 * latest.done // len(latest.loss_n)  # an unfinished list is sorted ten times, not at every block
        key = (query, self._number, latest.moment, progress, shown)
        if self._read[:1] != (key,):
            self._read = key, self._page(source, seen, query, latest, shown)
        return self._read[1]

    def _page(self, source: Source, seen: Viewable, query: SampleQuery, latest: Pass, shown: int) -> SamplesReading:
        data = source.data
        part, rows_r, _ = _rows(source, seen)
        x_ni, t = getattr(data, f"x_{part}"), getattr(data, f"t_{part}")
        known_r, out_no, loss_n = rows_r[: latest.done], latest.out_no[: latest.done], latest.loss_n[: latest.done]
        classes = data.task == "classification"
        right_n = _right(out_no, t[known_r]) if classes else None
        order = _order(query, loss_n, right_n, t[known_r] if classes else None)
        pages = max(-(-len(order) // query.size), 1)
        page = min(query.page, pages - 1)
        rows = []
        for k in order[page * query.size : (page + 1) * query.size]:
            row = rows_r[k]
            finite = np.isfinite(out_no[k]).all()
            answer = source.objective.own(out_no[k])
            said = verdict(data, source.topology.output.activation, answer, t[row])[0] if finite else "not a number"
            number = int(row if seen is source else k)
            rows.append(
                SampleRow(
                    number, label(data, x_ni[row], t[row]), said, None if right_n is None else bool(right_n[k]), float(loss_n[k]), x_ni[row]
                )
            )
        low, high = self._range
        return SamplesReading(
            part if seen is source else "batch", self._number, latest.step, len(rows_r), latest.done,
            None if right_n is None else int((~right_n).sum()), float(loss_n.mean()) if latest.done else None, len(order), shown,
            SampleQuery(query.show, query.order, page, query.size), tuple(rows), data.shape if len(data.shape) > 1 else (), low, high,
            seen is not source and latest.moment[-1],
            _spoken(source.objective.units, latest),
        )  # fmt: skip


def _shown(seen: Viewable) -> int:
    """The number of the shown sample: of its part, or during a walk of its batch."""
    if seen.view is None:
        return seen.sample.index
    return int(np.flatnonzero(seen.view.tape.rows == seen.view.tape.row)[0])


def find_wrong(source: Source, seen: Viewable, by: int) -> int | None:
    """The number of the next (`by` 1) or previous (-1) sample that the network gets wrong now, or None within reach. Not for numbers."""
    if source.evaluator is None:
        return None
    part, rows_r, parameters = _rows(source, seen)
    n, shown = len(rows_r), _shown(seen)
    numbers = rows_r if seen is source else np.arange(n)  # of a walk's batch samples go by their place in it
    far = int(min(n, FAR, max(FAR_WORK / row_work(source.topology), 1)))
    first = int(np.searchsorted(numbers, shown, "right")) if by > 0 else int(np.searchsorted(numbers, shown)) - 1
    order = (first + by * np.arange(far)) % n
    for where, out_no, _loss in source.evaluator.judging(part, rows_r[order], parameters):
        wrong = np.flatnonzero(~_right(out_no, getattr(source.data, f"t_{part}")[rows_r[order[where]]]))
        if len(wrong):
            return int(numbers[order[where][wrong[0]]])
    return None


def _errors(objective: Objective, out_no: np.ndarray, t_no: np.ndarray) -> np.ndarray:
    """(2, O) sums of squared and of absolute errors, in the targets' own units."""
    with np.errstate(all="ignore"):
        error_no = objective.own(out_no) - t_no
        return np.stack([(error_no * error_no).sum(0), np.abs(error_no).sum(0)])


def _spoken(units: tuple[Unit, ...], latest: Pass) -> tuple[tuple[str, str, str], ...]:
    """Name, root mean square and mean absolute error of each number, in words."""
    if not units or not latest.done:
        return ()
    square_o, absolute_o = latest.error_2o / latest.done
    return tuple((u.name, u.error(float(r)), u.error(float(m))) for u, r, m in zip(units, np.sqrt(square_o), absolute_o, strict=True))


def _rows(source: Source, seen: Viewable) -> tuple[str, np.ndarray, np.ndarray | None]:
    """(part, its rows, parameters or None for those of now): of the part that samples are shown from, or of the batch of a walk."""
    if seen.view is None:
        assert source.evaluator is not None  # who has no rows asks for none
        most = min(source.sample.count, MOST, max(MOST_NUMBERS // source.topology.output.size, 1))
        part = source.data.held_out[0]
        return part, source.evaluator.numbers(part, most), None
    tape = seen.view.tape
    return "train", tape.rows, tape.after if seen.view.renewed else tape.before


def _subject(source: Source, seen: Viewable) -> tuple:
    """What the list is of; another one starts it again."""
    return source.data, source.serial, None if seen.view is None else seen.view.tape.rows


def _same(a: tuple, b: tuple) -> bool:
    """Whether both hold the very same things."""
    return len(a) == len(b) and all(x is y or (isinstance(x, int) and x == y) for x, y in zip(a, b, strict=True))


def _moment(source: Source, seen: Viewable) -> tuple:
    """Changes whenever the network answers differently."""
    state = (source.step, source.written, source.objective)
    return state if seen.view is None else (*state, seen.view.renewed)


def _right(out_no: np.ndarray, targets_n: np.ndarray) -> np.ndarray:
    """(n,) whether the largest output is the sample's class, of a sequence at every scored token; what is not a number is never right."""
    _, right, scored = answers(out_no, targets_n)
    return np.asarray(np.all((right | ~scored).reshape(len(targets_n), -1), axis=1))


def _order(query: SampleQuery, loss_n: np.ndarray, right_n, classes_n) -> np.ndarray:
    """Numbers of the samples that the query matches, in its order; a loss that is no number counts as the worst."""
    chosen = np.arange(len(loss_n))
    if classes_n is not None and query.show != "all":
        chosen = np.flatnonzero(~right_n if query.show == "wrong" else (classes_n == int(query.show)).reshape(len(classes_n), -1).any(1))
    if query.order == "worst":
        chosen = chosen[np.argsort(-np.nan_to_num(loss_n[chosen], nan=np.inf, posinf=np.inf), kind="stable")]
    return chosen


def _range(data: DataSet, part: str) -> tuple[np.ndarray, np.ndarray]:
    """(I,) smallest and largest of each input over the part; over all inputs for pictures."""
    x_ni = getattr(data, f"x_{part}")
    low, high = x_ni.min(0), x_ni.max(0)
    return (np.full_like(low, low.min()), np.full_like(high, high.max())) if len(data.shape) > 1 else (low, high)
