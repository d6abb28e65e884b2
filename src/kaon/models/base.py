"""What every model is: a network (`Net`) or boosted trees (`Trees`), from an InputSpec and a number of outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from kaon.data import Batch, InputSpec

__all__ = ["Net", "Trees"]


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


class Trees(ABC):
    """Boosted decision trees: flat features in, class probabilities out.

    Args:
        spec: what it reads: one input of shape (features,).
        outputs: number of classes.
    """

    representations: ClassVar[tuple[str, ...]] = ("jet_features", "tabular")
    paper: ClassVar[str] = ""
    takes_negative_weights: ClassVar[bool] = False

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
        """Train; returns one row of losses a boosting round. `progress(round, rounds, row)` is called after each."""

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
