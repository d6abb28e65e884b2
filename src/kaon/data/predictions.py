"""Predictions: what a model says of each event, with everything evaluation needs; stored as Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kaon.errors import DataError
from kaon.files import replacing

__all__ = ["Predictions"]

_SPECTATOR = "spectator."


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Predictions:
    """Scores of N events for C classes.

    Args:
        score: class probabilities, (N, C).
        target: class numbers, (N,) int64, or None.
        weight: true event weights, (N,) float64, possibly negative, or None for ones.
        index: event numbers, (N,) int64.
        classes: class names, C of them; the signal is the last.
        spectators: columns carried along, each (N,): the jet mass, its pT, ...
        info: model, seed, ...; any JSON values.

    Raises:
        DataError: shapes do not fit together, or two classes have the same name.
    """

    score: NDArray[np.floating[Any]]
    target: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None
    index: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    spectators: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.score.ndim != 2:
            raise DataError(f"scores have shape {self.score.shape}; needed: (events, classes)")
        n, c = self.score.shape
        if not self.classes:
            object.__setattr__(self, "classes", tuple(f"class_{i}" for i in range(c)))
        if len(self.classes) != c or len(set(self.classes)) < c:
            raise DataError(f"{c} scores an event need as many different class names, not {self.classes}")
        columns = {"target": self.target, "weight": self.weight, "index": self.index, **self.spectators}
        for name, values in columns.items():
            if values is not None and len(values) != n:
                raise DataError(f"{name} has {len(values)} values for {n} events")

    def __len__(self) -> int:
        return len(self.score)

    @property
    def signal_score(self) -> NDArray[np.floating[Any]]:
        """Probability of the last class, (N,)."""
        return self.score[:, -1]

    @property
    def weights(self) -> NDArray[np.float64]:
        """Event weights, (N,); ones where none were given."""
        return np.ones(len(self)) if self.weight is None else self.weight

    @property
    def labels(self) -> NDArray[np.int64]:
        """Targets, (N,).

        Raises:
            DataError: there are none.
        """
        if self.target is None:
            raise DataError("these predictions carry no labels, so they cannot be evaluated")
        return self.target

    def take(self, chosen: NDArray[Any] | slice) -> Predictions:
        """The chosen events: a boolean mask, positions, or a slice."""
        return replace(
            self,
            score=self.score[chosen],
            target=None if self.target is None else self.target[chosen],
            weight=None if self.weight is None else self.weight[chosen],
            index=None if self.index is None else self.index[chosen],
            spectators={k: v[chosen] for k, v in self.spectators.items()},
        )

    @staticmethod
    def concatenate(parts: Sequence[Predictions]) -> Predictions:
        """All events of the parts, in order; spectators that all of them have are kept.

        Raises:
            DataError: no parts, or parts with different classes.
        """
        if not parts or any(p.classes != parts[0].classes for p in parts):
            raise DataError("only predictions of the same classes can be put together")

        def join(name: str) -> NDArray[Any] | None:
            values = [getattr(p, name) for p in parts]
            return None if any(v is None for v in values) else np.concatenate(values)

        common = set.intersection(*(set(p.spectators) for p in parts))
        return replace(
            parts[0],
            score=np.concatenate([p.score for p in parts]),
            target=join("target"),
            weight=np.concatenate([p.weights for p in parts]) if any(p.weight is not None for p in parts) else None,
            index=join("index"),
            spectators={
                k: np.concatenate([p.spectators[k] for p in parts]) for k in parts[0].spectators if k in common
            },
        )

    def to_table(self) -> Any:
        """As an Arrow table: `index`, `target`, `weight`, one `score_<class>` a class, `spectator.<name>`."""
        columns: dict[str, Any] = {}
        for name in ("index", "target", "weight"):
            if getattr(self, name) is not None:
                columns[name] = getattr(self, name)
        for i, name in enumerate(self.classes):
            columns[f"score_{name}"] = np.ascontiguousarray(self.score[:, i])
        columns |= {f"{_SPECTATOR}{k}": v for k, v in self.spectators.items()}
        note = json.dumps({"classes": self.classes, "info": dict(self.info)}, default=str)
        return pa.table(columns).replace_schema_metadata({"kaon_predictions": note})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a Parquet file."""
        with replacing(path) as scratch:
            pq.write_table(self.to_table(), scratch)
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictions:
        """Read what `save` wrote.

        Raises:
            DataError: not a file of predictions, or damaged.
        """
        try:
            table = pq.read_table(path)
            note = json.loads(table.schema.metadata[b"kaon_predictions"])
            columns = {name: table[name].to_numpy() for name in table.column_names}
            classes = tuple(note["classes"])
            score = np.stack([columns[f"score_{c}"] for c in classes], axis=1)
            info = dict(note["info"])
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path} is not a file of kaon predictions: {error}") from error
        return cls(
            score=score,
            target=columns.get("target"),
            weight=columns.get("weight"),
            index=columns.get("index"),
            classes=classes,
            spectators={k.removeprefix(_SPECTATOR): v for k, v in columns.items() if k.startswith(_SPECTATOR)},
            info=info,
        )
