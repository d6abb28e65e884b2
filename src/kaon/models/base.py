"""What every model is: a network (`Net`) or boosted trees (`Trees`), from an InputSpec and a number of outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from kaon.data import Batch, InputSpec
from kaon.data.forest import Forest
from kaon.data.space import Space
from kaon.errors import ConfigError, DataError, NotFitted

__all__ = ["BoostedTrees", "Net", "Solved", "Trees"]


class Net(nn.Module, ABC):
    """A network: named tensors in, logits out.

    Args:
        spec: what it reads.
        outputs: number of classes.

    A subclass adds its hyper-parameters as keyword-only arguments, with the paper's names.
    """

    representations: ClassVar[tuple[str, ...]]
    """Names of the representations it can read, the preferred one first."""
    symmetries: ClassVar[frozenset[str]] = frozenset()
    """Declared invariances, checked by the conformance tests: "permutation", ..."""
    paper: ClassVar[str] = ""
    """arXiv number or URL."""
    search: ClassVar[Mapping[str, Space]] = {}
    """Hyper-parameters that `kaon tune` varies: option of the constructor -> its range."""

    def __init__(self, spec: InputSpec, outputs: int) -> None:
        super().__init__()
        self.spec = spec
        self.outputs = outputs

    @abstractmethod
    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


class Solved(Net):
    """A network whose weights follow from the training events in closed form or by a fixed iteration, not by gradients.

    Everything else is as for any network: bundle, export, prediction.
    """

    @abstractmethod
    def solve(self, train: Batch, validation: Batch | None, *, seed: int) -> list[dict[str, float]]:
        """Set the weights; returns the rows of the log.

        Args:
            train: labelled, with its training weights, which may be negative.
            validation: decides between settings, where there are any to be chosen.
            seed: of random numbers, if any are used.

        Raises:
            DataError: these events do not determine the weights.
        """


class Trees(ABC):
    """Boosted decision trees: flat features in, class probabilities out.

    Args:
        spec: what it reads: one input of shape (features,).
        outputs: number of classes.
    """

    representations: ClassVar[tuple[str, ...]] = ("jet_features", "tabular")
    paper: ClassVar[str] = ""
    takes_negative_weights: ClassVar[bool] = False
    search: ClassVar[Mapping[str, Space]] = {}
    """As for `Net`."""

    def __init__(self, spec: InputSpec, outputs: int) -> None:
        self.spec = spec
        self.outputs = outputs

    @abstractmethod
    def fit(
        self,
        train: Batch,
        validation: Batch | None,
        *,
        seed: int,
        threads: int,
        progress: Callable[[int, int, dict[str, float]], None] | None = None,
    ) -> list[dict[str, float]]:
        """Train; returns one row of losses a boosting round. `progress(round, rounds, row)` is called after each.

        train_loss is the weighted log-loss of training events: of all, or of a random sample of them, the same in all
        rounds (see `BoostedTrees.shown`). It is there to be looked at, and decides nothing.
        """

    @abstractmethod
    def predict(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Class probabilities, (events, outputs)."""

    @abstractmethod
    def to_text(self) -> str:
        """The fitted trees in the library's own text or JSON form."""

    @abstractmethod
    def load_text(self, text: str) -> None:
        """Undo `to_text`.

        Raises:
            BundleError: not such a text.
        """

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Number of leaves plus thresholds of the fitted trees; 0 before fitting."""


class BoostedTrees(Trees):
    """Trees of a library: its booster, its text form, and the same trees as plain arrays.

    A subclass names itself, opens a text (`opened`) and runs its booster (`scores`).

    Args:
        spec: one input `features` of shape (features,).
        outputs: number of classes.
        trees: boosting rounds at most.
        early_stopping: rounds without a better validation loss after which boosting stops; 0 for never.

    Raises:
        ConfigError: another input, or numbers that make no sense.
    """

    name: ClassVar[str]
    """Registered name, for messages."""
    shown_events: ClassVar[int] = 10_000
    """Most training events whose loss is noted every round."""

    def __init__(self, spec: InputSpec, outputs: int, *, trees: int, early_stopping: int) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        if spec.names != ["features"] or len(item.shape) != 1 or spec.dynamic_axes:
            raise ConfigError(
                f"{self.name} reads one input `features` of shape (features,); use jet_features or tabular"
            )
        if outputs < 2 or trees < 1 or early_stopping < 0:
            raise ConfigError(
                f"{self.name} needs outputs >= 2, trees >= 1 and early_stopping >= 0, "
                f"not {outputs}, {trees}, {early_stopping}"
            )
        self.trees, self.early_stopping = trees, early_stopping
        self._fitted: tuple[str, Forest, Any] | None = None

    @abstractmethod
    def opened(self, text: str) -> tuple[Forest, Any]:
        """The trees and the booster of a text, with every number checked before the library follows it.

        Raises:
            BundleError: not such a text, or not of this many features and classes.
        """

    @abstractmethod
    def scores(self, booster: Any, x: NDArray[Any]) -> NDArray[Any]:
        """What the library's booster says of at least one event: (events,) or (events, outputs)."""

    def scaled_weights(self, train: Batch) -> NDArray[np.float64]:
        """Training weights with a mean of one, (events,), for libraries that take no negative ones.

        Raises:
            DataError: a weight is negative.
        """
        if (train.weights < 0).any():
            raise DataError(
                f"{self.name} cannot train with negative weights; choose abs, drop or error as their policy"
            )
        return np.asarray(train.weights / max(train.weights.mean(), np.finfo(float).tiny), np.float64)

    def shown(self, train: Batch, seed: int) -> Batch:
        """The training events whose loss is noted: all of a small sample, a random sample of a large one.

        Noting the loss of every event took a sixth of the training time on 200,000 events. No tree depends on it.
        """
        if len(train) <= self.shown_events:
            return train
        chosen = np.random.default_rng(seed).choice(len(train), self.shown_events, replace=False)
        return train.take(np.sort(chosen))

    def predict(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Class probabilities, (events, outputs).

        Raises:
            NotFitted: before `fit`.
        """
        _, _, booster = self._state()
        self.spec.check(inputs)
        x = inputs["features"]
        score = self.scores(booster, x) if len(x) else np.zeros((0, self.outputs))
        if score.ndim == 1:
            score = np.stack([1 - score, score], axis=1)
        return np.asarray(score, np.float32)

    def to_text(self) -> str:
        """The fitted trees in the library's own form.

        Raises:
            NotFitted: before `fit`.
        """
        return self._state()[0]

    def load_text(self, text: str) -> None:
        """Undo `to_text`."""
        forest, booster = self.opened(text)
        self._fitted = text, forest, booster

    def forest(self) -> Forest:
        """The fitted trees as plain arrays.

        Raises:
            NotFitted: before `fit`.
        """
        return self._state()[1]

    @property
    def parameter_count(self) -> int:
        """Number of leaves plus thresholds; 0 before fitting."""
        return 0 if self._fitted is None else len(self._fitted[1].feature)

    def _state(self) -> tuple[str, Forest, Any]:
        if self._fitted is None:
            raise NotFitted(f"{self.name} is not fitted; call fit first")
        return self._fitted
