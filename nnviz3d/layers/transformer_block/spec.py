"""The table of a transformer block: attention, then two dense layers for each token, both added to what they read (pre-norm)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.activations import ActivationName
from nnviz3d.spec.composite_table import INPUT, CompositeTable, Inner, part
from nnviz3d.spec.layer_table import BadShape, Shape, text


class TransformerBlock(CompositeTable):
    """Several layers under one name: attention between tokens, then two dense layers for each token (MLP). Each half reads a normalised
    copy of its input, and its result is added to the input. As wide as what it reads."""

    kind: Literal["transformer_block"]
    heads: int = Field(default=1, ge=1, le=limits.UNITS, description="heads of the attention; they divide the width")
    causal: bool = Field(default=False, description="tokens attend only to themselves and to earlier ones")
    rotary: bool = Field(default=False, description="positions rotate queries and keys (RoPE)")
    norm: Literal["layer", "rms", "none"] = "layer"
    mlp: float = Field(default=4.0, gt=0, le=64, description="width of the MLP's hidden layer, as a multiple of the block's")
    activation: ActivationName = Field(default="gelu", description="of the MLP's hidden layer")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="of what each half adds")

    def block(self, shape: Shape | None) -> list[Inner]:
        if shape is not None and len(shape) != 2:
            raise BadShape(
                "from", f"a transformer block reads tokens x features, as an embedding gives; found an input of shape {text(shape)}"
            )
        width = shape[-1] if shape else 1
        attention = [*self._norm("norm1", INPUT)]
        reads = (attention[-1].table.name,) if attention else (INPUT,)
        attention += [self._dense(name, width, reads) for name in ("query", "key", "value")]
        attention += self._attended()
        attention += [self._dense("project", width), *self._dropped("dropout1")]
        attention.append(part(self, "add", "add1", (attention[-1].table.name, INPUT)))
        hidden = max(round(width * self.mlp), 1)
        mlp = [*self._norm("norm2"), self._dense("mlp1", hidden, activation=self.activation), self._dense("mlp2", width)]
        mlp += self._dropped("dropout2")
        return [*attention, *mlp, part(self, "add", "add2", (mlp[-1].table.name, "add1"))]

    def _attended(self) -> list[Inner]:
        query, key, turned = "query", "key", []
        if self.rotary:
            turned = [part(self, "position", f"rotary_{name}", (name,), form="rotary", heads=self.heads) for name in (query, key)]
            query, key = (each.table.name for each in turned)
        scores = part(self, "scores", "scores", (query, key), heads=self.heads, causal=self.causal)
        softmax = part(self, "softmax", "softmax", causal=self.causal)
        return [*turned, scores, softmax, part(self, "mix", "mix", ("softmax", "value"), causal=self.causal)]

    def _dense(self, name: str, units: int, reads: tuple[str, ...] = (), activation: str = "linear") -> Inner:
        keys = {"units": "mlp"} if name == "mlp1" else {}
        return part(self, "dense", name, reads, keys, units=units, activation=activation, per_token=True)

    def _norm(self, name: str, *reads: str) -> list[Inner]:
        return [] if self.norm == "none" else [part(self, f"{self.norm}_norm", name, reads)]

    def _dropped(self, name: str) -> list[Inner]:
        return [part(self, "dropout", name, dropout=self.dropout)] if self.dropout else []


TABLE = TransformerBlock
