from __future__ import annotations

import torch
from torch.nn import functional as F

from kaon.learn.supervised import weighted_cross_entropy


def test_unit_weights_give_the_plain_cross_entropy() -> None:
    logits, target = torch.randn(50, 3), torch.randint(0, 3, (50,))
    ours = weighted_cross_entropy(logits, target, torch.ones(50), 0.1)
    assert torch.allclose(ours, F.cross_entropy(logits, target, label_smoothing=0.1))


def test_a_weight_of_two_is_the_event_twice_over_half_the_events() -> None:
    logits, target = torch.randn(10, 2), torch.randint(0, 2, (10,))
    twice = weighted_cross_entropy(logits.repeat(2, 1), target.repeat(2), torch.ones(20))
    assert torch.allclose(weighted_cross_entropy(logits, target, torch.full((10,), 2.0)), 2 * twice)


def test_a_negative_event_cancels_its_twin() -> None:
    logits, target = torch.randn(1, 2).repeat(2, 1), torch.zeros(2, dtype=torch.int64)
    assert weighted_cross_entropy(logits, target, torch.tensor([1.0, -1.0])) == 0


def test_half_precision_logits_are_summed_in_float32() -> None:
    loss = weighted_cross_entropy(torch.randn(4, 2).bfloat16(), torch.zeros(4, dtype=torch.int64), torch.ones(4))
    assert loss.dtype == torch.float32
