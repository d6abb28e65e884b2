from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kaon.errors import DataError
from kaon.interpret.pixel_correlation import pixel_correlation

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((5000, 2, 3, 4)).astype(np.float32)
OUTPUT: NDArray[np.float64] = IMAGES[:, 0, 1, 1] - 0.5 * IMAGES[:, 1, 2, 3] + RANDOM.normal(0, 0.2, 5000)


def test_it_is_pearson_s() -> None:
    expected = np.corrcoef(np.column_stack([IMAGES.reshape(5000, -1), OUTPUT]).T)[-1, :-1]
    np.testing.assert_allclose(pixel_correlation(IMAGES, OUTPUT).ravel(), expected, atol=1e-7)
    tensors = torch.from_numpy(IMAGES), torch.from_numpy(OUTPUT)
    np.testing.assert_allclose(pixel_correlation(*tensors).ravel(), expected, atol=1e-6)


def test_weights_count_events() -> None:
    weight = RANDOM.integers(0, 4, 500)
    repeated = np.repeat(np.arange(500), weight)
    found = pixel_correlation(IMAGES[:500], OUTPUT[:500], weight)
    np.testing.assert_allclose(found, pixel_correlation(IMAGES[repeated], OUTPUT[repeated]), atol=1e-12)


def test_negative_weights_take_events_away() -> None:
    weight = np.ones(600)
    weight[500:] = -1
    images = np.concatenate([IMAGES[:500], IMAGES[:100]])
    output = np.concatenate([OUTPUT[:500], OUTPUT[:100]])
    expected = pixel_correlation(IMAGES[100:500], OUTPUT[100:500])
    np.testing.assert_allclose(pixel_correlation(images, output, weight), expected, atol=1e-10)
    odd = pixel_correlation(IMAGES[:4], OUTPUT[:4], [5, -2, -2, 1])
    assert np.isfinite(odd).all()
    assert np.abs(odd).max() <= 1


def test_what_never_varies_is_correlated_with_nothing() -> None:
    images = np.stack([OUTPUT, np.full(5000, 0.1), OUTPUT], 1).reshape(5000, 1, 1, 3)
    weight = np.ones(5000)
    images[7, 0, 0, 1] = 3.0
    weight[7] = 0
    np.testing.assert_allclose(pixel_correlation(images, OUTPUT, weight), [[[1, 0, 1]]])
    assert not pixel_correlation(images, np.full(5000, 0.3)).any()
    assert pixel_correlation(np.ones((1, 4, 4)), [0.2]).tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("scale", [1e-12, 1e6])
def test_the_scale_of_a_pixel_does_not_matter(scale: float) -> None:
    shifted = scale * (IMAGES[:100].astype(float) + 3)
    np.testing.assert_allclose(pixel_correlation(shifted, OUTPUT[:100]), pixel_correlation(IMAGES[:100], OUTPUT[:100]))


@pytest.mark.parametrize(
    ("images", "output", "weight"),
    [
        (np.zeros((3, 4)), np.zeros(3), None),
        (np.zeros((3, 4, 4)), np.zeros(2), None),
        (np.zeros((0, 4, 4)), np.zeros(0), None),
        (np.zeros((3, 4, 4)), np.zeros(3), np.ones(2)),
        (np.full((3, 4, 4), np.nan), np.zeros(3), None),
        (np.zeros((3, 4, 4)), [0, np.inf, 1], None),
        (np.zeros((3, 4, 4)), np.zeros(3), [1, -1, 0]),
    ],
)
def test_other_input_is_refused(images: Any, output: Any, weight: Any) -> None:
    with pytest.raises(DataError):
        pixel_correlation(images, output, weight)
