"""A network as an ONNX graph, traced by PyTorch with every dynamic axis left open."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.errors import ConfigError
from kaon.extras import require
from kaon.models.base import Net

__all__ = ["net_graph"]

_TRACED = (3, 5)
"""Events and length of the dynamic axes of the traced example: neither 0 nor 1, which PyTorch would build in."""


def net_graph(net: Net, opset: int) -> Any:
    """An ONNX model that computes softmax(net(inputs)) in float32, the network's normalisation included.

    Args:
        net: fitted network; it is copied, so that its device and mode stay as they are.
        opset: of the standard operators.

    Returns:
        An `onnx.ModelProto`. Its inputs are those of the network's specification that it uses, under the same names,
        with the axes `batch` and the specification's own; its output is `score`, (batch, classes) float32.

    Raises:
        ConfigError: PyTorch cannot express the network in ONNX, or only for one size of a dynamic axis.
    """
    require("onnxscript")
    spec = net.spec
    module = _Probabilities(copy.deepcopy(net).cpu().float(), spec.names).eval()
    example = spec.example(_TRACED[0], dict.fromkeys(spec.dynamic_axes, _TRACED[1]))
    axes = [_axes(spec, name) for name in spec.names]
    try:
        with torch.no_grad(), _quiet():
            program = torch.onnx.export(
                module,
                tuple(torch.from_numpy(example[name]) for name in spec.names),
                input_names=spec.names,
                output_names=["score"],
                opset_version=opset,
                dynamic_shapes=(tuple(dict.fromkeys(a, torch.export.Dim.DYNAMIC) for a in axes),),
                dynamo=True,
                verbose=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ConfigError(f"{type(net).__name__} cannot be written as ONNX: {reason}") from error
    assert program is not None
    return _tidy(program.model_proto, spec)


class _Probabilities(nn.Module):
    """The network with its inputs in order and softmax at its end."""

    def __init__(self, net: Net, names: list[str]) -> None:
        super().__init__()
        self.net, self.names = net, names

    def forward(self, *inputs: Tensor) -> Tensor:
        logits: Tensor = self.net(dict(zip(self.names, inputs, strict=True)))
        return logits.float().softmax(1)


def _axes(spec: InputSpec, name: str) -> dict[int, str]:
    """Position and name of the dynamic axes of one input, the batch included."""
    return {0: "batch"} | {i + 1: axis for i, axis in enumerate(spec[name].shape) if isinstance(axis, str)}


def _tidy(model: Any, spec: InputSpec) -> Any:
    """The same model with our axis names, without unused inputs and without what only a debugger needs.

    PyTorch notes the source line of every operation, with the paths of the machine that exported it.
    """
    graph = model.graph
    names: dict[str, str] = {}
    for value in graph.input:
        for i, axis in _axes(spec, value.name).items():
            names[value.type.tensor_type.shape.dim[i].dim_param] = axis
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.ClearField("metadata_props")
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = names.get(size.dim_param, size.dim_param)
    graphs = [graph, *_bodies(graph.node), *(body for f in model.functions for body in _bodies(f.node))]
    nodes = [node for part in (*graphs, *model.functions) for node in part.node]
    values = [value for part in graphs for value in (*part.initializer, *part.input, *part.output, *part.value_info)]
    for part in (model, *graphs, *nodes, *values, *model.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    used = {name for part in graphs for node in part.node for name in node.input}  # bodies of loops see all values
    kept = [value for value in graph.input if value.name in used]
    del graph.input[:]
    graph.input.extend(kept)
    return model


def _bodies(nodes: Any) -> Iterator[Any]:
    """The graphs inside these nodes, at any depth: the bodies of loops and the branches of conditions."""
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g
                yield from _bodies(attribute.g.node)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without remarks of the exporter about itself, about which a user can do nothing.

    It warns of a deprecated class in its own code and, through logging, that torchvision's operators are missing.
    """
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)` is deprecated")
            yield
    finally:
        log.setLevel(level)
