"""Principal components of many rows, and the rotation that lays a cloud of points onto an earlier one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXACT = 600  # features up to which all rows decide the axes; of more, so many evenly spaced rows do: a matrix of that side is solved


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """`axes` (size, 3): orthonormal columns, zeros where there are fewer dimensions; `mean` (size,); `share_3`: of the variance of all rows
    that each axis shows."""

    mean: np.ndarray
    axes: np.ndarray
    share_3: np.ndarray

    def apply(self, a_rn: np.ndarray) -> np.ndarray:
        """(r, 3) float64."""
        return (a_rn - self.mean) @ self.axes


def components(a_rn: np.ndarray) -> PrincipalAxes:
    """The three axes of largest variance of rows (r, size), each pointing to where its largest entry is positive."""
    a = np.nan_to_num(np.asarray(a_rn, np.float64))
    mean = a.mean(0) if len(a) else np.zeros(a.shape[1])
    centred = a - mean
    size, axes = centred.shape[1], np.zeros((centred.shape[1], 3))
    if len(a) > 1:
        if size <= EXACT:
            values, vectors = np.linalg.eigh(centred.T @ centred)
        else:
            some = centred[:: -(-len(centred) // EXACT)]
            values, rows = np.linalg.eigh(some @ some.T)
            vectors = some.T @ rows
        for k in range(min(3, len(values))):
            axis = vectors[:, -1 - k]
            length = float(np.linalg.norm(axis))
            if values[-1 - k] > 1e-12 * max(float(values[-1]), 1e-30) and length > 0:
                axes[:, k] = axis / length * (1 if axis[np.abs(axis).argmax()] >= 0 else -1)
    total = float((centred * centred).sum())
    shown = np.square(centred @ axes).sum(0)
    return PrincipalAxes(mean, axes, shown / total if total > 0 else np.zeros(3))


def rotation_onto(x_r3: np.ndarray, y_r3: np.ndarray) -> np.ndarray:
    """(3, 3) orthogonal R with x R as near as can be to y (Procrustes): distances inside the cloud stay as they are."""
    u, _, vt = np.linalg.svd(x_r3.T @ y_r3)
    return u @ vt
