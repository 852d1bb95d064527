"""One scale for two networks, so that equal brightness is an equal number in both. Pure arithmetic over two pictures' own scales."""

from __future__ import annotations

import numpy as np

from nnviz3d.bridge import edge_metrics
from nnviz3d.bridge.network_columns import Picture


def share(first: Picture, second: Picture, look) -> bool:
    """Bring both pictures to common scales after either was published: layer by layer where both have as many, else over the whole network.

    Returns whether layers are compared one by one.
    """
    paired = len(first.choice.bright) == len(second.choice.bright)
    brights = [picture.choice.bright for picture in (first, second)]
    if paired and look.scale == "local":
        bright = np.maximum(*brights)
        tops = [bright, bright]
    else:
        peak = max(bright.max(initial=0.0) for bright in brights)
        tops = [np.full(len(bright), peak) for bright in brights]
    energies = [picture.choice.pair_energies(top) for picture, top in zip((first, second), tops, strict=True)]
    # the brighter network is as bright as it would be alone; a gain of its own would make the fainter one as bright as that
    if paired:
        gains = [np.array([edge_metrics.gain(float(energy)) for energy in np.maximum(*energies)])] * 2
    else:
        gains = [np.full(len(energy), edge_metrics.gain(max(float(energy.mean()) for energy in energies))) for energy in energies]
    layers = _layers([picture.layer_scales[:, 0] for picture in (first, second)])
    for picture, top, gain, scale in zip((first, second), tops, gains, layers, strict=True):
        picture.rescale(top, gain, scale)
    return paired


def _layers(scales: list[np.ndarray]) -> list[np.ndarray]:
    """The smaller of the two (the larger activation counts as full), 0 for silence; of hidden layers that have no partner, their own.

    Inputs correspond to inputs and outputs to outputs.
    """
    a, b = (scale.copy() for scale in scales)
    inner = min(len(a), len(b)) - 1
    places = [(k, k) for k in range(inner)] + [(len(a) - 1, len(b) - 1)]
    for i, j in places:
        known = [x for x in (a[i], b[j]) if x > 0]
        a[i] = b[j] = min(known, default=0.0)
    return [a, b]
