"""Training of a network's last layer alone, on features that stay as they are and are computed once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor, nn

from kaon.data import Input, InputSpec
from kaon.layers.dense import two_logits
from kaon.learn.config import TrainConfig
from kaon.learn.device import torch_device
from kaon.learn.tensors import Sample
from kaon.models.base import Net

__all__ = ["HeadOnly", "frozen", "head_features"]

_SLICE = 512
"""Events a pass through the frozen part."""

_FEATURES = "features"

Tail = Callable[[Tensor], Tensor]


class HeadOnly(Net):
    """A network of which only the head is trained: nothing else is among its modules, parameters and state.

    So no optimiser, no batch normalisation and no dropout touches the frozen part, which stays in evaluation mode.

    Args:
        net: the whole network, which shares its head with this one.
        head: names of the parameters that learn.
        tail: (module, function) where the inputs are the `features` that the head reads: logits are
            function(module(features)). None where they are those of the network.
        spec: of the inputs.
    """

    def __init__(
        self, net: Net, head: Collection[str], tail: tuple[nn.Module, Tail] | None = None, spec: InputSpec | None = None
    ) -> None:
        super().__init__(net.spec if spec is None else spec, net.outputs)
        net.eval()
        self.head = nn.ParameterList([value for name, value in net.named_parameters() if name in head])
        # In tuples, where PyTorch does not look for modules.
        self._whole, self._tail = (net,), tail

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        if self._tail is None:
            whole: Tensor = self._whole[0](inputs)
            return whole
        module, logits = self._tail
        return logits(module(inputs[_FEATURES]))

    def _apply(self, fn: Any, recurse: bool = True) -> HeadOnly:
        """To another device: the frozen part too."""
        parts: list[Any] = [self._whole[0], super()]
        for part in parts:
            part._apply(fn, recurse)
        return self


@contextmanager
def frozen(
    net: Net, head: Collection[str], train: Sample, validation: Sample | None, config: TrainConfig, *, cached: bool
) -> Iterator[tuple[Net, Sample, Sample | None]]:
    """What is trained, on which samples, while everything but the head is frozen.

    Args:
        net: the whole network; on leaving it is as before, but for its head.
        head: names of the parameters that learn.
        train, validation: as the network reads them.
        config: precision and device of the training.
        cached: compute the features of all events beforehand, where the network allows it. Inputs that are not the
            same in every epoch do not.
    """
    others = [value for name, value in net.named_parameters() if name not in head and value.requires_grad]
    for value in others:
        value.requires_grad_(False)
    try:
        samples = [train] if validation is None else [train, validation]
        found = [head_features(net, head, inputs, config) if cached else None for inputs, _, _ in samples]
        made = [(features, sample) for features, sample in zip(found, samples, strict=True) if features is not None]
        if len(made) < len(samples):
            yield HeadOnly(net, head), train, validation
        else:
            tail = made[0][0][1:]
            shape = tuple(int(size) for size in made[0][0][0].shape[1:])
            rows: list[Sample] = [({_FEATURES: features}, *sample[1:]) for (features, *_), sample in made]
            small = HeadOnly(net, head, tail, InputSpec((Input(_FEATURES, shape),)))
            yield small, rows[0], None if validation is None else rows[1]
    finally:
        for value in others:
            value.requires_grad_(True)


def head_features(
    net: Net, head: Collection[str], inputs: dict[str, Tensor], config: TrainConfig | None = None
) -> tuple[Tensor, nn.Module, Tail] | None:
    """What the head of a network in evaluation mode reads of each event, the head, and how its output becomes logits.

    Args:
        net: any network.
        head: names of the parameters of its head.
        inputs: of the events.
        config: precision and device of the passes.

    Returns:
        (events, ...) float32 on the CPU, the module, and a function of its output. None where logits are not one
        module's output for one row an event: an average of many outputs, a head beside another path.
    """
    config = config or TrainConfig()
    module = _owner(net, head)
    if module is None:
        return None
    device = torch_device(config.device)
    seen: list[Tensor] = []
    given: list[Tensor] = []

    def note(_: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append(arguments[0])
        given.append(output)

    events = len(next(iter(inputs.values())))
    parts: list[Tensor] = []
    tail: Tail | None = None
    net.to(device).eval()
    handle = module.register_forward_hook(note)
    try:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            for start in range(0, events, _SLICE):
                piece = {name: value[start : start + _SLICE].to(device) for name, value in inputs.items()}
                logits = net(piece)
                if not seen:
                    return None
                features, output = torch.cat(seen), torch.cat(given)
                seen.clear()
                given.clear()
                tail = _tail(output, logits)
                if tail is None or len(features) != len(logits):
                    return None
                parts.append(features.float().cpu())
    finally:
        handle.remove()
        net.cpu()
    return None if tail is None else (torch.cat(parts), module, tail)


def _owner(net: Net, head: Collection[str]) -> nn.Module | None:
    """The smallest module that holds the head and nothing else; None if there is none."""
    paths = [name.split(".")[:-1] for name in head]
    path = ".".join(level[0] for level in takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False)))
    if not path:
        return None
    module = net.get_submodule(path)
    return module if {f"{path}.{name}" for name, _ in module.named_parameters()} <= set(head) else None


def _same(output: Tensor) -> Tensor:
    return output


def _tail(output: Tensor, logits: Tensor) -> Tail | None:
    """How the output of the head became logits; None if neither as it is nor as one sigmoid unit."""
    for tail in (_same, two_logits):
        made = tail(output)
        if made.shape == logits.shape and torch.equal(made, logits):
            return tail
    return None
