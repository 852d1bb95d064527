"""Llama, Mistral and Qwen2 as Hugging Face folders have them, in our own kinds: RMS norm, rotary positions, a gated dense layer.

Where several heads of queries share keys and values, these stand in the arena once for each head that reads them.
"""

from __future__ import annotations

from nnviz3d.formats.language_models.builder import Builder, Built, FilePiece
from nnviz3d.formats.language_models.config import ACTIVATIONS, Config
from nnviz3d.formats.tensors.files import TensorFiles

NEEDS = "is not run yet; expected it to be absent"


def build(config: Config, files: TensorFiles, tokens: int) -> Built:
    """Of sequences of at most `tokens` tokens. Raises InputError."""
    width, heads = config.whole("hidden_size", 1, 1 << 16), config.whole("num_attention_heads", 1, 1024)
    layers = config.whole("num_hidden_layers", 1, 512)
    shared = config.whole("num_key_value_heads", 1, 1024, heads)
    places = config.whole("max_position_embeddings", 1, 1 << 24, 2048)
    head = config.whole("head_dim", 1, 1 << 14, max(width // heads, 1))
    eps = config.number("rms_norm_eps", 1e-12, 1, 1e-6)
    activation = config.one_of("hidden_act", ACTIVATIONS, "silu")
    base = _base(config)
    if heads % shared:
        config.wrong("num_key_value_heads", f"{shared} do not divide {heads} heads")
    if head % 2:
        config.wrong("head_dim", f"rotary positions need an even number; found {head:,}")
    window = config.said.get("sliding_window")
    if isinstance(window, int) and not isinstance(window, bool) and config.said.get("use_sliding_window", True):
        places = min(places, max(window, 1))
    config.check()
    make = _Llama(Builder(files, min(tokens, places)), width, heads, shared, head, eps, activation, base)
    return make.build(layers)


def _base(config: Config) -> float:
    """The longest wave of the positions; newer files have it among `rope_parameters`."""
    config.only("rope_scaling", (None,), NEEDS)
    newer = config.said.get("rope_parameters")
    if not isinstance(newer, dict):
        return config.number("rope_theta", 1.0001, 1e9, 10000.0)
    if newer.get("rope_type", "default") != "default":
        config.wrong("rope_parameters", f"the type {str(newer.get('rope_type'))[:40]!r} is not run yet; expected default")
    inner = Config(newer, config.path)
    base = inner.number("rope_theta", 1.0001, 1e9, 10000.0)
    inner.check()
    return base


class _Llama:
    def __init__(self, b: Builder, width: int, heads: int, shared: int, head: int, eps: float, activation: str, base: float):
        self.b, self.width, self.heads, self.shared, self.head = b, width, heads, shared, head
        self.eps, self.activation, self.base = eps, activation, base
        self.prefix = "model." if "model.embed_tokens.weight" in b.files.stored else ""

    def build(self, layers: int) -> Built:
        first = f"{self.prefix}embed_tokens.weight"
        vocabulary = self.b.width(first, 0)
        above = self.b.add("embedding", "embed_tokens", ("input",), {"weight": FilePiece(first)}, units=self.width, vocabulary=vocabulary)
        for k in range(layers):
            above = self._block(f"layers.{k}", above)
        norm = self._norm("norm", above)
        tensor = "lm_head.weight" if "lm_head.weight" in self.b.files.stored else first
        units = self.b.width(tensor, 0)
        self.b.add("dense", "lm_head", (norm,), {"weight": FilePiece(tensor)}, units=units, activation="softmax", per_token=True)
        return self.b.build()

    def _block(self, name: str, above: str) -> str:
        mixed = self._attention(f"{name}.self_attn", self._norm(f"{name}.input_layernorm", above))
        between = self.b.add("add", f"{name}.add_1", (above, self._dense(f"{name}.self_attn.o_proj", mixed, self.width)))
        norm, mlp = self._norm(f"{name}.post_attention_layernorm", between), f"{name}.mlp"
        inner = self.b.width(f"{self.prefix}{mlp}.gate_proj.weight", 0)
        gate = self._dense(f"{mlp}.gate_proj", norm, inner, self.activation)
        product = self.b.add("multiply", f"{mlp}.product", (gate, self._dense(f"{mlp}.up_proj", norm, inner)))
        return self.b.add("add", f"{name}.add_2", (between, self._dense(f"{mlp}.down_proj", product, self.width)))

    def _attention(self, name: str, above: str) -> str:
        wide, times = self.heads * self.head, self.heads // self.shared
        q = self._dense(f"{name}.q_proj", above, wide)
        k, v = (self._dense(f"{name}.{part}_proj", above, wide, repeat=(self.head, times)) for part in "kv")
        turned = {"form": "rotary", "heads": self.heads, "base": self.base}
        q, k = (self.b.add("position", f"{name}.{part}_rotary", (each,), **turned) for part, each in (("q", q), ("k", k)))
        scores = self.b.add("scores", f"{name}.scores", (q, k), heads=self.heads, causal=True)
        shares = self.b.add("softmax", f"{name}.softmax", (scores,), causal=True)
        return self.b.add("mix", f"{name}.mix", (shares, v), causal=True)

    def _norm(self, name: str, above: str) -> str:
        return self.b.add("rms_norm", name, (above,), {"weight": FilePiece(f"{self.prefix}{name}.weight")}, eps=self.eps)

    def _dense(self, name: str, above: str, units: int, activation: str = "linear", repeat: tuple[int, int] = (0, 1)) -> str:
        tensor = f"{self.prefix}{name}"
        parts: dict[str, FilePiece | None] = {"weight": FilePiece(f"{tensor}.weight", repeat=repeat)}
        if f"{tensor}.bias" in self.b.files.stored:
            parts["bias"] = FilePiece(f"{tensor}.bias", repeat=repeat)
        return self.b.add("dense", name, (above,), parts, units=units, activation=activation, per_token=True)
