"""The loss of the shown sample as a formula: what is taken of the outputs, and the number. LaTeX and plain text; no names from files."""

from __future__ import annotations

from nnviz3d.spec.moment import Outputs
from nnviz3d.ui.numbers import plain, tex


def formula(outputs: Outputs) -> tuple[str, str]:
    """(LaTeX, plain text) of L without its value; a class weight multiplies each side."""
    latex, text = _formula(outputs)
    if outputs.class_weight is None:
        return latex, text
    sides = latex.split(" = ")[1:], text.split(" = ")[1:]
    c = tex(outputs.class_weight), plain(outputs.class_weight)
    return (
        " = ".join(["L", *(rf"{c[0]}\cdot\left({side}\right)" for side in sides[0])]),
        " = ".join(["L", *(f"{c[1]} · ({side})" for side in sides[1])]),
    )


def _formula(outputs: Outputs) -> tuple[str, str]:
    n, p = outputs.total, outputs.p
    one = n == 1
    a, y = "p" if outputs.probability else "a", tex(float(outputs.target_k[0]))
    match outputs.loss:
        case "cross_entropy":
            return rf"L = -\ln p_{{{outputs.label}}} = -\ln {tex(p)}", f"L = −ln p_{outputs.label} = −ln {plain(p)}"
        case "bce" if one and outputs.target_k[0] in (0, 1):
            if outputs.target_k[0]:
                return rf"L = -\ln p = -\ln {tex(p)}", f"L = −ln p = −ln {plain(p)}"
            return rf"L = -\ln(1-p) = -\ln(1-{tex(p)})", f"L = −ln(1 − p) = −ln(1 − {plain(p)})"
        case "bce":
            each = r"y_k\ln p_k+(1-y_k)\ln(1-p_k)"
            return rf"L = -\frac{{1}}{{{n}}}\sum_k\left[{each}\right]", f"L = −1/{n} Σ [y ln p + (1 − y) ln(1 − p)]"
        case "mse" if one:
            return rf"L = (a-y)^2 = ({tex(p)}-{_bracketed(y)})^2", f"L = (a − y)² = ({plain(p)} − {_bracketed(y)})²"
        case "mse":
            return rf"L = \frac{{1}}{{{n}}}\sum_k({a}_k-y_k)^2", f"L = 1/{n} Σ ({a} − y)²"
        case "half_mse" if one:
            return rf"L = \frac{{1}}{{2}}({tex(p)}-{_bracketed(y)})^2", f"L = ½ ({plain(p)} − {_bracketed(y)})²"
        case "half_mse":
            return rf"L = \frac{{1}}{{2}}\sum_k({a}_k-y_k)^2", f"L = ½ Σ ({a} − y)²"
        case "huber":
            return _huber(outputs)
    return "L", "L"


def _huber(outputs: Outputs) -> tuple[str, str]:
    d = outputs.huber_delta
    if outputs.total > 1:
        return rf"L = \frac{{1}}{{{outputs.total}}}\sum_k h(a_k-y_k)", f"L = 1/{outputs.total} Σ h(a − y)"
    if abs(outputs.p - outputs.target_k[0]) <= d:
        return r"L = \frac{1}{2}(a-y)^2", "L = ½ (a − y)²"
    return rf"L = {tex(d)}\left(|a-y|-\frac{{{tex(d)}}}{{2}}\right)", f"L = {plain(d)} (|a − y| − {plain(d / 2)})"


def _bracketed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


WORDS = {
    "cross_entropy": "Cross-entropy: minus the logarithm of the share that the network gives to the right class. 0 is perfect.",
    "bce": "Binary cross-entropy: minus the logarithm of the share that each output gives to its target, averaged. 0 is perfect.",
    "mse": "Mean squared error: the mean of (output − target)². 0 is perfect.",
    "half_mse": "Half the squared error, summed over the outputs. 0 is perfect.",
    "huber": "Huber loss: h(e) = e²/2 for small errors, linear for large ones, averaged over the outputs. 0 is perfect.",
}
