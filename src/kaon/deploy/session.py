"""An exported model in ONNX Runtime: it predicts as the tagger it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kaon.data import Batch, Events, InputSpec, Predictions
from kaon.deploy.metadata import Metadata
from kaon.errors import BundleError
from kaon.extras import require
from kaon.learn.augment import Symmetries
from kaon.learn.tagger import SPECTATORS, columns_read, spectators_of
from kaon.represent.base import Representation

__all__ = ["OnnxTagger", "run", "session"]

_SLICE = 4096
"""Events a run: bounds the memory of prediction."""


@dataclass(frozen=True)
class OnnxTagger:
    """An ONNX file that `export_onnx` wrote, with the representation that it names.

    Args:
        session: of ONNX Runtime.
        metadata: what the file says of itself.
        representation: fitted.
    """

    session: Any
    metadata: Metadata
    representation: Representation

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], threads: int = 1, sources: Sequence[str | os.PathLike[str]] = ()
    ) -> Self:
        """Read an ONNX file.

        Args:
            path: the file.
            threads: of ONNX Runtime.
            sources: Python files of a user's own representation; no other file is run.

        Raises:
            BundleError: no such file, damaged, or not written by kaon.
            MissingExtra: ONNX Runtime is not installed.
        """
        opened = session(path, threads)
        metadata = Metadata.from_properties(opened.get_modelmeta().custom_metadata_map, str(path))
        return cls(opened, metadata, metadata.fitted(sources))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, the signal last."""
        return self.metadata.classes

    @property
    def model_name(self) -> str:
        """Registry name of the model it was exported from."""
        return self.metadata.model

    @property
    def spec(self) -> InputSpec:
        """What the graph reads."""
        return self.metadata.spec

    def predict(self, events: Events) -> Predictions:
        """Class probabilities of events, with their targets, weights and spectators."""
        names = self.metadata.training.get("spectators", SPECTATORS)
        return Predictions(
            self._probabilities(events),
            events.target if events.classes in ((), self.classes) else None,
            events.weight,
            events.index,
            self.classes,
            spectators_of(events, names),
            {"model": self.model_name},
        )

    def _probabilities(self, events: Events) -> NDArray[np.float32]:
        def once(seen: Events) -> NDArray[np.float32]:
            return self.predict_batch(self.representation.transform(seen))

        return once(events) if self.symmetries is None else self.symmetries.averaged(events, once)

    @property
    def symmetries(self) -> Symmetries | None:
        """Over which predictions of events are averaged: the graph itself sees an event once."""
        noted = self.metadata.training.get("augmentation")
        return None if noted is None else Symmetries.from_json(noted)

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns that are enough to predict; None where the representation does not tell."""
        return columns_read(self.representation, self.symmetries)

    def predict_batch(self, batch: Batch) -> NDArray[np.float32]:
        """Class probabilities, (events, classes) float32."""
        self.spec.check(batch.inputs)
        pieces = (batch.take(slice(start, start + _SLICE)) for start in range(0, len(batch), _SLICE))
        none = np.zeros((0, len(self.classes)), np.float32)
        return np.concatenate([none, *(run(self.session, piece.inputs) for piece in pieces)])


def session(model: str | os.PathLike[str] | bytes, threads: int = 1) -> Any:
    """A session of ONNX Runtime on the CPU, deterministic and silent.

    Args:
        model: a file, or the content of one.
        threads: most threads of one run.

    Raises:
        BundleError: no such file, or not an ONNX model that this ONNX Runtime can run.
        MissingExtra: ONNX Runtime is not installed.
    """
    runtime = require("onnxruntime")
    if not isinstance(model, bytes) and not Path(model).is_file():
        raise BundleError(f"{model} does not exist, or is a folder; give an .onnx file")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        source = model if isinstance(model, bytes) else os.fspath(model)
        return runtime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of ONNX Runtime share no other base
        where = "the exported model" if isinstance(model, bytes) else model
        raise BundleError(f"ONNX Runtime {runtime.__version__} cannot run {where}: {error}") from error


def run(opened: Any, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """The `score` of one batch, (events, classes); inputs that the graph does not use are left out."""
    used = {i.name: np.ascontiguousarray(inputs[i.name]) for i in opened.get_inputs()}
    score: NDArray[np.float32] = opened.run(["score"], used)[0]
    return score
