"""Images as they are: what becomes of whole numbers, channels, sizes and bad pixels."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import DataError
from kaon.represent.pictures import Pictures


def events_of(image: NDArray[Any]) -> Events:
    return Events(ak.Array({"image": image}))


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (20, 3, 5, 4), np.uint8)


def test_whole_numbers_become_fractions_and_floats_stay(pixels: NDArray[np.uint8]) -> None:
    of_bytes = Pictures().fit_transform(events_of(pixels)).inputs["image"]
    of_floats = Pictures().fit_transform(events_of(pixels / 255)).inputs["image"]
    assert of_bytes.dtype == np.float32
    assert of_bytes.shape == (20, 3, 5, 4)
    assert (of_bytes.min(), of_bytes.max()) == (pixels.min() / 255, pixels.max() / 255)
    np.testing.assert_allclose(of_bytes, of_floats, rtol=1e-6)


def test_grey_images_get_a_channel_and_jagged_columns_of_one_size_are_read(pixels: NDArray[np.uint8]) -> None:
    grey = Pictures().fit_transform(events_of(pixels[:, 0])).inputs["image"]
    assert grey.shape == (20, 1, 5, 4)
    jagged = Events(ak.Array({"image": ak.Array(pixels[:, 0].tolist())}))
    np.testing.assert_allclose(Pictures().fit_transform(jagged).inputs["image"] / 255, grey, rtol=1e-6)


def test_one_shift_and_scale_make_the_training_pixels_standard(pixels: NDArray[np.uint8]) -> None:
    made = Pictures().fit(events_of(pixels))
    item, image = made.spec["image"], made.transform(events_of(pixels)).inputs["image"]
    seen = (image - np.array(item.shift)) * np.array(item.scale)
    assert len(set(item.shift)) == len(set(item.scale)) == 1
    assert abs(seen.mean()) < 1e-6
    assert abs(seen.std() - 1) < 1e-6
    plain = Pictures(standardise=False).fit(events_of(pixels)).spec["image"]
    assert (set(plain.shift), set(plain.scale)) == ({0.0}, {1.0})
    black = Pictures().fit(events_of(pixels * 0)).spec["image"]
    assert (set(black.shift), set(black.scale)) == ({0.0}, {1.0})


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (ak.Array([[[1.0, 2.0]], [[1.0]]]), "different sizes"),
        (ak.Array([[[1.0, 2.0]], None]), "missing"),
        (np.ones((3, 4)), r"\(height, width\)"),
        (np.full((2, 4, 4), np.nan), "NaN"),
    ],
    ids=["sizes", "missing", "flat", "nan"],
)
def test_what_is_no_image_is_refused(image: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Pictures().fit(Events(ak.Array({"image": image})))


def test_another_size_than_that_of_the_training_is_refused(pixels: NDArray[np.uint8]) -> None:
    made = Pictures().fit(events_of(pixels))
    with pytest.raises(DataError, match="image"):
        made.transform(events_of(pixels[:, :1]))
