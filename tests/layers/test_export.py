from __future__ import annotations

import torch
from torch import Tensor, nn

from kaon.layers.export import exporting


class Told(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if exporting() else x + 2


def test_a_network_is_told_of_its_export_and_only_then() -> None:
    x = torch.zeros(2)
    exported = torch.export.export(Told(), (x,)).module()
    assert (exported(x) == 1).all()
    assert (Told()(x) == 2).all()
