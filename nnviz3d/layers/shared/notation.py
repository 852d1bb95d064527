"""Letters of the equations as LaTeX, by the number of their node; how neurons are called in words.

They are coloured as what they stand for is in the picture: activations warm, the error in its own colour. Which colours these are, the
screen knows: here they are called `a` and `d`.
"""

from __future__ import annotations


def ink(symbol: str, kind: str) -> str:
    """A letter in its colour. `kind`: a activation, d error."""
    return rf"\textcolor{{{kind}}}{{${symbol}$}}"


def _placed(letter: str, node: int, index: int | str) -> str:
    return rf"{letter}^{{[{node}]}}" + (rf"_{{{index}}}" if index != "" else "")


def a_(node: int, index: int | str = "") -> str:
    """The activations of a node, by its number; of one neuron of it."""
    return ink(_placed("a", node, index), "a")


def delta_(node: int, index: int | str = "") -> str:
    return ink(_placed(r"\delta", node, index), "d")


def z_(node: int, index: int | str = "") -> str:
    return _placed("z", node, index)


def called(labels: tuple[str, ...], index: int) -> str:
    """The name of a neuron, "" where it has none or is called by its number anyway."""
    name = str(labels[index]) if index < len(labels) else ""
    return "" if name == str(index) else name
