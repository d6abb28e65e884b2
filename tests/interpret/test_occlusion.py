from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kaon.errors import ConfigError, DataError
from kaon.interpret.occlusion import occlusion

if TYPE_CHECKING:
    from .conftest import Stack

pytest.importorskip("captum")


@pytest.mark.parametrize(("size", "stride", "fill"), [((3, 3), 3, 0.0), ((4, 5), 2, 0.5), ((12, 14), 1, 0.0)])
def test_it_is_the_loss_when_each_patch_is_covered(
    small: Stack, pictures: dict[str, Tensor], size: tuple[int, int], stride: int, fill: float
) -> None:
    image = pictures["image"][:3]
    found = occlusion(small, {"image": image}, size=size, stride=stride, fill=fill, classes=[0, 1, 2], batch=5)
    with torch.no_grad():
        whole = small({"image": image}).softmax(1).diagonal()
        loss, covered = np.zeros((3, 12, 14)), np.zeros((12, 14))
        for row in range(0, 12 - size[0] + stride, stride):
            for column in range(0, 14 - size[1] + stride, stride):
                patch = slice(row, row + size[0]), slice(column, column + size[1])
                hidden = image.clone()
                hidden[:, :, *patch] = fill
                fall = whole - small({"image": hidden}).softmax(1).diagonal()
                loss[:, *patch] += fall[:, None, None].numpy()
                covered[patch] += 1
    np.testing.assert_allclose(found.maps, loss / covered, atol=1e-6)
    np.testing.assert_allclose(found.score, whole.numpy(), rtol=1e-6)
    assert found.classes.tolist() == [0, 1, 2]


def test_what_the_network_does_not_see_costs_nothing(small: Stack, pictures: dict[str, Tensor]) -> None:
    image = pictures["image"][:4].clone()
    image[:, :, :, 7:] = 0
    found = occlusion(small, {"image": image}, size=2, stride=2, of="logit")
    assert np.abs(found.maps[:, :, 8:]).max() < 1e-6
    assert np.abs(found.maps[:, :, :6]).max() > 1e-3
    assert found.classes.tolist() == small({"image": image}).argmax(1).tolist()


@pytest.mark.parametrize(
    "options",
    [{"size": 13}, {"size": 0}, {"stride": 6}, {"stride": 0}, {"fill": np.nan}, {"batch": 0}, {"of": "score"}],
)
def test_it_refuses_what_makes_no_sense(small: Stack, pictures: dict[str, Tensor], options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        occlusion(small, pictures, **options)
    with pytest.raises(DataError):
        occlusion(small, pictures, classes=3)
