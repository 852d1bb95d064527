"""The numbers behind a tour's texts: each placeholder of `spec.tour.VALUES`, read from the tape or from training, as it is printed.

Every number is the value itself, rounded to the printed digits, written as the language writes it. What is not known now is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.layers import edge_lookup
from nnviz3d.spec.i18n import Catalogue
from nnviz3d.spec.number_text import count, pair_plain, percent, plain, short
from nnviz3d.spec.parameter_ref import own_parameter
from nnviz3d.spec.tour_reading import END, NUMBER

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session
    from nnviz3d.engine.tape import Tape
    from nnviz3d.sources.walk import Walk
    from nnviz3d.spec.topology import Node, Topology

NBSP = "\u00a0"  # a number and its unit stay on one line
SIGNS = {"blue_orange": ("blue", "orange"), "safe": ("blue", "yellow")}  # what the palettes' colours are called, in the catalogues


def values(session: Session, catalogue: Catalogue, neuron: int, edge: int, factor: float) -> dict[str, str]:
    """Every value that is known now, as the catalogue's language writes it and marked as a live number. `neuron`: the one the text speaks
    of, or -1; `edge`: a parameter of it, or -1; `factor`: by which differences of weights are drawn."""
    words = numbers(session, neuron, edge) | ({"factor": count(round(factor))} if session.walking is not None else {})
    shown = {name: f"{NUMBER}{catalogue.number(text).replace(' ', NBSP)}{END}" for name, text in words.items()}
    if session.walking is None:
        shown["truth"] = f"{NUMBER}{session.seen.sample.label}{END}"
    else:
        shown |= _answers(session.walking.walk, catalogue)
    for name, word in zip(("positive", "negative"), SIGNS[session.shown_scene.look.palette], strict=True):
        shown[name] = catalogue.texts[f"colours.{word}"]
    return shown | {"rise": catalogue.texts["colours.pink"], "fall": catalogue.texts["colours.green"]}


def plain_values(session: Session, neuron: int = -1) -> dict[str, str]:
    """The same in plain English, for captions; the names are `CAPTION`."""
    walk = session.walking.walk if session.walking is not None else None
    said, _right = session.pictured.answer() if walk is None else walk.said(walk.view.renewed)
    return numbers(session, neuron, -1) | {"truth": session.seen.sample.label, "said": said}


CAPTION = frozenset({
    "inputs", "units", "classes", "parameters", "weights", "batch", "test_count", "step", "loss", "accuracy", "tested", "loss_before",
    "loss_after", "p", "share", "output_error", "z", "activation", "error", "bias", "truth", "said",
})  # fmt: skip


def numbers(session: Session, neuron: int, edge: int) -> dict[str, str]:
    """The numbers alone, as English writes them."""
    source, topology = session.source, session.source.topology
    words = {
        "inputs": count(topology.input.size),
        "units": count(topology.nodes[1].size),
        "classes": count(topology.output.size),
        "parameters": count(topology.n_learned),
        "weights": count(topology.n_weights),
        "batch": count(source.batch_size),
        "test_count": _tested(session),
        "step": count(source.step),
    }
    if source.loss == source.loss:
        words["loss"] = short(float(source.loss))
    if session.scores.test_accuracy is not None:
        words["accuracy"] = percent(session.scores.test_accuracy)
        words["tested"] = count(session.scoring.step)
    if session.walking is not None:
        words |= _of_tape(session.walking.walk.tape, neuron, edge)
    return words


def _tested(session: Session) -> str:
    """How many samples of the test set a share is of: "359"; "2,000 of 60,000" where not all were looked at."""
    test, whole = session.scores.test, len(session.source.data.x_test)
    return count(whole) if test is None or test.whole else f"{count(test.rows)} of {count(test.of)}"


def _of_tape(tape: Tape, neuron: int, edge: int) -> dict[str, str]:
    words = {"loss_before": plain(tape.old.loss), "loss_after": plain(tape.new.loss)} | _of_the_truth(tape)
    if neuron >= 0:
        node, j = tape.topology.locate(neuron)
        words |= {"groups": count(node.groups), "terms": count(_terms(tape.topology, node, j))}
        z, a, delta = (float(x[neuron]) for x in (tape.old.z, tape.old.a, tape.old.delta))
        words |= {"z": plain(z), "activation": plain(a), "error": plain(delta)}
        if node.bias is not None and (own := own_parameter(node, node.bias, j)) is not None:
            words["bias"] = short(float(tape.before[own]))
    if edge >= 0:
        found = edge_lookup.edge_of(tape.topology, edge)
        a = 1.0 if found is None else float(tape.old.a[edge_lookup.ends(tape.topology, found)[0]])
        w, new = float(tape.before[edge]), float(tape.after[edge])
        words |= {"weight": short(w), "input": plain(a), "term": short(w * a), "gradient": plain(float(tape.sample_gradient[edge]))}
        words["weight_before"], words["weight_after"] = pair_plain(w, new)
    return words


def _of_the_truth(tape: Tape) -> dict[str, str]:
    """The probability of the right class and its output's error. A sequence has a right answer for each token that is asked for: the
    geometric mean of their probabilities, of which the loss is −ln as of a single one, and the mean of their errors."""
    output, target_t = tape.topology.output, np.ravel(np.asarray(tape.target))
    if not tape.objective.classes:
        return {}
    asked_t = np.flatnonzero(target_t >= 0)
    if not len(asked_t):
        return {}
    right_t = output.neurons.start + asked_t * output.shape[-1] + target_t[asked_t].astype(np.int64)
    p_t, error_t = tape.old.a[right_t].astype(np.float64), tape.old.delta[right_t].astype(np.float64)
    p = float(p_t[0]) if len(p_t) == 1 else float(np.exp(np.log(np.maximum(p_t, 1e-300)).mean()))
    return {"p": plain(p), "share": percent(p), "output_error": plain(float(error_t.mean()))}


def _terms(topology: Topology, node: Node, j: int) -> int:
    """How many cells neuron `j` of a node reads."""
    return sum(len(edge_lookup.edges_of(c).into(c, j)) for c in topology.into(node))


def _answers(walk: Walk, catalogue: Catalogue) -> dict[str, str]:
    """The answers and the truth, as the header says them: a class, and its share."""
    words = {"truth": walk.sample.label}
    for ending, verdict in (("", walk.said(False)[0]), ("_after", walk.said(True)[0])):
        name, opened, share = verdict.rpartition(" (")
        words[f"said{ending}"] = name if opened else verdict
        if opened:
            words[f"share_said{ending}"] = catalogue.number(share.rstrip(")")).replace(" ", NBSP)
    return {name: f"{NUMBER}{text}{END}" for name, text in words.items()}
