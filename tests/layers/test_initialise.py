from __future__ import annotations

import math

import torch
from torch import nn

from kaon.layers.initialise import glorot


def test_weights_fill_their_range_evenly_and_biases_are_zero() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.Flatten(), nn.Linear(16, 300, bias=False))
    glorot(net)
    for place, inputs, outputs in ((0, 8 * 9, 16 * 9), (3, 16, 300)):
        layer = net[place]
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        edge, weight = math.sqrt(6 / (inputs + outputs)), layer.weight.detach()
        assert 0.98 * edge < weight.abs().max() <= edge
        assert abs(weight.std() * math.sqrt(3) / edge - 1) < 0.1
        assert layer.bias is None or not layer.bias.any()
    assert isinstance(net[1], nn.BatchNorm2d)
    assert (net[1].weight == 1).all()
