"""What an ONNX file says of itself, so that it can be run alone: classes, representation, specification."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

from kaon.data import InputSpec
from kaon.data.provenance import software_versions
from kaon.errors import BundleError, DataError
from kaon.learn.ensemble import Ensemble
from kaon.learn.tagger import Tagger
from kaon.registry import lookup_saved, origin
from kaon.represent.base import Representation

__all__ = ["FORMAT", "Metadata"]

FORMAT = 1
"""Version of the entries; it grows when an older kaon could not read them any more."""


@dataclass(frozen=True)
class Metadata:
    """The entries of an exported file.

    Args:
        model: registered name of the model.
        classes: names of the columns of `score`, the signal last.
        representation: registered name of the representation.
        state: of the fitted representation; JSON values.
        spec: what the graph reads.
        training: provenance; JSON values.
    """

    model: str
    classes: tuple[str, ...]
    representation: str
    state: dict[str, Any]
    spec: InputSpec
    training: dict[str, Any]

    @classmethod
    def of(cls, tagger: Tagger | Ensemble) -> Self:
        """Those of a fitted tagger, or of several that read the same inputs."""
        bundle = tagger.to_bundle()
        return cls(
            tagger.model_name,
            bundle.classes,
            bundle.representation,
            bundle.representation_state,
            bundle.spec,
            bundle.training,
        )

    def to_properties(self) -> dict[str, str]:
        """As the key-value texts that ONNX keeps; the values are JSON."""
        values = {
            "format": FORMAT,
            "version": software_versions().get("kaon", ""),
            "model": self.model,
            "classes": self.classes,
            "representation": self.representation,
            "representation_state": self.state,
            "spec": json.loads(self.spec.to_json()),
            "training": self.training,
        }
        return {f"kaon_{key}": json.dumps(value, sort_keys=True) for key, value in values.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str], path: str) -> Self:
        """Undo `to_properties`.

        Raises:
            BundleError: the entries are not kaon's, damaged, or from a newer format.
        """
        if "kaon_format" not in properties:
            raise BundleError(f"{path} was not written by `kaon export`: it does not say what its inputs mean")
        try:
            values = {k.removeprefix("kaon_"): json.loads(v) for k, v in properties.items() if k.startswith("kaon_")}
            if values["format"] > FORMAT:
                raise BundleError(
                    f"{path} has format {values['format']}, written by kaon {values.get('version')}; "
                    f"this kaon reads up to format {FORMAT}: upgrade kaon"
                )
            classes = tuple(values["classes"])
            spec = InputSpec.from_json(json.dumps(values["spec"]))
            known = (values["model"], *classes, values["representation"])
            if not all(isinstance(v, str) for v in known) or not isinstance(values["representation_state"], dict):
                raise DataError("a name is not a text")
            training = dict(values["training"])
        except BundleError:
            raise
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BundleError(f"the entries of kaon in {path} are damaged: {error}; export the model again") from error
        return cls(values["model"], classes, values["representation"], values["representation_state"], spec, training)

    def fitted(self, sources: Sequence[str | PathLike[str]] = ()) -> Representation:
        """The fitted representation.

        Args:
            sources: Python files of a user's own representation; no other file is run.

        Raises:
            UnknownName: it is not registered here.
            BundleError: its state is damaged.
        """
        kind: type[Representation] = origin(lookup_saved("kaon.represent", self.representation, sources))
        try:
            return kind.from_state(self.state)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"the state of the representation {self.representation} is damaged: {error}") from error
