"""The sections of the dock: in which group each stands, by which words it is found, and why one can do nothing for what is open.

One rule for all: a section that cannot do anything for this network is greyed in its place and says why; nothing is moved or taken away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.strings import HINTS
from nnviz3d.ui.panels import convolution

GROUPS: dict[str, tuple[str, ...]] = {
    "Training": ("Charts", "Confusion matrix", "Layers", "Health", "Training"),
    "Network": ("Network", "Outline", "Convolution", "Edit by hand", "Neuron"),
    "Data and samples": ("Data", "Samples", "Draw", "Prompt"),
    "Explain": ("Attention", "Saliency", "Strongest inputs", "Tracing"),
    "Explore": ("Representations", "Pruning", "Ablation"),
    "Compare and keep": ("Compare", "Moments"),
    "Appearance": ("Look", "Settings", "Performance"),
}
GROUP_OF = {title: group for group, titles in GROUPS.items() for title in titles}
SYNONYMS: dict[str, str] = {
    "Charts": "loss accuracy curve plot error metric",
    "Confusion matrix": "classes mistakes errors recall precision",
    "Layers": "histogram distribution statistics gradient norm activations weights",
    "Health": "diagnosis problems dead neurons vanishing exploding overfitting warning",
    "Training": "optimiser optimizer hyperparameters sgd adam learning rate stop early stopping regularisation",
    "Network": "architecture layers model neurons add layer activation function",
    "Outline": "tree parts blocks structure navigation",
    "Convolution": "kernel filter cnn window padding stride dilation",
    "Edit by hand": "weight bias freeze kill lock change",
    "Neuron": "equation formula inspector unit edge layer matrix backpropagation",
    "Data": "data set dataset file csv features noise augmentation",
    "Samples": "examples rows browser wrong images thumbnails",
    "Draw": "drawing pad own picture sketch paint digit image",
    "Prompt": "tokens text generate temperature top-k top-p next token language",
    "Attention": "heads transformer query key value softmax arcs",
    "Saliency": "attribution gradient heat map explanation importance",
    "Strongest inputs": "maximally activating top activations channel",
    "Tracing": "paths why contributions reach influence",
    "Representations": "embedding projector cloud pca t-sne tsne latent code",
    "Pruning": "sparsity remove weights compress",
    "Ablation": "kill switch off lesion channel head",
    "Compare": "second network A B side by side difference",
    "Moments": "snapshot keep bookmark checkpoint rewind",
    "Look": "camera glow edges labels plate picture style appearance",
    "Settings": "preferences language text size colour blind palette motion panel width",
    "Performance": "frame time speed fps gpu timing",
}
# settings of the scene -> the section that changes them; those of the bars at the stage's edge are not in the dock
_BY_TABLE = {"data": "Data", "train": "Training", "network": "Network", "view": "Look", "look": "Look"}
_ELSEWHERE = {"data.side": "Convolution", "view.plate_x": "Data", "view.plate_y": "Data", "look.compare": "Compare",
              "look.palette": "Settings", "look.ui_scale": "Settings"}  # fmt: skip
_ON_BARS = {"look.weights", "look.exaggeration"}
SETTINGS: dict[str, str] = {
    path: _ELSEWHERE.get(path, _BY_TABLE[path.partition(".")[0]]) for path in HINTS if path not in _ON_BARS
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One collapsing section."""

    title: str
    icon: str
    hint: str
    open: bool
    draw: Callable[[Frame], None]


@dataclass(frozen=True)
class SectionsFound:
    """A section, or one of its settings (`path`), that a search has found."""

    name: str
    section: str
    path: str = ""


def search(query: str, sections: list[Section]) -> list[SectionsFound]:
    """What has every word of the query, the best first: names that begin with it, then names, then synonyms and explanations."""
    words = query.lower().split()
    if not words:
        return []
    ranked: list[tuple[int, SectionsFound]] = []
    for section in sections:
        texts = section.title, f"{section.title} {SYNONYMS[section.title]}", f"{section.hint} {GROUP_OF[section.title]}"
        ranked.append((_rank(words, *texts), SectionsFound(section.title, section.title)))
    for path, title in SETTINGS.items():
        name, hint = HINTS[path]
        ranked.append((_rank(words, name, f"{name} {path.replace('_', ' ')}", f"{hint} {title}") + 1, SectionsFound(name, title, path)))
    return [found for rank, found in sorted(ranked, key=lambda pair: pair[0]) if rank < _NOT]


_NOT = 100


def _rank(words: list[str], name: str, known: str, explained: str) -> int:
    name, known, explained = name.lower(), known.lower(), f"{known} {explained}".lower()
    if all(any(part.startswith(word) for part in name.split()) for word in words):
        return 0 if name.startswith(words[0]) else 2
    if all(any(part.startswith(word) for part in known.split()) for word in words):
        return 4
    return 6 if all(len(word) > 2 and word in explained for word in words) else _NOT


def blocked(f: Frame, title: str) -> str:
    """Why a section can do nothing for the network that is open, or ""."""
    reason = _BLOCKS.get(title)
    return reason(f) if reason is not None else ""


def _data(f: Frame) -> str:
    return f.readout.reasons.data


def _rows(f: Frame) -> str:
    """The rows of a recording whose data are missing are spoken of by the panel."""
    return f.readout.reasons.data if f.readout.recording is None else ""


def _classes(f: Frame) -> str:
    return _rows(f) or ("" if f.readout.sample_right is not None else "Only for data with classes; this network predicts numbers.")


def _play(f: Frame) -> str:
    return f.readout.reasons.play


def _settings(f: Frame) -> str:
    watched = "The loop trains by its own settings, which it does not send; what it reports stands in the title."
    return _play(f) or (watched if f.readout.watched is not None else "")


def _tokens(f: Frame) -> bool:
    axes = f.readout.topology.input.axes
    return "token" in axes and "feature" not in axes


def _prompt(f: Frame) -> str:
    """A model without data may still be asked; where it cannot be, the panel knows."""
    return "" if _tokens(f) else "The inputs of this network are not tokens, so there is no prompt."


def _picture(f: Frame) -> str:
    node = f.readout.topology.input
    if node.axes[-2:] != ("row", "column") or (len(node.shape) > 2 and node.shape[0] != 1):
        return "The inputs of this network are not pictures of one channel, so nothing can be drawn."
    return f.readout.reasons.data


def _saliency(f: Frame) -> str:
    return "The inputs are numbers of tokens, which cannot be changed a little: there is no gradient of them." if _tokens(f) else ""


def _attention(f: Frame) -> str:
    heads = any(node.kind == "softmax" and "head" in node.axes for node in f.readout.topology.nodes)
    return "" if heads else "This network has no attention: no softmax over scores of queries and keys."


def _convolution(f: Frame) -> str:
    return "" if convolution.layers(f.scene) else "This network has no layer that looks through windows."


def _hidden(f: Frame) -> str:
    return "" if len(f.readout.topology.nodes) > 2 else "This network has no hidden layer."


def _compare(f: Frame) -> str:
    return f.readout.reasons.compare if f.readout.compare is None else ""


def _moments(f: Frame) -> str:
    return f.readout.reasons.keep if not f.readout.moments.kept else ""


_BLOCKS: dict[str, Callable[[Frame], str]] = {
    "Charts": _play, "Training": _settings, "Confusion matrix": _classes, "Convolution": _convolution, "Data": _rows, "Samples": _rows,
    "Draw": _picture, "Prompt": _prompt,
    "Attention": _attention,
    "Saliency": _saliency, "Strongest inputs": _rows, "Representations": _data, "Pruning": _data,
    "Ablation": _hidden, "Compare": _compare, "Moments": _moments,
}  # fmt: skip
