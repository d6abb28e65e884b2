"""The projective likelihood: a product of one-dimensional densities for each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Batch, InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError, DataError
from kaon.layers.normalise import Normalise
from kaon.models.base import Solved

__all__ = ["ProjectiveLikelihood"]

_SLICE = 16_384
"""Events that are looked at together."""


class ProjectiveLikelihood(Solved):
    """The likelihood ratio of classes whose features are taken to be independent.

    logit_c(x) = ln pi_c + sum_i ln p_ci(x_i), with the class fractions pi_c and the density p_ci of feature i in class
    c. TMVA's "Likelihood", section 8.2 of https://arxiv.org/abs/physics/0703039; Lyons, "Statistics for nuclear and
    particle physicists" (1986). With `decorrelate`, features are first turned and scaled by the inverse square root of
    their covariance within the classes, as TMVA's "LikelihoodD".

    Densities are histograms in bins that hold equally many events of all classes together (each class counting the
    same), so that they are fine where the events are; between the means of the bins, ln p is linear, and beyond the
    outer ones constant. Bin widths are common to the classes and cancel. A value that fills a whole bin, as a b-tag or
    a multiplicity does, has a bin of its own. Weights are the events' own; a sum that negative weights make negative
    counts as zero. `pseudo_events` in each bin and class, shared among the bins as all events are, keep an empty bin
    from deciding alone. TMVA interpolates with splines and smooths by running medians; here three neighbouring bins of
    a continuous feature are averaged `smooth` times with weights 1, 2, 1.

    The ratio is the best classifier for independent features only. With correlated ones it is too sure of itself: order
    events by it, but do not read it as a probability before it is calibrated.

    Args:
        spec: one input `features` of shape (features,).
        outputs: number of classes.
        bins: of a feature, at most.
        smooth: rounds of averaging.
        pseudo_events: added to each bin of each class, in events.
        decorrelate: remove the linear correlations within the classes first.

    Raises:
        ConfigError: the input is of another shape, or numbers that make no sense.
    """

    representations: ClassVar[tuple[str, ...]] = ("tabular", "jet_features")
    paper: ClassVar[str] = "https://arxiv.org/abs/physics/0703039"
    search: ClassVar[Mapping[str, Space]] = {
        "bins": Integer(8, 200, log=True),
        "smooth": Integer(0, 5),
        "pseudo_events": Real(0.1, 10.0, log=True),
        "decorrelate": Choice((False, True)),
    }

    knots: Tensor
    rotation: Tensor

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        bins: int = 40,
        smooth: int = 1,
        pseudo_events: float = 1.0,
        decorrelate: bool = False,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        if len(item.shape) != 1 or bins < 2 or smooth < 0 or not pseudo_events > 0:
            raise ConfigError(
                f"features of shape {item.shape}, bins={bins}, smooth={smooth}, pseudo_events={pseudo_events}; needed: "
                "features of shape (features,), at least 2 bins, no negative smooth, and pseudo_events above 0"
            )
        self.bins, self.smooth, self.pseudo_events, self.decorrelate = bins, smooth, pseudo_events, decorrelate
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.register_buffer("rotation", torch.eye(item.width))
        self.register_buffer("knots", torch.linspace(-2, 2, bins).repeat(item.width, 1))
        self.steps = nn.Parameter(torch.randn(outputs, item.width, bins - 1) / bins)
        """Change of ln p from one knot to the next."""
        self.start = nn.Parameter(torch.randn(outputs))
        """ln pi plus all ln p at the first knots."""

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.normalise(inputs["features"])
        with torch.autocast(x.device.type, enabled=False):  # sums of many steps, which bfloat16 would round away
            x = x @ self.rotation
            width = self.knots.diff()
            # The part of each step that lies below x: 0 before it, 1 after it; a repeated knot is no step.
            passed = ((x[..., None] - self.knots[:, :-1]) / width.clamp(min=1e-12)).clamp(0, 1)
            return F.linear(passed.flatten(1), self.steps.flatten(1), self.start)

    def solve(self, train: Batch, validation: Batch | None, *, seed: int = 0) -> list[dict[str, float]]:
        """Fill the histograms; one row: train_loss and, with validation events, validation_loss.

        Raises:
            DataError: the weights of a class do not sum to something above zero.
        """
        labels, weights = train.labels, train.weights
        total = np.bincount(labels, weights, self.outputs).astype(np.float64)
        if not (total > 0).all():
            raise DataError(
                f"the weights of the classes sum to {total.tolist()}; a likelihood ratio needs a sum above 0 in each"
            )
        if self.decorrelate:
            self._turn(train, total)
        x = np.concatenate(list(self._turned(train)))
        # Counts of events that are as uncertain as the weighted ones.
        share = weights / total[labels]
        size = 1 / np.bincount(labels, share**2, self.outputs)
        steps = np.zeros((self.outputs, x.shape[1], self.bins - 1))
        first = np.zeros((self.outputs, x.shape[1]))
        knots = np.zeros((x.shape[1], self.bins))
        for feature, column in enumerate(x.T):
            edges, places = self._bins(column, np.abs(share))
            bins = len(edges)
            counts = np.bincount(places * self.outputs + labels, share, bins * self.outputs)
            log = self._densities(counts.reshape(bins, -1).T * size[:, None], smooth=bins == self.bins)
            mean = np.bincount(places, column, bins) / np.bincount(places, minlength=bins)
            knots[feature, :bins], knots[feature, bins:] = mean, mean[-1]
            steps[:, feature, : bins - 1], first[:, feature] = np.diff(log), log[:, 0]
        start = first.sum(1) + np.log(total / total.sum())
        with torch.no_grad():
            self.knots.copy_(torch.from_numpy(knots))
            self.steps.copy_(torch.from_numpy(steps - steps.mean(0)))  # what all classes share does not matter
            self.start.copy_(torch.from_numpy(start - start.mean()))
        row = {"epoch": 0.0, "train_loss": self._loss(train)}
        if validation is not None and len(validation):
            row["validation_loss"] = self._loss(validation)
        return [row]

    def _turn(self, batch: Batch, total: NDArray[np.float64]) -> None:
        """Set the rotation to the inverse square root of the covariance within classes."""
        width, weights, labels = self.rotation.shape[0], batch.weights, batch.labels
        x = np.concatenate(list(self._turned(batch)))
        means = np.stack([weights[labels == c] @ x[labels == c] / total[c] for c in range(self.outputs)])
        x -= means[labels]
        values, axes = np.linalg.eigh((x * (weights / total[labels])[:, None]).T @ x / self.outputs)
        least = 1e-6 * max(values.max(), 1e-12)  # a direction without spread says nothing: it is not blown up
        root = axes / np.sqrt(np.where(values > least, values, 1.0)) @ axes.T if width else axes
        with torch.no_grad():
            self.rotation.copy_(torch.from_numpy(root))

    def _turned(self, batch: Batch) -> Iterator[NDArray[np.float64]]:
        """Normalised and decorrelated features as `forward` sees them, a few events at a time."""
        for start in range(0, len(batch), _SLICE):
            x = torch.from_numpy(batch.inputs["features"][start : start + _SLICE])
            yield (self.normalise(x) @ self.rotation).double().numpy()

    def _bins(self, column: NDArray[np.float64], share: NDArray[np.float64]) -> tuple[Any, NDArray[np.int64]]:
        """Left edges of the bins that hold anything, (bins,), and the bin of each event, (events,)."""
        order = np.argsort(column, kind="stable")
        reached = np.cumsum(share[order])
        wanted = np.searchsorted(reached, reached[-1] * np.arange(1, self.bins) / self.bins)
        edges = np.unique(np.append(column[order[0]], column[order[np.minimum(wanted, len(order) - 1)]]))
        return edges, np.searchsorted(edges, column, "right") - 1

    def _densities(self, counts: NDArray[np.float64], *, smooth: bool) -> NDArray[np.float64]:
        """ln p of each class and bin, (classes, bins), from equivalent counts; smoothed if the feature is continuous.

        A feature with fewer bins than asked for has values that fill a bin each: neighbours are then nothing alike.
        """
        bins = counts.shape[1]
        counts = np.maximum(counts, 0)
        if smooth:
            for _ in range(self.smooth):
                around = np.pad(counts, ((0, 0), (1, 1)), mode="edge")
                counts = (around[:, :-2] + 2 * counts + around[:, 2:]) / 4
        share = counts / np.maximum(counts.sum(1, keepdims=True), 1e-300)
        common = share.mean(0)
        size = counts.sum(1, keepdims=True)
        made = (size * share + self.pseudo_events * bins * common) / (size + self.pseudo_events * bins)
        log: NDArray[np.float64] = np.log(np.maximum(made, 1e-12))
        return log

    def _loss(self, batch: Batch) -> float:
        """Weighted mean cross-entropy."""
        loss, total = 0.0, float(batch.weights.sum())
        with torch.no_grad():
            for start in range(0, len(batch), _SLICE):
                part = batch.take(slice(start, start + _SLICE))
                logits = self({"features": torch.from_numpy(np.ascontiguousarray(part.inputs["features"]))})
                losses = F.cross_entropy(logits, torch.from_numpy(part.labels), reduction="none")
                loss += float(part.weights @ losses.double().numpy())
        return loss / total if total else loss


VARIANTS = {
    "likelihood": ProjectiveLikelihood,
    "likelihood_decorrelated": partial(ProjectiveLikelihood, decorrelate=True),
}
