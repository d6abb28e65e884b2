"""Export to ONNX, the form that runs in an experiment's C++ without Python; nothing is written before it agrees."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kaon.data import Batch
from kaon.data.forest import Forest
from kaon.data.provenance import software_versions
from kaon.deploy.ensemble_graph import ensemble_graph
from kaon.deploy.metadata import Metadata
from kaon.deploy.net_graph import net_graph
from kaon.deploy.samples import net_samples, tree_samples
from kaon.deploy.session import run, session
from kaon.deploy.tree_graph import tree_graph
from kaon.errors import ConfigError, DataError
from kaon.extras import require
from kaon.files import replacing
from kaon.learn.ensemble import Ensemble
from kaon.learn.tagger import Tagger
from kaon.models.base import Net

__all__ = ["ExportReport", "export_onnx"]


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Args:
        path: the file.
        max_difference: largest difference of a class probability between ONNX Runtime and the original; None if it
            was not checked.
        rounding: how far the original itself is from its values in double precision, where that is what makes the
            difference larger than the tolerance; 0 elsewhere.
        events: how many events were compared.
        inputs: name -> shape of the graph's inputs; a text is a dynamic axis.
        outputs: name -> shape of the graph's outputs.
    """

    path: Path
    max_difference: float | None
    rounding: float
    events: int
    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]


def export_onnx(
    tagger: Tagger | Ensemble,
    path: str | os.PathLike[str],
    *,
    data: Batch | None = None,
    opset: int = 18,
    check: bool = True,
    tolerance: float = 1e-5,
) -> ExportReport:
    """Write a fitted tagger's model as an ONNX file and compare it with the original in ONNX Runtime.

    The graph reads the arrays of the tagger's `InputSpec` under the same names, with dynamic batch and constituents,
    normalises them itself, and returns `score`, (batch, classes) float32 probabilities. The file's metadata
    (`kaon_classes`, `kaon_spec`, `kaon_representation`, ...) let `kaon predict` run it alone.

    The graph sees each event once. Where the tagger averages over the symmetries of the detector, `kaon predict` does
    so with the exported file too; other programs must feed it the turned and mirrored events and take the mean.

    Args:
        tagger: what to export; of an ensemble all members must read the same inputs.
        path: file to write.
        data: events to compare on, besides the random ones: several batch sizes and constituent counts, empty jets,
            and for trees values exactly on their thresholds.
        opset: version of the ONNX operators.
        check: compare before writing.
        tolerance: largest difference of a probability that is accepted. A network that loses more than that to
            rounding, such as one on differences of nearly massless momenta, must come as near to its own values in
            double precision as the original does, within a factor of two.

    Raises:
        ConfigError: the model has no ONNX form, or an opset below 18.
        DataError: the exported model differs from the original by more than the tolerance; nothing is written.
        MissingExtra: onnx, onnxscript (networks) or onnxruntime (the check) is not installed.
    """
    onnx = require("onnx")
    if not 18 <= opset <= onnx.defs.onnx_opset_version():
        raise ConfigError(f"opset={opset}; this version of onnx can write 18 to {onnx.defs.onnx_opset_version()}")
    samples: Iterable[Mapping[str, NDArray[Any]]]
    if isinstance(tagger, Ensemble):
        _ = tagger.spec, tagger.symmetries  # members that differ in them have no common graph, and this says so
        parts = [_graph(member, opset) for member in tagger.members]
        proto = ensemble_graph([part for part, _ in parts], tagger.shares)
        # Trees take NaN and infinity, which the samples for them hold, and networks do not.
        nets = [isinstance(member.model, Net) for member in tagger.members]
        samples = chain.from_iterable(some for (_, some), net in zip(parts, nets, strict=True) if net or not any(nets))
    else:
        proto, samples = _graph(tagger, opset)
    proto.ir_version = onnx.helper.find_min_ir_version_for(proto.opset_import)  # 8 for opset 18: old readers take it
    proto.producer_name, proto.producer_version = "kaon", software_versions().get("kaon", "")
    onnx.helper.set_model_props(proto, Metadata.of(tagger).to_properties())
    onnx.checker.check_model(proto)
    content = proto.SerializeToString(deterministic=True)
    difference, rounding, events = None, 0.0, 0
    if check:
        given = [] if data is None or not len(data) else [data.inputs, data.take(slice(0, 1)).inputs]
        difference, rounding, events = _compare(tagger, content, chain(given, samples), tolerance)
        if not (difference <= tolerance or rounding):
            raise DataError(
                f"the exported {tagger.model_name} differs from the original by {difference:.2g} in a probability, and "
                f"{tolerance:g} is allowed; nothing was written. Allow more with tolerance=, or report a fault of kaon"
            )
    with replacing(path) as scratch:
        scratch.write_bytes(content)
    return ExportReport(
        Path(path), difference, rounding, events, _shapes(proto.graph.input), _shapes(proto.graph.output)
    )


def _graph(tagger: Tagger, opset: int) -> tuple[Any, Iterable[Mapping[str, NDArray[Any]]]]:
    """The graph of one tagger, and inputs to compare it on."""
    model = tagger.model
    if isinstance(model, Net):
        return net_graph(model, opset), net_samples(tagger.spec, tagger.representation.example)
    if isinstance(forest := _forest(model), Forest):
        (name,) = tagger.spec.names
        return tree_graph(forest, name, opset), tree_samples(forest, name)
    raise ConfigError(f"{tagger.model_name} has no ONNX form: only networks and trees with a method forest() do")


def _forest(model: Any) -> Forest | None:
    return model.forest() if hasattr(model, "forest") else None


def _compare(
    tagger: Tagger | Ensemble, content: bytes, samples: Iterable[Mapping[str, NDArray[Any]]], tolerance: float
) -> tuple[float, float, int]:
    """Largest difference of a probability, the rounding that excuses what is beyond the tolerance, events compared.

    A difference is infinite where a probability is not a number, and the rounding 0 where it excuses not everything.
    """
    opened, worst, rounding, excused, events = session(content), 0.0, 0.0, True, 0
    for inputs in samples:
        ours, theirs = tagger.predict_batch(Batch(inputs)), run(opened, inputs)
        difference = _largest(ours, theirs)
        if difference > tolerance:
            exact = _exact(tagger, inputs)
            own = np.inf if exact is None else _largest(ours, exact)
            excused &= exact is not None and _largest(theirs, exact) <= 2 * own < np.inf
            rounding = max(rounding, own)
        worst = max(worst, difference)
        events += len(ours)
    return worst, rounding if excused else 0.0, events


def _largest(one: NDArray[Any], two: NDArray[Any]) -> float:
    difference = np.abs(one - two) if one.shape == two.shape else np.array([np.inf])
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0))


def _exact(tagger: Tagger | Ensemble, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float64] | None:
    """Probabilities of a network in double precision, (events, classes); None of anything else."""
    if isinstance(tagger, Ensemble) or not isinstance(tagger.model, Net):
        return None
    net = copy.deepcopy(tagger.model).cpu().double().eval()
    tensors = {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in inputs.items()}
    with torch.inference_mode():
        logits = net({name: t.double() if t.is_floating_point() else t for name, t in tensors.items()})
    probabilities: NDArray[np.float64] = logits.double().softmax(1).numpy()
    return probabilities


def _shapes(values: Any) -> dict[str, tuple[int | str, ...]]:
    return {v.name: tuple(d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim) for v in values}
