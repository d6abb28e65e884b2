from __future__ import annotations

import inspect
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from kaon.data import Input, InputSpec
from kaon.data.space import Choice
from kaon.models.base import Net, Trees
from kaon.registry import origin, variants

SPEC = InputSpec((Input("features", (3,)),))


class Linear(Net):
    """A trained layer, a frozen one and a buffer."""

    representations: ClassVar[tuple[str, ...]] = ("tabular",)

    def __init__(self, spec: InputSpec, outputs: int) -> None:
        super().__init__(spec, outputs)
        self.body = nn.Linear(spec["features"].width, outputs)
        self.frozen = nn.Linear(10, 10).requires_grad_(False)
        self.register_buffer("constant", torch.zeros(5))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.body(inputs["features"])
        return logits


def test_a_net_keeps_what_it_was_made_from_and_counts_what_it_trains() -> None:
    net = Linear(SPEC, 4)
    assert (net.spec, net.outputs) == (SPEC, 4)
    assert net.parameter_count == 3 * 4 + 4
    assert net({"features": torch.zeros(2, 3)}).shape == (2, 4)


def test_declarations_default_to_none() -> None:
    assert (Linear.symmetries, Linear.paper) == (frozenset(), "")
    assert not Trees.takes_negative_weights, "what nobody has thought about is refused"


@pytest.mark.parametrize("base", [Net, Trees])
def test_a_base_class_is_no_model(base: type) -> None:
    with pytest.raises(TypeError, match="abstract"):
        base(SPEC, 2)


@pytest.mark.parametrize("model", sorted(variants("kaon.models")))
def test_ranges_are_of_options_and_hold_what_an_option_is_without_a_search(model: str) -> None:
    kind = origin(variants("kaon.models")[model])
    parameters = inspect.signature(kind).parameters
    for name, space in kind.search.items():
        assert name in parameters, f"{model} has no option {name}"
        usual = parameters[name].default
        if isinstance(space, Choice):
            assert usual in space.options
        elif usual:  # 0 and None switch an option off, which a logarithmic range cannot say
            assert space.low <= usual <= space.high
