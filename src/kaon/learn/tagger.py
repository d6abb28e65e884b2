"""A trained model together with the representation that feeds it: the thing that predicts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kaon.data import Batch, Events, InputSpec, Predictions
from kaon.data.bundle import Bundle
from kaon.data.provenance import software_versions
from kaon.data.scalars import has_scalar, scalar
from kaon.errors import BundleError
from kaon.learn.augment import Symmetries
from kaon.models.base import Net, Trees
from kaon.registry import lookup_saved, origin
from kaon.represent.base import Representation
from kaon.represent.tabular import Tabular

__all__ = ["SPECTATORS", "Tagger", "columns_read", "load", "spectators_of"]

SPECTATORS = ("jet_pt", "jet_eta", "jet_mass")
"""Columns carried into the predictions where the events have them."""

_SLICE = 4096
"""Events a forward pass: bounds the memory of prediction."""


@dataclass(frozen=True)
class Tagger:
    """A fitted model with its representation and class names.

    Args:
        model: the fitted network or trees.
        model_name: registry name.
        options: hyper-parameters that were given.
        representation: fitted.
        representation_name: registry name.
        classes: class names, the signal last.
        spectators: columns carried into the predictions.
        training: how it was trained; JSON values.
        symmetries: of the detector, over which predictions of events are averaged; None for none.
    """

    model: Net | Trees
    model_name: str
    representation: Representation
    representation_name: str
    classes: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    spectators: tuple[str, ...] = SPECTATORS
    training: Mapping[str, Any] = field(default_factory=dict)
    symmetries: Symmetries | None = None

    @property
    def spec(self) -> InputSpec:
        """What the model reads."""
        return self.representation.spec

    @property
    def parameter_count(self) -> int:
        """Trainable numbers of the model."""
        return self.model.parameter_count

    def predict(self, events: Events) -> Predictions:
        """Class probabilities of events, with their targets, weights and spectators."""
        return self.predictions(self.probabilities(events), events)

    @property
    def views(self) -> int:
        """How many copies of an event a prediction averages over: 1 without test-time augmentation."""
        return 1 if self.symmetries is None else len(self.symmetries.views)

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns that are enough to predict; None where the representation does not tell."""
        return columns_read(self.representation, self.symmetries)

    def probabilities(self, events: Events, batch: Batch | None = None) -> NDArray[np.float32]:
        """Class probabilities of events, (events, classes), averaged over the symmetries that the tagger was given.

        Args:
            events: with the columns of the representation.
            batch: the same events as represented, if that was done before.
        """
        if self.symmetries is None or self.views == 1:
            return self.predict_batch(self.representation.transform(events) if batch is None else batch)
        return self.symmetries.averaged(events, lambda e: self.predict_batch(self.representation.transform(e)))

    def predictions(self, score: NDArray[np.float32], events: Events, **info: Any) -> Predictions:
        """Scores of events that were represented before, (events, classes), with what belongs to them."""
        return Predictions(
            score,
            events.target if events.classes in ((), self.classes) else None,
            events.weight,
            events.index,
            self.classes,
            spectators_of(events, self.spectators),
            {"model": self.model_name, **info},
        )

    def predict_batch(self, batch: Batch) -> NDArray[np.float32]:
        """Class probabilities of events as they are represented, (events, classes) float32; each is seen once."""
        self.spec.check(batch.inputs)
        if isinstance(self.model, Trees):
            return self.model.predict(batch.inputs)
        self.model.eval()
        device = next(self.model.parameters()).device
        parts = [np.zeros((0, len(self.classes)), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(batch), _SLICE):
                piece = batch.take(slice(start, start + _SLICE))
                inputs = {k: torch.from_numpy(np.ascontiguousarray(v)).to(device) for k, v in piece.inputs.items()}
                parts.append(self.model(inputs).float().softmax(1).cpu().numpy())
        return np.concatenate(parts)

    def to_bundle(self) -> Bundle:
        """Everything as one file's content."""
        tensors: dict[str, NDArray[Any]] = {}
        texts: dict[str, str] = {}
        if isinstance(self.model, Trees):
            texts["trees"] = self.model.to_text()
        else:
            tensors = {name: value.detach().cpu().numpy() for name, value in self.model.state_dict().items()}
        noted = {} if self.symmetries is None else {"augmentation": self.symmetries.to_json()}
        return Bundle(
            model=self.model_name,
            options=dict(self.options),
            representation=self.representation_name,
            representation_state=self.representation.state(),
            spec=self.spec,
            classes=self.classes,
            tensors=tensors,
            texts=texts,
            training={"spectators": list(self.spectators), "versions": software_versions(), **self.training, **noted},
        )

    @classmethod
    def from_bundle(cls, bundle: Bundle, sources: Sequence[str | os.PathLike[str]] = ()) -> Tagger:
        """Undo `to_bundle`.

        Args:
            bundle: the file's content.
            sources: Python files with the VARIANTS of a user's own model or representation; no other file is run.

        Raises:
            BundleError: the weights do not fit the model.
            UnknownName: the model or representation is not registered here.
        """
        if "members" in bundle.options:
            raise BundleError("this bundle holds several taggers as one; open it with kaon.load")
        kind: type[Representation] = origin(lookup_saved("kaon.represent", bundle.representation, sources))
        fitted = kind.from_state(bundle.representation_state)
        model = lookup_saved("kaon.models", bundle.model, sources)(bundle.spec, len(bundle.classes), **bundle.options)
        if isinstance(model, Trees):
            if "trees" not in bundle.texts:
                raise BundleError(f"the bundle of {bundle.model} holds no trees")
            model.load_text(bundle.texts["trees"])
        else:
            try:
                model.load_state_dict({name: torch.from_numpy(v.copy()) for name, v in bundle.tensors.items()})
            except (RuntimeError, TypeError) as error:
                raise BundleError(f"the weights do not fit the model {bundle.model}: {error}") from error
            model.eval()
        training = dict(bundle.training)
        noted = training.pop("augmentation", None)
        spectators = tuple(training.pop("spectators", SPECTATORS))
        return cls(
            model,
            bundle.model,
            fitted,
            bundle.representation,
            bundle.classes,
            bundle.options,
            spectators,
            training,
            None if noted is None else Symmetries.from_json(noted),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a `.kaon` bundle."""
        self.to_bundle().save(path)
        return Path(path)


def load(path: str | os.PathLike[str], sources: Sequence[str | os.PathLike[str]] = ()) -> Tagger:
    """Read a `.kaon` bundle of one tagger; `kaon.load` reads ensembles as well.

    Args:
        path: the bundle.
        sources: Python files with the VARIANTS of a user's own model or representation; no other file is run.

    Raises:
        BundleError: the file is damaged, from a newer kaon, inconsistent, or needs a source that is not named.
    """
    return Tagger.from_bundle(Bundle.load(path), sources)


def columns_read(representation: Representation, symmetries: Symmetries | None = None) -> tuple[str, ...] | None:
    """Columns that are enough to predict: the features of plain columns, and what turning these needs beside them.

    None where the representation does not tell.
    """
    features = representation.options.get("features") if isinstance(representation, Tabular) else None
    if features is None or symmetries is None or len(symmetries.views) == 1:
        return None if features is None else tuple(features)
    return tuple(dict.fromkeys((*features, *symmetries.partners(features))))


def spectators_of(events: Events, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Those of the named columns that the events have, (events,) each; jet kinematics come from `jet` if need be.

    `jet_pt=Pt` is the column `Pt` under the name `jet_pt`.
    """
    pairs = [(name, column or name) for name, _, column in (given.partition("=") for given in names)]
    return {name: scalar(events, column) for name, column in pairs if has_scalar(events, column)}
