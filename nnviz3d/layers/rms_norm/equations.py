"""z = scale a / root of the mean square, over the values of a sample or token. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.row_norm_equations import RowNormEquations


class RmsNormEquations(RowNormEquations):
    centred = False
    spread = r"\rho"
    returns = "The error of the next layer, without its part along the normalised values"

    def symbols(self, a: str, index: int | str = "") -> str:
        scale = rf"\gamma_{{{index}}}" if index != "" else r"\gamma"
        return rf"{scale}\,\frac{{{a}}}{{{self.spread}}}"

    def of(self, letters: list[str]) -> str:
        return rf"\gamma\,\hat{{{letters[0][0]}}}{letters[0][1:]}"


EQUATIONS = RmsNormEquations()
