"""The signs by which an unhealthy network is known, each as one pure function: the title, the numbers that show it, what to try.

Thresholds are set so that a healthy network never trips them; `tests/app/probes/test_health.py` holds that for the shipped scenes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnviz3d.engine.data import DataSet
from nnviz3d.sources.protocols import Source
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.node_names import inside, layer_name
from nnviz3d.spec.readout import Charts, Finding
from nnviz3d.spec.score import Score, part, percent
from nnviz3d.spec.topology import Node, Topology

DEAD = 0.25  # share of a layer: single silent ReLUs are ordinary, a quarter is lost width
FLAT, SATURATED = 0.03, 0.75  # so near to its ends tanh' < 0.06 and sigmoid' < 0.03; most of a layer must be so
LEARNED = 0.2  # of a guess's loss: below it saturation is certainty, not trouble
RATIO, STEEP = 1e3, 100.0  # rms of two layers' gradients; a norm over 100 moves weights by their own size at a rate of 0.01
GROWN = 10.0  # times the norm of the first look
WIDEST, LARGEST = 100.0, 10.0  # of inputs' deviations: initialisers and learning rates assume about 1
SAME = 1e-5  # of the largest weight: rows that differ only by rounding
JUMPS, WORSE = 3, 1.5  # so many recent points so much worse than guessing
NOISE = 4.0  # deviations by which a batch's loss may lie above what is usual: rare classes and small batches scatter widely
LOOKS, FEW, OVER = 5, 3, 1.1  # recent looks at the whole training set, the fewest that decide, and how much worse they are on average
LOST = 0.5  # of a guess's loss: who was below it had learned
LEEWAY = 1.4  # of the last look before the settings changed: it was a little earlier
ALL = 1_000_000  # inputs of a training set that are all read for their deviations, in about 5 ms
RARELY, UNEVEN = 0.1, 1.5  # other classes answered so much less often than they occur, where one has so much more than an equal share
PATIENCE, MOVED = 200, 0.02  # steps; a loss that fell by less has not moved
ABOVE, RISEN = 1.5, 1.25  # test loss against train loss, and against its own best: more than the noise between two evaluations
MATTERS = 0.1  # of a guess's loss: two spirals learned to 0.015 are no worry, however much smaller the train loss is
LENIENT = 0.4  # of each margin above: what overfits goes on doing so until it is well below, or it would come and go with a batch's noise


def guessing(source: Source, charts: Charts) -> float:
    """The loss of always giving the classes' shares (their entropy, nats); for other losses than cross-entropy, the curve's first point."""
    if source.objective.loss == "cross_entropy":
        share = _shares(source)
        return float(-(share * np.log(share)).sum())
    return float(charts.train_loss[0]) if len(charts.train_loss) else float("inf")


def scatter(source: Source) -> float:
    """Standard deviation of a batch's mean loss around that of guessing; 0 for other losses than cross-entropy."""
    if source.objective.loss != "cross_entropy":
        return 0.0
    share = _shares(source)
    cost = -np.log(share)
    return float(np.sqrt(max((share * cost**2).sum() - (share * cost).sum() ** 2, 0.0) / source.batch_size))


def _shares(source: Source) -> np.ndarray:
    """Of each class that the training set has, as much as its weight lets it count; of data that are not there, all alike."""
    if source.playback is not None and source.playback.gone:
        return np.full(source.data.n_outputs, 1 / source.data.n_outputs)
    count = np.bincount(source.data.t_train[source.data.t_train >= 0]).astype(np.float64)
    weights = source.objective.weights
    count *= np.asarray(weights)[: len(count)] if weights else 1.0
    return count[count > 0] / count.sum()


def unscaled(data: DataSet, x_ni: np.ndarray) -> Finding | None:
    """Pixels of one picture share a unit, so their deviations may differ; columns of a table have units of their own.

    `x_ni`: rows of a training set that is too large to be read whole.
    """
    if data.tokens:  # numbers of tokens are names
        return None
    x_ni = data.x_train if data.x_train.size <= ALL else x_ni
    deviation = x_ni.std(0, dtype=np.float64)
    low, high = float(deviation[deviation > 0].min(initial=np.inf)), float(deviation.max(initial=0))
    if high <= LARGEST and not (data.feature_names and high > WIDEST * low):
        return None
    names = data.feature_names or tuple(f"input {k}" for k in range(len(deviation)))
    wide = names[int(deviation.argmax())]
    narrow = names[int(np.where(deviation > 0, deviation, np.inf).argmin())]
    rows = f", {part(len(x_ni), len(data.x_train))} rows" if len(x_ni) < len(data.x_train) else ""
    text = f"{high:.3g} ({wide}) down to {low:.2g} ({narrow})"
    how = f"Standard deviations in the training set{rows}: {text}. The large inputs dominate the small ones."
    return Finding("Inputs are not scaled", how, "Data: switch on Standardise.")


def hidden(topology: Topology) -> list[Node]:
    """All layers between input and output, in the order in which they are passed."""
    return [node for node in topology.order if node is not topology.input and node is not topology.output]


def symmetric(source: Source) -> list[Finding]:
    found = []
    for node in hidden(source.topology):
        if node.weight is None:
            continue
        w_oi = node.weight.view(source.tensors("parameter"))
        near = [source.ops.to_host(w_oi[row]) for row in (0, -1)]  # nearly always already different: 2 rows instead of all
        size = float(np.abs(near[0]).max())
        rows = len(w_oi)  # one for each neuron, or for each channel, whose places share it
        if rows < 2 or np.abs(near[1] - near[0]).max() > SAME * size:
            continue
        if np.abs(source.ops.to_host(w_oi) - near[0]).max() <= SAME * size:
            value = "all zero" if size == 0 else "the same in every row"
            name = inside(layer_name(source.topology, node.number))
            what = "channels" if node.axes[0] == "channel" else "neurons"
            how = f"The weights of the {rows:,} {what} of {name} are {value}, so all get the same gradient and remain identical."
            found.append(
                Finding(f"{what.capitalize()} of {name} are identical", how, "Start from random weights: choose another initialiser.")
            )
    return found


def neurons(name: str, activation: str, a_ni: np.ndarray, loss: float, guess: float) -> Finding | None:
    """Dead ReLUs of a hidden layer, or its saturated neurons while the loss is still high."""
    rows, width = a_ni.shape
    function = ACTIVATIONS[activation]
    if function.dies:
        dead = int((a_ni <= 0).all(0).sum())
        if dead < max(DEAD * width, 1):
            return None
        how = f"{dead:,} of {width:,} ReLUs (rectified linear units) in {name} give 0 for all {rows:,} samples: they cannot learn."
        remedy = "Use larger initial biases, a lower learning rate or leaky ReLU; then reset."
        return Finding(f"Dead ReLUs in {name}", how, remedy, share=dead / width)
    if function.saturates and loss > LEARNED * guess:
        low, high = function.saturates[0] + FLAT, function.saturates[1] - FLAT
        flat = (a_ni < low) | (a_ni > high)
        if flat.mean() > SATURATED:
            where = f"beyond ±{high:g}" if low == -high else f"below {low:g} or above {high:g}"
            share = percent(float(flat.mean()), 0)
            how = f"{share} of its activations for {rows:,} samples lie {where}, where {activation} is flat. The loss is {loss:.2g}."
            remedy = "Start with smaller weights, or scale the inputs down."
            return Finding(f"Saturated {activation} in {name}", how, remedy, share=float(flat.mean()))
    return None


def gradient(first: float, last: float, norm: float, first_norm: float) -> Finding | None:
    """From the rms of the first and last layers' weights' gradients, and its norm now and at the first check."""
    how = f"Root mean square of the gradient in the last batch: {first:.2g} in the first layer's weights, {last:.2g} in the last layer's."
    if first * RATIO < last:
        return Finding("The gradient vanishes", how, "Try tanh instead of sigmoid and a lower learning rate, or fewer layers; then reset.")
    if last * RATIO < first:
        how = f"{how[:-1]}: it grew {_times(first / last)}-fold on the way back." if last else how
        return Finding("The gradient explodes", how, "Start with smaller weights, or clip the norm of the gradient.")
    if norm > max(STEEP, GROWN * first_norm):
        how = f"The gradient of the last batch has the norm {norm:.3g}; at the first check it was {first_norm:.2g}."
        return Finding("The gradient grows", how, "Clip its norm, or lower the learning rate.")
    return None


def _times(ratio: float) -> str:
    """Three digits: "5,160,000"."""
    return f"{float(f'{ratio:.3g}'):,.0f}" if ratio < 1e12 else f"{ratio:.3g}"


def too_fast(
    charts: Charts, guess: float, diverged: int | None, recent: int, noise: float = 0.0, looks: Sequence[float] = ()
) -> Finding | None:
    """Steps that make it worse. `looks`, losses of the whole training set, decide where there are enough: no choice of a batch blurs them.
    Without them batches do, which may lie above what is usual by `NOISE` times `noise`, the deviation of a batch's mean."""
    remedy = "Lower the learning rate 3 to 10 times, then reset."
    if diverged is not None:
        return Finding("The learning rate is too high", f"At step {diverged:,} values overflowed 32-bit floating point (float32).", remedy)
    usual = WORSE * np.maximum(np.minimum.accumulate(charts.train_loss), guess)  # at each point: of the best so far, or of guessing
    usual = usual + NOISE * noise
    thrown = (charts.train_loss > usual)[-recent:]
    jumps = thrown.sum() >= JUMPS
    if len(looks) >= FEW:
        loss = np.asarray(looks, np.float64)
        best = np.maximum(np.minimum.accumulate(loss), guess)
        lost = loss.min() < LOST * guess and (loss[-FEW:] >= guess).all()  # it had learned, and knows nothing any more
        if (loss / best)[-LOOKS:].mean() < OVER and not lost:
            return None
        if not jumps:
            now = loss[-LOOKS:].mean()
            was = f"; it was {loss.min():.3g}" if lost else f"; it was {best[-1]:.3g}" if best[-1] > guess else ""
            how = f"The loss of the whole training set is {now:.3g} on average{was}"
            return Finding("The learning rate is too high", f"{how}; guessing gives {guess:.3g}. The steps overshoot the minimum.", remedy)
    if not jumps:
        return None
    peak = float(charts.train_loss[-recent:].max())
    how = f"{thrown.sum()} of the last {len(thrown)} points of the loss lie above {usual[-1]:.3g}, up to {peak:.3g}"
    return Finding("The learning rate is too high", f"{how}; guessing gives {guess:.3g}. The steps overshoot the minimum.", remedy)


def unmoved(charts: Charts, guess: float) -> Finding | None:
    """Not better than guessing, nor than it was. A plateau below that may be all that noisy data allow."""
    loss, quarter = charts.train_loss, len(charts.train_loss) // 4
    if quarter < 2 or charts.train_step[-1] - charts.train_step[0] < PATIENCE:
        return None
    before, now = (float(part.mean(dtype=np.float64)) for part in (loss[:quarter], loss[-quarter:]))
    if now < (1 - MOVED) * max(before, guess):
        return None
    how = f"Mean over the first quarter of the curve {before:.3g}, over the last {now:.3g}; guessing gives {guess:.3g}."
    return Finding("The loss does not decrease", how, "Raise the learning rate, or use more neurons or other features.")


def one_class(score: Score | None, names: tuple[str, ...], weighted: bool) -> Finding | None:
    """One frequent class is answered and the others hardly ever, so that the accuracy is that class's share.

    Where all classes are about equally frequent, a loss that does not move says the same.
    """
    if score is None or score.classes is None or np.count_nonzero(score.classes.count_c) < 2:
        return None
    c = score.classes
    k, rows = int(c.said_c.argmax()), int(c.count_c.sum())
    others = rows - int(c.count_c[k])
    rarely = int(c.said_c.sum() - c.said_c[k]) <= RARELY * others
    if not rarely or c.count_c[k] * np.count_nonzero(c.count_c) < UNEVEN * rows:
        return None
    worst = int(np.where(np.arange(len(c.count_c)) == k, -1, np.where(c.right_c <= RARELY * c.count_c, c.count_c, 0)).argmax())
    least = f'of "{names[worst]}" {percent(c.right_c[worst] / max(c.count_c[worst], 1))} are recognised'
    how = (
        f'"{names[k]}" is the answer to {c.said_c[k]:,} of {rows:,} samples, and {percent(c.count_c[k] / rows)} belong to that class, so '
        f"the accuracy of {percent(score.accuracy)} means little. Balanced accuracy {percent(score.balanced)}; {least}."
    )
    remedy = "Use more samples of the rare classes, other features, or more steps."
    title = "Always predicts one class" if c.said_c[k] == rows else "Nearly always predicts one class"
    return Finding(title, how, remedy if weighted else "Training: set Class weights to balanced. " + remedy)


def overfitting(charts: Charts, guess: float, known: bool = False) -> Finding | None:
    """Test loss well above train loss, and rising since its best while train loss went on falling. `known`: it was so at the last look."""
    if len(charts.test_loss) < 5:
        return None
    best, span = int(charts.test_loss.argmin()), 0.1 * float(charts.test_step[-1])
    lowest, now = float(charts.test_loss[best]), float(charts.test_loss[-max(3, len(charts.test_loss) // 10) :].mean(dtype=np.float64))

    def train_at(step: float) -> float:
        near = charts.train_loss[np.abs(charts.train_step - step) <= span]
        return float(np.median(near)) if len(near) else np.nan  # of Adam's rare spikes, one of 50 times the loss, a mean is a picture

    then, last = train_at(float(charts.test_step[best])), train_at(float(charts.test_step[-1]))
    ease = LENIENT if known else 1.0
    risen, above = 1 + ease * (RISEN - 1), 1 + ease * (ABOVE - 1)
    if not (now > max(risen * lowest, above * last, ease * MATTERS * guess) and last < (then * ABOVE if known else then)):
        return None
    how = f"Test loss {now:.3g}, train loss {last:.3g}. At step {charts.test_step[best]:,.0f} they were {lowest:.3g} and {then:.3g}."
    return Finding("Overfitting", how, "Use more data, fewer neurons, L2 regularisation or dropout; or stop at the best step.")
