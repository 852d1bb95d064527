"""The constants of each step (schedule, bias corrections), and the proof that an update stays finite.

`safe` bounds how far one step can move a parameter, from scalars that are known anyway. While the running bound of the largest
parameter stays far below float32's end the update cannot overflow and nothing needs to be looked at afterwards; only beyond it (rare:
weights of 1e36) a step is taken with copies and checked. That makes "the last finite state is kept" free.
"""

from __future__ import annotations

import math

from nnviz3d.backend.constants import Constants
from nnviz3d.spec.scene import Train

SAFE = 1e36  # float32 ends at 3.4e38


def rate(train: Train, step: int) -> float:
    """Learning rate of the step with this 0-based number. Warm-up: (step + 1) / warmup of it; the schedule counts from the end of warm-up.

    step: times factor every `schedule_steps`. cosine: from 1 to factor over `schedule_steps`, then flat.
    """
    if step < train.warmup:
        return train.learning_rate * (step + 1) / train.warmup
    if train.schedule == "constant":
        return train.learning_rate
    done = step - train.warmup
    if train.schedule == "step":
        return train.learning_rate * train.schedule_factor ** (done // train.schedule_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done / train.schedule_steps)))
    return train.learning_rate * (train.schedule_factor + (1 - train.schedule_factor) * cosine)


class Optimizer:
    """Writes `constants` before each step and judges the step's gradient."""

    def __init__(self, train: Train, constants: Constants):
        self.constants = constants
        self.largest = math.inf  # bound of |parameter|; inf: not known yet
        self.slot = math.inf  # bound of |first slot|
        self.configure(train)

    def configure(self, train: Train) -> None:
        """The constants that do not change from step to step."""
        self.train, self.name = train, train.optimizer
        decay1 = train.momentum if self.name in ("momentum", "nesterov") else train.beta1
        decay2 = train.rho if self.name == "rmsprop" else train.beta2
        self.decay1 = decay1
        self.constants.set(decay1=decay1, gain1=1 - decay1, decay2=decay2, gain2=1 - decay2, epsilon=train.epsilon)
        self.constants.set(keep=1.0, shrink=0.0, l1=train.l1, l2=train.l2, clip=train.clip_norm)
        self.steady = train.schedule == "constant" and not train.warmup and not self.name.startswith("adam")
        self.begin(0)

    def begin(self, step: int) -> None:
        """Constants of the step with this 0-based number."""
        train = self.train
        self.learning_rate = now = rate(train, step)
        epsilon = train.epsilon
        if self.name.startswith("adam"):
            correction = math.sqrt(1 - train.beta2 ** (step + 1))
            now, epsilon = now * correction / (1 - train.beta1 ** (step + 1)), epsilon * correction
        host = self.constants.host
        host[0], host[5] = now, epsilon
        if self.name == "adamw":
            host[6] = 1 - self.learning_rate * train.weight_decay
        if train.l1_dead_at_zero:
            host[9] = self.learning_rate * train.l1
        self.step_size, self.floor = now, float(host[5])

    def safe(self, norm: float) -> bool:
        """Advance the bounds by a step with this gradient norm; False where the update could overflow. A margin of 1 % covers rounding."""
        if self.name == "sgd":
            move = self.step_size * norm
        elif self.name == "rmsprop":
            move = self.step_size * norm / self.floor if self.floor else math.inf
        else:
            gain = 1.0 if self.name in ("momentum", "nesterov") else 1 - self.decay1
            self.slot = 1.01 * (self.decay1 * self.slot + gain * norm)
            reach = self.slot + norm if self.name == "nesterov" else self.slot
            if self.name.startswith("adam"):
                reach = reach / self.floor if self.floor else math.inf
            move = self.step_size * reach
            if self.slot > SAFE:
                return False
        if self.name == "adamw":
            self.largest *= max(1.0, abs(1 - self.learning_rate * self.train.weight_decay))
        self.largest += 1.01 * move + (self.learning_rate * self.train.l1 if self.train.l1_dead_at_zero else 0.0)
        return self.largest < SAFE  # also False for nan

    def measured(self, parameter: float, slot: float) -> None:
        """Exact bounds: the largest |parameter| and |first slot| (0 without slots)."""
        self.largest, self.slot = parameter, slot
