"""Several taggers as one: their mean, or the mixture that predicts validation events best.

A mean of K trainings loses the part of their errors that depends on the seed. Weights by validation are stacking of
predictive distributions (Yao, Vehtari, Simpson, Gelman, https://arxiv.org/abs/1704.02030): the shares s_k >= 0 with
sum_k s_k = 1 that minimise - sum_i w_i log sum_k s_k p_k(y_i | x_i).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from kaon.data import Batch, Events, InputSpec, Predictions
from kaon.data.bundle import Bundle
from kaon.data.provenance import software_versions
from kaon.errors import BundleError, ConfigError, DataError
from kaon.learn.augment import Symmetries
from kaon.learn.tagger import Tagger
from kaon.represent.base import Representation

__all__ = ["NAME", "By", "Ensemble", "load", "mixture_shares", "shares_of"]

By = Literal["mean", "validation"]

NAME = "ensemble"
"""What a bundle of several taggers has for a model's name."""

_FLOOR = 1e-12


@dataclass(frozen=True)
class Ensemble:
    """Taggers whose class probabilities are averaged; it predicts, is saved and is loaded as one tagger.

    Args:
        members: of the same classes; models and representations may differ.
        shares: of each member in the mean, not negative, with sum one; equal ones by default.
        by: how they were found.

    Raises:
        ConfigError: no members, different classes, or shares that are none.
    """

    members: tuple[Tagger, ...]
    shares: tuple[float, ...] = ()
    by: str = "mean"

    def __post_init__(self) -> None:
        if not self.members or any(m.classes != self.members[0].classes for m in self.members):
            found = sorted({", ".join(m.classes) for m in self.members})
            raise ConfigError(f"an ensemble needs members of the same classes, at least one; given: {found}")
        shares = self.shares or (1 / len(self.members),) * len(self.members)
        if len(shares) != len(self.members) or min(shares) < 0 or not np.isclose(sum(shares), 1):
            raise ConfigError(f"shares={shares} of {len(self.members)} members must be positive and have the sum 1")
        object.__setattr__(self, "shares", tuple(float(share) for share in shares))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, the signal last."""
        return self.members[0].classes

    @property
    def model_name(self) -> str:
        """`5 x dn`, or `3 x dn + 2 x bdt`."""
        counts = Counter(member.model_name for member in self.members)
        return " + ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())

    @property
    def parameter_count(self) -> int:
        """Trainable numbers of all members."""
        return sum(member.parameter_count for member in self.members)

    @property
    def representation(self) -> Representation:
        """The one that all members read.

        Raises:
            ConfigError: they read different ones.
        """
        if len({_key(member) for member in self.members}) > 1:
            raise ConfigError(
                f"the members of {self.model_name} read different inputs, so the ensemble has no single "
                "representation; export or use them one by one"
            )
        return self.members[0].representation

    @property
    def spec(self) -> InputSpec:
        """What all members read."""
        return self.representation.spec

    @property
    def symmetries(self) -> Symmetries | None:
        """Over which all members average.

        Raises:
            ConfigError: they average over different ones.
        """
        found = [member.symmetries if member.views > 1 else None for member in self.members]
        if any(one != found[0] for one in found):
            raise ConfigError(f"the members of {self.model_name} average over different symmetries of the detector")
        return found[0]

    @property
    def views(self) -> int:
        """Most copies of an event that a member sees."""
        return max(member.views for member in self.members)

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns that are enough to predict; None where a representation does not tell."""
        found = [member.columns for member in self.members]
        return None if None in found else tuple(dict.fromkeys(name for names in found for name in names or ()))

    @property
    def training(self) -> Mapping[str, Any]:
        """How it was put together; JSON values."""
        return {"by": self.by, "shares": list(self.shares), "members": [dict(m.training) for m in self.members]}

    def predict(self, events: Events) -> Predictions:
        """Mean class probabilities of events, with their targets, weights and spectators."""
        return self.predictions(self.probabilities(events), events)

    def predictions(self, score: NDArray[np.float32], events: Events, **info: Any) -> Predictions:
        """Scores of events, (events, classes), with what belongs to them; spectators are those of any member."""
        names = tuple(dict.fromkeys(name for member in self.members for name in member.spectators))
        made = replace(self.members[0], spectators=names).predictions(score, events)
        return replace(made, info={"model": self.model_name, **info})

    def probabilities(self, events: Events, batch: Batch | None = None) -> NDArray[np.float32]:
        """Mean class probabilities of events, (events, classes).

        Args:
            events: with the columns of all representations.
            batch: the same events as represented, where all members read alike.
        """
        batches = {} if batch is None else {_key(self.members[0]): batch}
        scores = []
        for member in self.members:
            if member.views == 1 and _key(member) not in batches:  # representations are often the larger part
                batches[_key(member)] = member.representation.transform(events)
            scores.append(member.probabilities(events, batches.get(_key(member))))
        return self._mean(scores)

    def predict_batch(self, batch: Batch) -> NDArray[np.float32]:
        """Mean class probabilities of events as they are represented, each seen once; for members that read alike."""
        self.spec.check(batch.inputs)
        return self._mean([member.predict_batch(batch) for member in self.members])

    def _mean(self, scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        total: Any = sum(share * score.astype(np.float64) for share, score in zip(self.shares, scores, strict=True))
        return np.asarray(total, np.float32)

    def to_bundle(self) -> Bundle:
        """Everything as one file's content: members are numbered, `0.layer.weight`."""
        bundles = [member.to_bundle() for member in self.members]
        noted = bundles[0].training.get("augmentation") if self.views > 1 else None
        return Bundle(
            model=NAME,
            options={"by": self.by, "shares": list(self.shares), "members": [_described(b) for b in bundles]},
            representation=bundles[0].representation,
            representation_state=bundles[0].representation_state,
            spec=bundles[0].spec,
            classes=self.classes,
            tensors={f"{i}.{name}": value for i, b in enumerate(bundles) for name, value in b.tensors.items()},
            texts={f"{i}.{name}": text for i, b in enumerate(bundles) for name, text in b.texts.items()},
            training={"versions": software_versions(), **({} if noted is None else {"augmentation": noted})},
        )

    @classmethod
    def from_bundle(cls, bundle: Bundle, sources: Sequence[str | os.PathLike[str]] = ()) -> Ensemble:
        """Undo `to_bundle`.

        Raises:
            BundleError: a member is damaged.
            UnknownName: the model or representation of a member is not registered here.
        """
        try:
            members = tuple(
                Tagger.from_bundle(
                    Bundle(
                        **{**described, "spec": InputSpec.from_json(json.dumps(described["spec"]))},
                        classes=bundle.classes,
                        tensors=_own(bundle.tensors, i),
                        texts=_own(bundle.texts, i),
                    ),
                    sources,
                )
                for i, described in enumerate(bundle.options["members"])
            )
            return cls(members, tuple(bundle.options["shares"]), str(bundle.options["by"]))
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise BundleError(f"the bundle's ensemble is damaged: {error}") from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a `.kaon` bundle, which `kaon.load` reads."""
        self.to_bundle().save(path)
        return Path(path)


def shares_of(predictions: Sequence[Predictions], by: By = "mean") -> tuple[float, ...]:
    """The shares of members from what they say of the same validation events.

    Args:
        predictions: of each member, labelled.
        by: mean for equal shares; validation for those of the best mixture.

    Raises:
        ConfigError: another way.
        DataError: predictions of different events, or without labels.
    """
    if by not in get_args(By):
        raise ConfigError(f"ensemble by {by!r}; allowed: {', '.join(get_args(By))}")
    if by == "mean" or len(predictions) == 1:
        return (1 / len(predictions),) * len(predictions)
    first = predictions[0]
    if any(len(p) != len(first) or not np.array_equal(p.labels, first.labels) for p in predictions):
        raise DataError("the members were not validated on the same events, so they cannot be weighted by these")
    rows = np.arange(len(first))
    return mixture_shares(np.stack([p.score[rows, first.labels] for p in predictions], axis=1), first.weights)


def mixture_shares(likelihood: ArrayLike, weight: ArrayLike) -> tuple[float, ...]:
    """The shares that minimise -sum_i w_i log sum_k s_k p_ik / sum_i w_i, on the simplex.

    Negative weights count as they are, so that the loss is that of the physical sample; it may then have no convex
    shape, and equal shares are kept where nothing better is found.

    Args:
        likelihood: p_ik, the probability that member k gives to the true class of event i, (events, members).
        weight: w_i, (events,).

    Raises:
        DataError: no events, or weights whose sum is not positive.

    >>> [round(s, 2) for s in mixture_shares([[0.9, 0.1], [0.8, 0.2]], [1.0, 1.0])]
    [1.0, 0.0]
    """
    p = np.maximum(np.asarray(likelihood, np.float64), _FLOOR)
    w = np.asarray(weight, np.float64)
    if not len(p) or not w.sum() > 0:
        raise DataError(f"{len(p)} validation events of total weight {w.sum():.4g} cannot weight the members")
    w = w / w.sum()
    equal = np.full(p.shape[1], 1 / p.shape[1])

    def loss(s: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mixture = np.maximum(p @ s, _FLOOR)
        return float(-w @ np.log(mixture)), -(w / mixture) @ p

    found = minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(equal),
        constraints={"type": "eq", "fun": lambda s: s.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 500},
    )
    s = np.clip(found.x, 0, 1) / np.clip(found.x, 0, 1).sum()
    return tuple(float(v) for v in (s if np.isfinite(s).all() and loss(s)[0] <= loss(equal)[0] else equal))


def _key(member: Tagger) -> str:
    return json.dumps([member.representation_name, member.representation.state()], sort_keys=True, default=str)


def _described(bundle: Bundle) -> dict[str, Any]:
    names = ("model", "options", "representation", "representation_state", "training")
    return {name: getattr(bundle, name) for name in names} | {"spec": json.loads(bundle.spec.to_json())}


def _own(named: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {name.removeprefix(f"{number}."): value for name, value in named.items() if name.startswith(f"{number}.")}


def load(path: str | os.PathLike[str], sources: Sequence[str | os.PathLike[str]] = ()) -> Tagger | Ensemble:
    """Read a `.kaon` bundle: a tagger, or several as one.

    Args:
        path: the bundle.
        sources: Python files with the VARIANTS of a user's own models or representations; no other file is run.

    Raises:
        BundleError: the file is damaged, from a newer kaon, inconsistent, or needs a source that is not named.
    """
    bundle = Bundle.load(path)
    return Ensemble.from_bundle(bundle, sources) if bundle.model == NAME else Tagger.from_bundle(bundle, sources)
