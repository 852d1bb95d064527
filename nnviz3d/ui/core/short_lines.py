"""Lines of numbers that panels and the controls over the stage both show."""

from __future__ import annotations

from nnviz3d.spec.number_text import count, percent, plain, short
from nnviz3d.spec.readout import NetworkReading, ParameterReading


def network_line(n: NetworkReading) -> str:
    """ "A: loss 0.083, test 97.2 %"."""
    if n.diverged is not None:
        return f"{n.name}: diverged at step {count(n.diverged)}"
    if n.test_accuracy is not None:
        test = f", test {percent(n.test_accuracy)}"
    else:
        rmse = f", test RMSE {n.error.text(n.test_loss)}" if n.error is not None and n.test_loss is not None else ""
        test = f"{rmse}, test loss {short(n.test_loss)}"
    test = f"{test} {n.scores.tested(n.step)}".rstrip() if n.test_loss is not None else ""
    return f"{n.name}: loss {short(n.loss)}{test}"


def moved(e: ParameterReading) -> str:
    """The last step's gradient and change, as far as they are known."""
    parts = [f"gradient {plain(e.gradient)}"] if e.gradient is not None and e.there("gradient") else []
    parts += [f"last change {plain(e.change, sign=True)}"] if e.change is not None and e.there("update") else []
    return "     ".join(parts)
