"""GPT-2 (Radford et al. 2019) as Hugging Face folders have it, in our own kinds. Names are those of its modules, `h.0.attn.c_proj`.

Its layers keep their weights as (in, out), and query, key and value as one tensor; its output has the embedding's weights.
"""

from __future__ import annotations

from nnviz3d.formats.language_models.builder import Builder, Built, FilePiece
from nnviz3d.formats.language_models.config import ACTIVATIONS, Config
from nnviz3d.formats.tensors.files import TensorFiles

NEEDS = "is not run yet; expected it to be absent or as GPT-2 has it"


def build(config: Config, files: TensorFiles, tokens: int) -> Built:
    """Of sequences of at most `tokens` tokens. Raises InputError."""
    width, heads = config.whole("n_embd", 1, 1 << 16), config.whole("n_head", 1, 1024)
    layers, places = config.whole("n_layer", 1, 512), config.whole("n_positions", 1, 1 << 20, 1024)
    activation = config.one_of("activation_function", ACTIVATIONS, "gelu_new")
    eps = config.number("layer_norm_epsilon", 1e-12, 1, 1e-5)
    config.only("scale_attn_by_inverse_layer_idx", (False, None), NEEDS)
    config.only("scale_attn_weights", (True, None), NEEDS)
    config.only("add_cross_attention", (False, None), NEEDS)
    if width % heads:
        config.wrong("n_head", f"{heads} heads do not divide n_embd = {width:,}")
    config.check()
    prefix = "transformer." if "transformer.wte.weight" in files.stored else ""
    make = _Gpt2(Builder(files, min(tokens, places)), prefix, width, heads, eps, activation)
    above = make.embedding(files)
    for k in range(layers):
        above = make.block(f"h.{k}", above)
    return make.output(above)


class _Gpt2:
    def __init__(self, builder: Builder, prefix: str, width: int, heads: int, eps: float, activation: str):
        self.b, self.prefix, self.width, self.heads, self.eps, self.activation = builder, prefix, width, heads, eps, activation

    def embedding(self, files: TensorFiles) -> str:
        vocabulary = self.b.width(f"{self.prefix}wte.weight", 0)
        self.b.add("embedding", "wte", ("input",), self._weight("wte"), units=self.width, vocabulary=vocabulary)
        places = self.b.width(f"{self.prefix}wpe.weight", 0)
        return self.b.add("position", "wpe", ("wte",), self._weight("wpe"), form="learned", positions=places)

    def block(self, name: str, above: str) -> str:
        """Attention, then two dense layers, each beside what it skips."""
        norm, attention = self._norm(f"{name}.ln_1", above), f"{name}.attn"
        q, k, v = (self._dense(f"{attention}.{part}", norm, self.width, f"{attention}.c_attn", at) for at, part in enumerate(_QKV))
        scores = self.b.add("scores", f"{attention}.scores", (q, k), heads=self.heads, causal=True)
        shares = self.b.add("softmax", f"{attention}.softmax", (scores,), causal=True)
        mixed = self.b.add("mix", f"{attention}.mix", (shares, v), causal=True)
        projected = self._dense(f"{attention}.c_proj", mixed, self.width)
        between = self.b.add("add", f"{name}.add_1", (above, projected))
        norm = self._norm(f"{name}.ln_2", between)
        inner = self._dense(f"{name}.mlp.c_fc", norm, self.b.width(f"{self.prefix}{name}.mlp.c_fc.weight", 1), activation=self.activation)
        return self.b.add("add", f"{name}.add_2", (between, self._dense(f"{name}.mlp.c_proj", inner, self.width)))

    def output(self, above: str) -> Built:
        norm = self._norm("ln_f", above)
        tensor = "lm_head.weight" if "lm_head.weight" in self.b.files.stored else f"{self.prefix}wte.weight"
        units = self.b.width(tensor, 0)
        self.b.add("dense", "lm_head", (norm,), {"weight": FilePiece(tensor)}, units=units, activation="softmax", per_token=True)
        return self.b.build()

    def _weight(self, name: str) -> dict[str, FilePiece]:
        return {"weight": FilePiece(f"{self.prefix}{name}.weight")}

    def _norm(self, name: str, above: str) -> str:
        parts = {part: FilePiece(f"{self.prefix}{name}.{part}") for part in ("weight", "bias")}
        return self.b.add("layer_norm", name, (above,), parts, eps=self.eps)

    def _dense(self, name: str, above: str, units: int, tensor: str = "", part: int = -1, activation: str = "linear") -> str:
        """`part`: which stretch of `units` columns of the tensor it has; -1: all of them."""
        tensor, first, last = f"{self.prefix}{tensor or name}", max(part, 0) * units, (part + 1) * units if part >= 0 else -1
        parts = {"weight": FilePiece(f"{tensor}.weight", True, first, last), "bias": FilePiece(f"{tensor}.bias", False, first, last)}
        return self.b.add("dense", name, (above,), parts, units=units, activation=activation, per_token=True)


_QKV = ("query", "key", "value")
