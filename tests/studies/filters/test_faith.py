from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from kaon.data import Input, InputSpec
from kaon.models.base import Net
from kaon.studies.filters.faith import WAYS, left

pytest.importorskip("captum")


class Corner(Net):
    """Sees four pixels in the upper left corner and nothing else."""

    def __init__(self) -> None:
        super().__init__(InputSpec((Input("image", (1, 20, 20)),)), 2)
        self.head = nn.Linear(4, 2)
        nn.init.constant_(self.head.weight, 1.0)
        nn.init.constant_(self.head.weight[0], -1.0)
        nn.init.constant_(self.head.bias, 0.0)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.head(inputs["image"][:, :, :2, :2].flatten(1))
        return logits


def test_maps_find_the_only_pixels_that_count() -> None:
    found = left(Corner(), {"image": torch.ones(5, 1, 20, 20)}, share=0.1, size=2, stride=1)
    assert tuple(found) == WAYS
    assert found["nothing"] == pytest.approx(1 / (1 + torch.exp(torch.tensor(-8.0)).item()))
    for way in ("occlusion", "gradient", "integrated"):
        assert found[way] == pytest.approx(0.5), "all four are covered, and nothing is left but chance"
    assert found["random"] > 0.9
