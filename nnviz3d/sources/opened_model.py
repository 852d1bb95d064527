"""A model that was opened from its files and is run by our own kinds: any sequence of its tokens can be passed through it.

Its parameters stay in the files until a node needs them; then they are read into the arena, once. There are no gradients and no optimiser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data.dataset import DataSet, Tokenizer
from nnviz3d.engine.next_token import window
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.staged_pass import StagedPass
from nnviz3d.formats.language_models.builder import Built
from nnviz3d.formats.tensors.files import TensorFiles
from nnviz3d.sources.opened import OpenedGraph
from nnviz3d.sources.still import StillSource
from nnviz3d.sources.viewable import OWN, Array, Sample
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.reasons import MODEL
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Node

AT_ONCE = 8  # pieces of a pass in a frame at least: somebody waits for the answer
NO_CONFIG = "without a config.json it is not known how these tensors work together"
BY_NAMES = (
    "The picture shows the structure that the names tell, and samples of the numbers; what is computed with them is not shown: lines only "
    "lead from one name to the next."
)


class OpenedModel(StillSource):
    """`words`: what its tokens are called; `tokenizer`: None where they are typed as numbers. `prompt`: what is asked first. `notes`:
    what to know of it, in words."""

    runs = True
    reasons = MODEL

    def __init__(
        self,
        built: Built,
        files: TensorFiles,
        ops: Ops,
        title: str,
        words: tuple[str, ...],
        tokenizer: Tokenizer | None,
        prompt: str,
        notes: tuple[str, ...] = (),
    ):
        super().__init__(built.topology, ops, Scene(title=title[:200]))
        self._built, self._files, self.base = built, files, files.path if files.path.is_dir() else files.path.parent
        self.objective = Objective("", "softmax", len(words), tokens=True)
        self.data = _no_rows(title, built.topology.input.size, words, tokenizer, notes)
        self._parameter_p = ops.zeros(built.topology.n_parameters)
        self._pass = StagedPass(ops, built.topology, self.objective, self._parameter_p, self._read)
        self._pieces: Iterator[None] | None = None
        self._passed = False  # some prompt has been worked out
        self.prompt = prompt
        self.show_own(np.zeros(built.topology.input.size, np.float32), "")

    def tensors(self, kind: str) -> Array | None:
        if kind == "parameter":
            return self._parameter_p
        if kind == "z":
            return self._pass.z if self._passed else None
        return self._pass.activation if kind == "activation" else None

    def show_own(self, x_i: np.ndarray, label: str) -> None:
        """A sequence (T,), whose numbers are worked out by `advance`, or at once by `show`."""
        self.sample = Sample(0, 1, OWN, np.asarray(x_i, np.float32), None, label)
        self._pieces = self._pass.pieces(self.sample.x)

    def show(self) -> None:
        """Finish what is being worked out."""
        self.advance(None)

    def showing(self) -> Iterator[None]:
        while self._pieces is not None:
            self.advance(lambda: False)
            yield

    def advance(self, more: Callable[[], bool] | None, steps: int | None = None) -> int:
        """Go on with what is being worked out, by `AT_ONCE` pieces at least, while `more()`; None: to its end."""
        if self._pieces is None:
            return 0
        for done, _ in enumerate(self._pieces, 1):
            if more is not None and done >= AT_ONCE and not more():
                return 0
        self._pieces, self._passed = None, True
        self.version = next(self._versions)
        return 0

    def logits(self, ids_t: np.ndarray) -> np.ndarray:
        """(T, V) float32 of the next token at each of at most as many tokens as the model was opened for. What is shown changes with it.
        Raises ValueError for other numbers."""
        ids, (tokens, vocabulary) = np.asarray(ids_t), self.topology.output.shape
        if ids.ndim != 1 or not 0 < len(ids) <= tokens or not np.issubdtype(ids.dtype, np.integer):
            raise ValueError(f"1 to {tokens:,} numbers of tokens are needed; found an array of shape {ids.shape}")
        if ids.min() < 0 or ids.max() >= vocabulary:
            raise ValueError(f"numbers of tokens are whole, from 0 to {vocabulary - 1:,}")
        self.show_own(window(ids, tokens)[0].astype(np.float32), "")
        self.show()
        z_n = self.ops.to_host(self._pass.z[self.topology.output.neurons.slice])
        return np.array(z_n).reshape(tokens, vocabulary)[: len(ids)]

    def _read(self, node: Node) -> Iterator[None]:
        """Its parameters from the files into the arena. Raises InputError where numbers are not finite."""
        for part, place in node.parameters:
            piece = self._built.pieces.get((node.number, part))
            if piece is None:
                continue
            for inside, values in piece.stretches(self._files):
                if not np.isfinite(np.vdot(values, values)) and not np.isfinite(values).all():
                    count = int(np.count_nonzero(~np.isfinite(values)))
                    raise InputError(Problem(str(self._files.path), piece.tensor, f"{count:,} values are not finite in float32"))
                self.ops.write(values, place.view(self._parameter_p)[inside])
                yield
            self._files.release(piece.tensor)


def _no_rows(title: str, tokens: int, words: tuple[str, ...], tokenizer: Tokenizer | None, notes: tuple[str, ...]) -> DataSet:
    none = np.zeros((0, tokens), np.float32)
    places = tuple(f"token {k + 1}" for k in range(tokens))
    return DataSet(
        title, "classification", (tokens,), none, none.astype(np.int32), none, none.astype(np.int32), words, places, notes=notes,
        axes=("token",), tokenizer=tokenizer,
    )  # fmt: skip


def open_folder(path: Path, ops: Ops) -> StillSource:
    """Of a folder with a `config.json`: the model, where its architecture is run here; else the structure that its names tell, which says
    why. Raises InputError."""
    from nnviz3d.formats.language_models import folder as model_folder

    reason = model_folder.refusal(path)
    return open_tensors(path, ops, reason) if reason else open_model(path, ops)


def open_tensors(path: Path, ops: Ops, reason: str = NO_CONFIG) -> OpenedGraph:
    """Of a file of tensors, or a folder of such: structure by names. Raises InputError."""
    from nnviz3d.formats.tensors.outline import outline

    files, title = TensorFiles(path), path.resolve().name
    graph, values = outline(files, title)
    source = OpenedGraph(graph, values, ops, label="samples of each tensor", scene=Scene(title=title[:200], about=reason[:2000]))
    source.notice = f"{reason[:1].upper()}{reason[1:]}. {BY_NAMES}"
    return source


def open_difference(a: TensorFiles, b: TensorFiles, ops: Ops, title: str, about: str) -> OpenedGraph:
    """Structure by the names of A; each sheet shows how far B's numbers are from A's."""
    from nnviz3d.formats.tensors.outline import outline

    graph, values = outline(a, title, b)
    return OpenedGraph(graph, values, ops, label=f"|B - A|. {about}", scene=Scene(title=title[:200], about=about[:2000]))


def open_model(path: Path, ops: Ops) -> OpenedModel:
    """Of a folder whose architecture is run here. Raises InputError."""
    from nnviz3d.formats.language_models import folder as model_folder
    from nnviz3d.formats.language_models import tokenizer as tokenizer_file

    found = model_folder.read(path)
    count = found.built.topology.output.shape[1]
    tokenizer, note = tokenizer_file.load(path, count)
    words = tokenizer_file.numbers(count) if tokenizer is None else tokenizer.words
    first = str(min(found.begin, count - 1)) if tokenizer is None else model_folder.FIRST
    return OpenedModel(found.built, found.files, ops, found.title, words, tokenizer, first, (note,) if note else ())
