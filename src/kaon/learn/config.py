"""Every setting of a training, validated."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kaon.learn.augment import Role, Symmetry
from kaon.learn.deform import Deformations
from kaon.learn.optimizers import OptimizerName

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
        optimizer: adamw (1711.05101), adam (1412.6980), sgd with Nesterov momentum 0.9, rmsprop or adadelta
            (1212.5701, for which the natural learning rate is 1).
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
        augment: symmetries of the detector, of rotate_phi, reflect_eta and reflect_phi: every epoch of a network sees
            its events turned and mirrored afresh (models without epochs are not touched). See `kaon.learn.augment`.
        augment_columns: what a column is where its name does not tell, as azimuth=phi: phi, eta, px, py, pz,
            signed_dphi, signed_deta or invariant.
        augment_half_turn: value of phi that is half a turn; None to tell it from the events.
        test_time_augmentation: turns that every prediction averages over, each with all combinations of the reflections
            in augment; 0 for none. The bundle keeps it, so that it is repeated wherever the model predicts.
        deform: random deformations of images, drawn anew for each image in every epoch, where a network reads images:
            flip (probability), crop (pixels), rotate (degrees), scale (fraction), elastic (alpha in pixels, with
            elastic_sigma), cutout (pixels), as flip=0.5. See `kaon.learn.deform.Deformations`.
        pretrain: epochs in which each hidden layer first learns to reconstruct its own input, one layer after another,
            without labels; 0 for none. For networks that show their hidden layers, such as deep_mlp; trees ignore it.
            With this batch_size and precision. See `kaon.learn.pretraining`.
        pretrain_rate: learning rate of the pre-training, which is Adam's whatever `optimizer` says.
        pretrain_corruption: share of that input that is set to its mean, so that it has to be guessed from the rest.
        swa: share of the epochs, at the end, whose weights are averaged (1803.05407); None for the best epoch.
        swa_rate: learning rate while weights are averaged, as a fraction of the highest; constant.
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
    optimizer: OptimizerName = "adamw"
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
    augment: tuple[Symmetry, ...] = ()
    augment_columns: dict[str, Role] = Field(default_factory=dict)
    augment_half_turn: float | None = Field(default=None, gt=0)
    test_time_augmentation: int = Field(default=0, ge=0)
    deform: dict[str, float] = Field(default_factory=dict)
    pretrain: int = Field(default=0, ge=0)
    pretrain_rate: float = Field(default=1e-3, gt=0)
    pretrain_corruption: float = Field(default=0.25, ge=0, lt=1)
    swa: float | None = Field(default=None, gt=0, le=1)
    swa_rate: float = Field(default=0.25, gt=0, le=1)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = Field(default=1, ge=1)
    threads: int = Field(default=0, ge=0)
    tensorboard: bool = False
    seed: int = 0

    @field_validator("deform")
    @classmethod
    def _deformations(cls, given: dict[str, float]) -> dict[str, float]:
        Deformations.of(given)
        return given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.augment and (self.augment_columns or self.augment_half_turn or self.test_time_augmentation):
            raise ValueError("augment_columns, augment_half_turn and test_time_augmentation need augment")
        if self.swa is not None and self.patience is not None:
            raise ValueError("swa averages the last epochs, so patience must not stop before them; give one of the two")
        return self
