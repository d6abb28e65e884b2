from __future__ import annotations

import pytest
import torch
from torch import nn

from kaon.models.conv_stack import halvings
from kaon.report.study import Value
from kaon.studies.depth.stacks import _sentence, sight


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8])
def test_a_number_sees_as_far_as_its_gradient_reaches(depth: int) -> None:
    halved = halvings(depth, 3)
    stack = nn.Sequential()
    for times in halved:
        stack.append(nn.Conv2d(1, 1, 3, padding=1))
        stack.append(nn.AvgPool2d(2**times))
    for parameter in stack.parameters():
        nn.init.ones_(parameter)
    image = torch.zeros(1, 1, 128, 128, requires_grad=True)
    (seen,) = torch.autograd.grad(stack(image)[0, 0, 8, 8], image)
    rows = seen[0, 0].any(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == sight(halved)


def test_the_sentence_says_what_was_found() -> None:
    rising = [Value(50.0, 1.0, 3), Value(60.0, 1.0, 3), Value(70.0, 1.0, 3)]
    assert "and 8, the best of 2, 4, 8, 70.0%: 20.0 points more, 14.1 times" in _sentence((2, 4, 8), rising, 1000)
    assert "the deepest is not the best" in _sentence((2, 4, 8), [rising[0], rising[2], rising[1]], 1000)
    assert "depth does not pay" in _sentence((2, 4, 8), rising[::-1], 1000)
