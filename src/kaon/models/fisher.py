"""Fisher's linear discriminant, solved in closed form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kaon.data import Batch, InputSpec
from kaon.data.space import Real, Space
from kaon.errors import ConfigError, DataError
from kaon.layers.dense import two_logits
from kaon.layers.normalise import Normalise
from kaon.models.base import Solved

__all__ = ["EnergyFlowDiscriminant", "FisherDiscriminant"]

_SHRINKAGES = (0.0, *np.logspace(-8, -1, 15).tolist())
"""Tried on the validation events."""

_SLICE = 16_384
"""Events whose features are held in double precision at once."""


class FisherDiscriminant(Solved):
    """The linear function of the features that is best for Gaussian classes with a common covariance.

    logit_c(x) = x S^-1 mu_c - mu_c S^-1 mu_c / 2 + ln pi_c, with the class means mu_c, the covariance S within classes
    and the class fractions pi_c, all of weighted events. Fisher, Annals of Eugenics 7 (1936) 179,
    https://doi.org/10.1111/j.1469-1809.1936.tb02137.x. `fisher` reads plain columns; `efp_lda` the energy flow
    polynomials, where it is the linear classifier of https://arxiv.org/abs/1712.07124 and of the comparison
    https://arxiv.org/abs/1902.09914: 1,001 parameters for two classes and 1000 polynomials.

    The polynomials are nearly collinear, so S is made regular: (1 - s) S + s (trace S / features) 1 on standardised
    features. The shrinkage s is the one with the least cross-entropy on the validation events, or without them that
    of Ledoit and Wolf (J. Multivar. Anal. 88 (2004) 365), which vanishes as events become many. The publications use
    scikit-learn's default, which leaves out directions of vanishing variance instead.

    Args:
        spec: one input `features` of shape (features,).
        outputs: number of classes; for two, a single row and the logits (0, x).
        shrinkage: s between 0 and 1; None to have it chosen.

    Raises:
        ConfigError: the input is of another shape, or the shrinkage is not between 0 and 1.
    """

    representations: ClassVar[tuple[str, ...]] = ("tabular", "jet_features", "energy_flow")
    paper: ClassVar[str] = "https://doi.org/10.1111/j.1469-1809.1936.tb02137.x"
    search: ClassVar[Mapping[str, Space]] = {
        "shrinkage": Real(1e-8, 1.0, log=True),
    }

    def __init__(self, spec: InputSpec, outputs: int, *, shrinkage: float | None = None) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        if len(item.shape) != 1 or (shrinkage is not None and not 0 <= shrinkage <= 1):
            raise ConfigError(
                f"features of shape {item.shape}, shrinkage={shrinkage}; a linear discriminant reads features of shape "
                "(features,), and the shrinkage is between 0 and 1, or None"
            )
        self.shrinkage = shrinkage
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.linear = nn.Linear(item.width, 1 if outputs == 2 else outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.normalise(inputs["features"])
        # Nearly collinear features have large weights of both signs: single precision loses four digits of their sum,
        # and how many depends on its order, which differs between programs.
        weight, bias = self.linear.weight.double(), self.linear.bias.double()
        logits = (x.double() @ weight.T + bias).to(x.dtype)
        return two_logits(logits) if self.outputs == 2 else logits

    def solve(self, train: Batch, validation: Batch | None, *, seed: int = 0) -> list[dict[str, float]]:
        """Set the weights from the moments of the classes; one row: shrinkage, train_loss, validation_loss.

        Raises:
            DataError: the weights of a class do not sum to something above zero.
        """
        total = np.bincount(train.labels, train.weights, self.outputs).astype(np.float64)
        if not (total > 0).all():
            raise DataError(
                f"the weights of the classes sum to {total.tolist()}; a linear discriminant needs a sum above 0 in each"
            )
        means = self._means(train, total)
        covariance, fourth = self._scatter(train, means, total.sum())
        values, axes = np.linalg.eigh(covariance)
        values = np.maximum(values, 0)  # negative by rounding, or by negative weights
        scale = values.mean() if values.any() else 1.0

        def weights(shrinkage: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            shrunk = (1 - shrinkage) * values + shrinkage * scale
            kept = shrunk > 1e-12 * scale  # as a pseudo-inverse
            rows = (means @ axes)[:, kept] / shrunk[kept] @ axes[:, kept].T
            bias = np.log(total / total.sum()) - (rows * means).sum(1) / 2
            return (rows[1:] - rows[:1], bias[1:] - bias[:1]) if self.outputs == 2 else (rows, bias)

        chosen = self.shrinkage
        if chosen is None and validation is not None and len(validation):
            tried = [self._loss(validation, *weights(s)) for s in _SHRINKAGES]
            chosen = _SHRINKAGES[int(np.argmin(tried))]
        if chosen is None:
            chosen = _ledoit_wolf(values, fourth, np.square(train.weights).sum() / total.sum() ** 2)
        rows, bias = weights(chosen)
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(rows))
            self.linear.bias.copy_(torch.from_numpy(bias))
        row = {"epoch": 0.0, "train_loss": self._loss(train, rows, bias), "shrinkage": chosen}
        if validation is not None and len(validation):
            row["validation_loss"] = self._loss(validation, rows, bias)
        return [row]

    def _slices(self, batch: Batch) -> Iterator[tuple[NDArray[np.float64], slice]]:
        """Standardised features in double precision, a few events at a time."""
        shift, scale = (part.detach().cpu().double().numpy() for part in (self.normalise.shift, self.normalise.scale))
        for start in range(0, len(batch), _SLICE):
            rows = slice(start, start + _SLICE)
            yield (batch.inputs["features"][rows].astype(np.float64) - shift) * scale, rows

    def _means(self, batch: Batch, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """(classes, features)."""
        sums = np.zeros((self.outputs, self.linear.in_features))
        for x, rows in self._slices(batch):
            owner = np.zeros((self.outputs, len(x)))
            owner[batch.labels[rows], np.arange(len(x))] = batch.weights[rows]
            sums += owner @ x
        return sums / total[:, None]

    def _scatter(self, batch: Batch, means: NDArray[np.float64], total: float) -> tuple[NDArray[np.float64], float]:
        """Covariance within classes, (features, features), and the mean fourth power of the distance to the mean."""
        made, fourth = np.zeros((means.shape[1], means.shape[1])), 0.0
        for x, rows in self._slices(batch):
            x -= means[batch.labels[rows]]
            weight = batch.weights[rows]
            made += (x * weight[:, None]).T @ x
            fourth += float(weight @ np.square((x * x).sum(1)))
        return made / total, fourth / total

    def _loss(self, batch: Batch, rows: NDArray[np.float64], bias: NDArray[np.float64]) -> float:
        """Weighted mean cross-entropy."""
        loss = 0.0
        for x, part in self._slices(batch):
            logits: NDArray[Any] = x @ rows.T + bias
            if self.outputs == 2:
                logits = np.hstack([np.zeros_like(logits), logits])
            shifted = logits - logits.max(1, keepdims=True)
            right = np.take_along_axis(shifted, batch.labels[part][:, None], 1)[:, 0]
            loss += float(batch.weights[part] @ (np.log(np.exp(shifted).sum(1)) - right))
        total = float(batch.weights.sum())
        return loss / total if total else loss


def _ledoit_wolf(values: NDArray[np.float64], fourth: float, inverse: float) -> float:
    """The shrinkage of least expected square error.

    Args:
        values: eigenvalues of the covariance.
        fourth: mean fourth power of the distance to the mean.
        inverse: one over the effective number of events.
    """
    square = float(np.square(values).sum())
    apart = square - values.sum() ** 2 / len(values)
    noise = max(fourth - square, 0.0) * inverse
    return min(noise / apart, 1.0) if apart > 0 else 0.0


class EnergyFlowDiscriminant(FisherDiscriminant):  # noqa: D101 it is the docstring of the base class
    __doc__ = FisherDiscriminant.__doc__
    representations: ClassVar[tuple[str, ...]] = ("energy_flow", "jet_features", "tabular")
    paper: ClassVar[str] = "https://arxiv.org/abs/1712.07124"


VARIANTS = {"efp_lda": EnergyFlowDiscriminant, "fisher": FisherDiscriminant}
