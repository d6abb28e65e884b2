"""Transfer: the features that a network learned from one task, with a new head, for another task.

Yosinski, Clune, Bengio, Lipson, https://arxiv.org/abs/1411.1792. The representation is kept as it was fitted, with its
normalisation constants: features mean what they mean for inputs that are scaled as they were. The head is found without
a convention of names, as those parameters whose shape depends on the number of classes; everything before it is the
features.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kaon.data import Batch, Events, InputSpec
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.learn.ensemble import load
from kaon.learn.tagger import Tagger
from kaon.models.base import Net, Solved
from kaon.registry import lookup
from kaon.validation import reasons

__all__ = ["Freeze", "Start", "StartConfig", "fingerprint", "head_names"]

Freeze = Literal["none", "features"]


@dataclass(frozen=True)
class Start:
    """A trained tagger whose features a training starts with.

    Args:
        tagger: a network, which is not changed.
        freeze: features trains the head alone, with the rest in evaluation mode: no weight and no statistic of it
            changes. none trains all weights on from where they are.
        feature_rate: learning rate of the features, as a fraction of that of the head, where they are not frozen.
        name: of the tagger, for the provenance.

    Raises:
        ConfigError: trees, or a model that is solved, have no features to keep; or numbers that make no sense.
    """

    tagger: Tagger
    freeze: Freeze = "none"
    feature_rate: float = 1.0
    name: str = "tagger"

    def __post_init__(self) -> None:
        model = self.tagger.model
        if not isinstance(model, Net) or isinstance(model, Solved):
            kind = "is solved at once" if isinstance(model, Net) else "is made of trees"
            raise ConfigError(
                f"{self.tagger.model_name} {kind}, and has no learned features under a head that could be kept; start "
                "from a network, such as mlp, cnn or pfn"
            )
        if self.freeze not in ("none", "features") or not 0 < self.feature_rate < float("inf"):
            raise ConfigError(
                f"freeze={self.freeze!r}, feature_rate={self.feature_rate}: freeze is none or features, and the rate "
                "must be positive; freeze=features keeps the features as they are"
            )

    def represent(self, events: Events) -> Batch:
        """Events as the tagger's own representation sees them.

        Raises:
            DataError: they lack its columns, or have another size.
        """
        try:
            return self.tagger.representation.transform(events)
        except (DataError, UnknownName) as error:
            own = self.tagger
            read = ", ".join(f"{i.name} {i.shape}" for i in own.spec)
            raise DataError(
                f"{error}. The {own.model_name} of {self.name} reads {read} as {own.representation_name} makes them, "
                "and its features fit nothing else: bring the events to that form (the same columns, channels and size "
                "of images), or train from scratch"
            ) from error

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Hyper-parameters of the tagger, with those that were given instead."""
        return {**self.tagger.options, **given}

    def check(self, model: str, representation: str | None, representation_options: Mapping[str, Any]) -> None:
        """Raise unless the settings agree with the tagger.

        Raises:
            ConfigError: another model or representation is asked for.
        """
        own = self.tagger
        if _stem(model) != _stem(own.model_name):
            raise ConfigError(f"{self.name} holds a {own.model_name}, not a {model}; leave the model out, or name that")
        if representation not in (None, own.representation_name) or representation_options:
            raise ConfigError(
                f"{self.name} keeps its representation {own.representation_name} as it was fitted, with its "
                "normalisation, because its features mean something for that only; leave representation and its "
                "options out"
            )

    def give(self, net: Net, options: Mapping[str, Any], model: str) -> frozenset[str]:
        """Put the features into a new network; its head stays as it was made.

        Args:
            net: of the same model, for the new classes.
            options: its hyper-parameters.
            model: its registered name, or file.

        Returns:
            Names of the parameters of the head.

        Raises:
            ConfigError: there is no head, or the features have other shapes with these hyper-parameters.
        """
        head = head_names(model, self.tagger.spec, options)
        assert isinstance(self.tagger.model, Net)
        old, new = self.tagger.model.state_dict(), net.state_dict()
        kept = {name: value for name, value in old.items() if name not in head}
        wrong = sorted(
            name
            for name in {*kept, *new} - head
            if name not in kept or name not in new or kept[name].shape != new[name].shape
        )
        if wrong:
            raise ConfigError(
                f"the features of {self.name} do not fit a {model} with {dict(options)}: {', '.join(wrong[:4])} "
                f"differ; its own options are {dict(self.tagger.options)}"
            )
        net.load_state_dict({**new, **kept})
        return head & {name for name, _ in net.named_parameters()}

    def rates(self, net: Net, head: frozenset[str]) -> dict[str, float]:
        """Relative learning rates of the parameters that have one of their own."""
        if self.feature_rate == 1:
            return {}
        return {name: self.feature_rate for name, _ in net.named_parameters() if name not in head}

    def noted(self) -> dict[str, Any]:
        """Provenance: which features, of what, and what became of them; JSON values without a path."""
        return {
            "name": self.name,
            "fingerprint": fingerprint(self.tagger),
            "data": self.tagger.training.get("data"),
            "classes": list(self.tagger.classes),
            "freeze": self.freeze,
            "feature_rate": self.feature_rate,
        }


class StartConfig(BaseModel):
    """The trained tagger whose features a run starts with, and what it does to them.

    Args:
        model_from: `.kaon` file of the tagger; its model, options and fitted representation are kept, its head is new.
        freeze: features trains the new head alone (quick: what it reads is computed once), none all weights.
        feature_rate: learning rate of the features, as a fraction of that of the head; with freeze none.
        fingerprint: of the tagger, filled in by the run; a file that has changed since is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_from: str
    freeze: Freeze = "none"
    feature_rate: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    fingerprint: str | None = None

    @model_validator(mode="after")
    def _rate_of_something(self) -> Self:
        if self.freeze == "features" and self.feature_rate != 1:
            raise ValueError("feature_rate is for features that are trained; with freeze=features they are not")
        return self

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Validate settings.

        Raises:
            ConfigError: every wrong setting, with what is allowed.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError(f"the start of a training: {reasons(error)}") from error

    def open(self, sources: Sequence[str | os.PathLike[str]] = ()) -> Start:
        """Read the tagger.

        Args:
            sources: Python files of the user's own models, as for `kaon.load`.

        Raises:
            BundleError: the file is no whole bundle.
            ConfigError: it holds an ensemble or no network, or another tagger than the fingerprint says.
        """
        path = Path(self.model_from)
        tagger = load(path, sources)
        if not isinstance(tagger, Tagger):
            raise ConfigError(
                f"{path} holds several taggers as one; start from one of them (members/seed0/bundle.kaon)"
            )
        if self.fingerprint is not None and self.fingerprint != fingerprint(tagger):
            raise ConfigError(
                f"{path} is not the tagger that this run was begun with; start a new run in another folder"
            )
        return Start(tagger, self.freeze, self.feature_rate, path.name)


def head_names(model: str, spec: InputSpec, options: Mapping[str, Any]) -> frozenset[str]:
    """Names of the tensors of a network whose shapes depend on the number of classes: its head.

    Args:
        model: registered name, or a Python file with VARIANTS.
        spec: what it reads.
        options: its hyper-parameters.

    Raises:
        ConfigError: there are none, or the network is nothing else.
    """
    with torch.random.fork_rng(devices=[]):
        nets = [lookup("kaon.models", model)(spec, outputs, **options) for outputs in (3, 4)]
    three, four = (net.state_dict() for net in nets)
    found = frozenset(n for n in three if n not in four or three[n].shape != four[n].shape)
    learned = {name for name, _ in nets[0].named_parameters()}
    if not found or found >= learned:
        raise ConfigError(
            f"{model} has {'no layer that depends' if not found else 'only layers that depend'} on the number of "
            "classes, so that features and head cannot be told apart; start from another network"
        )
    return found


def fingerprint(tagger: Tagger) -> str:
    """Equal only for the same network, weights, representation and classes, wherever and whenever it was saved."""
    bundle = tagger.to_bundle()
    made = hashlib.blake2b(digest_size=16)
    described = [
        _stem(bundle.model),
        bundle.options,
        bundle.representation,
        bundle.representation_state,
        bundle.classes,
    ]
    made.update(json.dumps(described, sort_keys=True).encode())
    for name, value in sorted(bundle.tensors.items()):
        made.update(f"{name} {value.dtype} {value.shape}".encode())
        made.update(np.ascontiguousarray(value).tobytes())
    return made.hexdigest()


def _stem(model: str) -> str:
    """A model's name; of a Python file without its folder, which differs between machines."""
    return model if ".py" not in model else model.replace("\\", "/").rsplit("/", 1)[-1]
