"""The loss of the shown sample as a formula: what is taken of the outputs, and the number. LaTeX and plain text; no names from files."""

from __future__ import annotations

import math

from nnviz3d.spec.number_text import MINUS, plain, tex
from nnviz3d.spec.step_annotations import Outputs


def formula(outputs: Outputs) -> tuple[str, str]:
    """(LaTeX, plain text) of L without its value; a class weight multiplies each side."""
    c = outputs.class_weight
    if c is None:
        return _formula(outputs, outputs.loss_before)
    if c == 0:
        return "L", "L"
    latex, text = _formula(outputs, outputs.loss_before / c)
    sides = latex.split(" = ")[1:], text.split(" = ")[1:]
    return (
        " = ".join(["L", *(rf"{tex(c)}\cdot\left({side}\right)" for side in sides[0])]),
        " = ".join(["L", *(f"{plain(c)} · ({side})" for side in sides[1])]),
    )


def _formula(outputs: Outputs, loss: float) -> tuple[str, str]:
    """`loss`: of the sample, before a class weight."""
    n, p = outputs.total, outputs.p
    if any(unit.scaled for unit in outputs.units):
        return _scaled(outputs)
    one = n == 1
    a, y = "p" if outputs.probability else "a", tex(float(outputs.target_k[0]))
    match outputs.loss:
        case "cross_entropy":
            latex, text = _probability(p, loss)
            k = outputs.label % n  # of a sequence: among the outputs of its token
            return rf"L = -\ln p_{{{k}}} = -\ln {latex}", f"L = −ln p_{k} = −ln {text}"
        case "bce" if one and outputs.target_k[0] in (0, 1):
            if outputs.target_k[0]:
                latex, text = _probability(p, loss)
                return rf"L = -\ln p = -\ln {latex}", f"L = −ln p = −ln {text}"
            latex, text = _probability(math.exp(-loss), loss)  # 32 bits hold few digits of 1 − p
            return rf"L = -\ln(1-p) = -\ln {latex}", f"L = −ln(1 − p) = −ln {text}"
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


UNDERFLOW, NEAR_ONE = 85.0, 5e-3  # losses: beyond e^-87 32 bits hold no p; below the other the digits of p say nothing of its distance to 1


def _probability(p: float, loss: float) -> tuple[str, str]:
    """(LaTeX, plain text) of the probability whose −ln is the loss: where p's own digits do not tell it, made of the loss, which is worked
    out without p."""
    if loss > UNDERFLOW:
        power = f"{loss:.2f}"
        return rf"e^{{-{power}}}", f"e^(−{power})"
    if 0 < loss < NEAR_ONE:
        rest = -math.expm1(-loss)
        return rf"(1 - {tex(rest)})", f"(1 − {plain(rest)})"
    return tex(p), plain(p)


def _scaled(outputs: Outputs) -> tuple[str, str]:
    """Of standardised targets: outputs and targets in their own unit, errors divided by the target's deviation s."""
    n, d, unit = outputs.total, outputs.huber_delta, outputs.units[0]
    far = outputs.loss == "huber" and abs(outputs.p - outputs.target_k[0]) > d
    if n > 1:
        error = r"\frac{\hat{y}_k-y_k}{s_k}"
        if outputs.loss == "huber":
            return rf"L = \frac{{1}}{{{n}}}\sum_k h\left({error}\right)", f"L = 1/{n} Σ h((ŷ − y) / s)"
        share, text = (r"\frac{1}{2}", "½") if outputs.loss == "half_mse" else (rf"\frac{{1}}{{{n}}}", f"1/{n}")
        return rf"L = {share}\sum_k\left({error}\right)^2", f"L = {text} Σ ((ŷ − y) / s)²"
    said, wanted = (unit.text(float(unit.own(value))).replace("-", MINUS) for value in (outputs.before_k[0], outputs.target_k[0]))
    wanted, s = _bracketed(wanted, MINUS), unit.error(unit.deviation)
    error = rf"\frac{{{_latex(said)}-{_latex(wanted)}}}{{{_latex(s)}}}"
    if far:
        latex = rf"L = {tex(d)}\left(\left|{error}\right|-\frac{{{tex(d)}}}{{2}}\right)"
        return latex, f"L = {plain(d)} (|{said} − {wanted}| / {s} − {plain(d / 2)})"
    share, text = ("", "") if outputs.loss == "mse" else (r"\frac{1}{2}", "½ ")
    return rf"L = {share}\left({error}\right)^2", f"L = {text}(({said} − {wanted}) / {s})²"


def _latex(number: str) -> str:
    """A number of ours, with its thousands parted."""
    mantissa, _, exponent = number.replace(MINUS, "-").replace(",", "{,}").partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _huber(outputs: Outputs) -> tuple[str, str]:
    d = outputs.huber_delta
    if outputs.total > 1:
        return rf"L = \frac{{1}}{{{outputs.total}}}\sum_k h(a_k-y_k)", f"L = 1/{outputs.total} Σ h(a − y)"
    if abs(outputs.p - outputs.target_k[0]) <= d:
        return r"L = \frac{1}{2}(a-y)^2", "L = ½ (a − y)²"
    return rf"L = {tex(d)}\left(|a-y|-\frac{{{tex(d)}}}{{2}}\right)", f"L = {plain(d)} (|a − y| − {plain(d / 2)})"


def _bracketed(number: str, minus: str = "-") -> str:
    return f"({number})" if number.startswith(minus) else number


WORDS = {
    "cross_entropy": "Cross-entropy: minus the logarithm of the probability that the network assigns to the correct class. 0 is perfect.",
    "bce": "Binary cross-entropy: minus the logarithm of the probability that each output assigns to its target, averaged. 0 is perfect.",
    "mse": "Mean squared error (MSE): the mean of (output − target)². 0 is perfect.",
    "half_mse": "Half the squared error, summed over the outputs. 0 is perfect.",
    "huber": "Huber loss: h(e) = e²/2 for small errors, linear for large ones, averaged over the outputs. 0 is perfect.",
}
