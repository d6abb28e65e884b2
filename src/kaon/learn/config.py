"""Every setting of a training, validated."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["NegativeWeights", "TrainConfig"]

NegativeWeights = Literal["keep", "abs", "drop", "error"]


class TrainConfig(BaseModel):
    """How a model is trained; trees use the seed, the weights and `threads`, and ignore what belongs to gradients.

    Negative weights are kept by default: only then is the weighted loss an unbiased estimate of the loss on the
    physical sample, because the negative events cancel what the positive ones overcount. Models that cannot do that
    (trees) stop and say so. Evaluation always uses the true weights.

    Args:
        epochs: passes over the training data.
        batch_size: events a step.
        learning_rate: highest learning rate of the schedule.
        optimizer: adamw (1711.05101), adam (1412.6980) or sgd with Nesterov momentum 0.9.
        weight_decay: decoupled for adamw, L2 otherwise.
        schedule: constant, cosine (linear warm-up, then half a cosine to zero) or one_cycle (Smith, Topin, 1708.07120).
        warmup: fraction of all steps in which the learning rate rises.
        label_smoothing: probability mass moved to the other classes.
        gradient_clip: largest norm of the gradient; None for no limit.
        patience: epochs without a better validation loss after which training stops; None to go on to the end. The
            weights of the best epoch are kept in either case.
        precision: float32, or bfloat16 for the matrix products (weights stay float32).
        class_weights: balanced gives each class the same total weight in training; none leaves the weights alone.
        negative_weights: keep, abs (absolute value), drop (leave such events out) or error (refuse).
        flatten: spectator columns, one or two, in which the training sample of each class is made flat by weights.
        device: auto, cpu, cuda or mps.
        devices: how many; more than one trains data-parallel, `batch_size` events on each.
        threads: of boosted trees; 0 for all cores.
        tensorboard: write TensorBoard files into the run as well (needs the extra `tensorboard`).
        seed: of the initial weights, the order of events and dropout.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=512, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Literal["constant", "cosine", "one_cycle"] = "cosine"
    warmup: float = Field(default=0.05, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    gradient_clip: float | None = Field(default=None, gt=0)
    patience: int | None = Field(default=None, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    class_weights: Literal["none", "balanced"] = "none"
    negative_weights: NegativeWeights = "keep"
    flatten: tuple[str, ...] = Field(default=(), max_length=2)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = Field(default=1, ge=1)
    threads: int = Field(default=0, ge=0)
    tensorboard: bool = False
    seed: int = 0
