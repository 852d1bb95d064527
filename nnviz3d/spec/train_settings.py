"""The `[train]` of a scene: loss, optimiser, batches, regularisation, and when training stops."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from nnviz3d.spec import limits
from nnviz3d.spec.model_base import NonNegative, Positive, Seed, Table, Unit

Loss = Literal["auto", "mse", "half_mse", "bce", "cross_entropy", "huber"]
Optimizer = Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
Schedule = Literal["constant", "step", "cosine"]


class Train(Table):
    """How it is learned. A schedule multiplies `learning_rate`, and counts from the end of warm-up. More in docs/conventions.md."""

    loss: Loss = Field(
        default="auto", description="a mean over the batch, without L1 and L2; auto: cross_entropy for classes, mse for numbers"
    )
    optimizer: Optimizer = "adam"
    learning_rate: float = Field(default=0.001, ge=0, le=1e9)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    rho: float = Field(default=0.99, ge=0, lt=1, description="rmsprop's decay")
    epsilon: float = Field(default=1e-8, gt=0, le=1)
    weight_decay: float = Field(
        default=0.01, ge=0, le=1, description="adamw: decay of weights and biases, times the learning rate, outside the gradient"
    )
    batch: int = Field(
        default=32,
        ge=0,
        le=limits.BATCH,
        description="mini-batch size; 0: the full training set; the last batch of an epoch may be smaller",
    )
    order: Literal["shuffle", "sequential"] = Field(default="shuffle", description="shuffle: a new order in each epoch, by seed")
    seed: Seed = 0
    steps: int = Field(default=0, ge=0, le=limits.STEPS, description="stop at this step; 0: never")
    schedule: Schedule = "constant"
    schedule_steps: int = Field(default=1000, ge=1, le=limits.STEPS)
    schedule_factor: Unit = Field(default=0.1, description="step: factor applied every schedule_steps; cosine: the lowest rate")
    warmup: int = Field(default=0, ge=0, le=limits.STEPS, description="step k of the warm-up has k / warmup of the rate")
    l1: NonNegative = Field(default=0.0, description="l1 sign(w) is added to the gradient of weights, not of biases")
    l1_dead_at_zero: bool = Field(
        default=False, description="as in TensorFlow Playground: a weight that L1 would push past 0 is set to 0 and stays 0"
    )
    l2: NonNegative = Field(default=0.0, description="l2 w is added to the gradient of weights, not of biases")
    clip_norm: NonNegative = Field(default=0.0, description="largest norm of the gradient, including L1 and L2; 0: off")
    huber_delta: Positive = 1.0
    class_weights: Literal["none", "balanced"] | tuple[float, ...] | dict[str, float] = Field(
        default="none",
        description="balanced: rare classes count for more, in proportion to their rarity; or a list, or a table by class name",
    )
    steps_per_second: float = Field(default=0.0, ge=0, le=1e6, description="0: as many as fit between two frames")
    tf32: bool = Field(default=False, description="CUDA: faster matrix products with 10-bit mantissas (TF32)")
    stop_epoch: int = Field(default=0, ge=0, le=limits.STEPS, description="stop at the end of this epoch; 0: never")
    stop_train_loss: NonNegative = Field(
        default=0.0,
        description="stop when the loss on all of the training set is below (of standardised targets, if they are standardised); 0: never",
    )
    stop_test_loss: NonNegative = Field(
        default=0.0,
        description="stop when the loss on all of the test set is below (of standardised targets, if they are standardised); 0: never",
    )
    stop_accuracy: Unit = Field(default=0.0, description="stop when the accuracy on all of the test set is at least this; 0: never")

    def rows(self, n: int) -> int:
        """Rows of a whole batch of a training set of n rows."""
        return min(self.batch or n, n)

    @field_validator("class_weights", mode="before")
    @classmethod
    def _weights(cls, value):
        if value in ("none", "balanced"):
            return value
        found = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, (list, tuple)) else []
        if not 0 < len(found) <= limits.CLASSES or not all(_is_weight(weight) for weight in found):
            raise ValueError(
                'expected "none", "balanced", a list with a weight for every class, or a table of weights by class name; a weight is '
                f"above 0, at most {limits.PARAMETER:,.0f}"
            )
        return {str(name): float(weight) for name, weight in value.items()} if isinstance(value, dict) else tuple(map(float, found))


def _is_weight(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= limits.PARAMETER


# settings of [train] that decide when it goes and ends, never a number that comes out
PACE = ("steps", "steps_per_second", "stop_epoch", "stop_train_loss", "stop_test_loss", "stop_accuracy")
