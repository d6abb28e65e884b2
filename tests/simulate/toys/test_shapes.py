from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import ConfigError
from kaon.registry import variants
from kaon.simulate.toys.shapes import CLASSES, shapes, signed_distance

AREA = np.array([np.pi, 2.0, 3**1.5 / 4])
"""Of a circle, a square and an equilateral triangle in the unit circle."""

INSIDE = np.array([1.0, 0.5**0.5, 0.5])
"""Radius of the largest circle inside."""


def pixels(events: Events) -> NDArray[Any]:
    return np.asarray(events["image"])[:, 0]


def truth(events: Events) -> NDArray[np.float64]:
    return np.stack([np.asarray(events[name]) for name in ("radius", "center_x", "center_y", "angle")], axis=1)


def area(events: Events) -> NDArray[np.float64]:
    return np.asarray(AREA[events.labels] * np.asarray(events["radius"]) ** 2)


def test_what_comes_out() -> None:
    events = shapes(10, seed=1, size=28)
    assert np.asarray(events["image"]).shape == (10, 1, 28, 28)
    assert np.asarray(events["image"]).dtype == np.uint8
    assert events.classes == CLASSES
    assert events.reserved == {"radius", "center_x", "center_y", "angle"}
    assert events.provenance.seed == 1
    assert events.provenance.settings["size"] == 28


def test_grey_pixels_sum_to_the_area_of_every_shape() -> None:
    """Also says that every shape is wholly visible: what is cut off would be missing."""
    events = shapes(600, seed=2)
    seen = pixels(events).sum((1, 2)) / 255
    assert np.abs(seen / area(events) - 1).max() < 0.03
    assert abs((seen / area(events)).mean() - 1) < 0.003


def test_black_and_white_pixels_number_the_area() -> None:
    events = shapes(900, seed=3, antialiased=False, smallest=6)
    image = pixels(events)
    assert set(np.unique(image)) == {0, 255}
    ratio = image.sum((1, 2)) / 255 / area(events)
    for kind in range(3):
        assert abs(ratio[events.labels == kind].mean() - 1) < 0.01


def test_grey_pixels_are_on_the_edge_only() -> None:
    events = shapes(90, seed=4)
    image = pixels(events)
    distance = np.concatenate(
        [signed_distance(k, t[None], 32) for k, t in zip(events.labels, truth(events), strict=True)]
    )
    assert (image[distance <= -0.5] == 255).all()
    assert (image[distance >= 0.5] == 0).all()
    assert ((image > 0) & (image < 255)).any((1, 2)).all()


@pytest.mark.parametrize("line", [1.0, 2.0])
def test_outlines_are_bands_inside_the_edge(line: float) -> None:
    events = shapes(600, seed=5, filled=False, line=line)
    shrunk = INSIDE[events.labels] * np.asarray(events["radius"])
    band = area(events) * (1 - ((shrunk - line).clip(0) / shrunk) ** 2)
    seen = pixels(events).sum((1, 2)) / 255
    assert np.abs(seen / band - 1).max() < 0.12
    assert abs((seen / band).mean() - 1) < 0.01


@pytest.mark.parametrize("filled", [True, False])
def test_the_whole_shape_is_visible_and_touches_no_frame(filled: bool) -> None:
    """The corners lie within the picture; drawn with a frame of three more pixels, nothing falls into the frame."""
    events = shapes(600, seed=6, filled=filled, antialiased=False)
    size, frame = 32, 3
    inner = slice(frame, size + frame)
    for kind in range(3):
        moved = truth(events)[events.labels == kind] + [0, frame, frame, 0]
        inside = signed_distance(kind, moved, size + 2 * frame) < 0
        assert inside.sum() == inside[:, inner, inner].sum()
        assert inside.any((1, 2)).all()


def test_positions_and_sizes_cover_the_picture() -> None:
    events = shapes(3000, seed=7)
    image = pixels(events) > 127
    assert image.any((0, 1)).all(), "a column that no shape ever reaches"
    assert image.any((0, 2)).all(), "a row that no shape ever reaches"
    assert image[:, 3:-3, 3:-3].any(0).all(), "only the very corners of a picture are hard to reach"
    radius = np.asarray(events["radius"])
    for kind in range(3):
        mine = radius[events.labels == kind]
        assert mine.min() < 5.2
        assert mine.max() > 15.6
        assert abs(mine.mean() - (4.8 + 16) / 2) < 4 * 11.2 / 12**0.5 / len(mine) ** 0.5


def test_rotations_cover_the_circle() -> None:
    angle = np.asarray(shapes(3000, seed=8)["angle"])
    counts, _ = np.histogram(angle, bins=10, range=(0, 2 * np.pi))
    assert counts.sum() == 3000
    assert ((counts - 300) ** 2 / 300).sum() < 27.9  # chi squared of 9 degrees of freedom, probability 0.001


@pytest.mark.parametrize(("kind", "turn"), [(1, np.pi / 2), (2, 2 * np.pi / 3)])
def test_a_polygon_returns_after_one_side_and_not_before(kind: int, turn: float) -> None:
    at = np.array([[10.0, 16.0, 16.0, 0.3]])
    full, half = at + np.array([0, 0, 0, turn]), at + np.array([0, 0, 0, turn / 2])
    first = signed_distance(kind, at, 32)
    assert np.allclose(first, signed_distance(kind, full, 32), atol=1e-4)
    assert not np.allclose(first, signed_distance(kind, half, 32), atol=0.5)


def test_corners_are_where_the_angle_says() -> None:
    """The farthest white pixels of a large triangle point along its corners, x to the right and y down."""
    image = signed_distance(2, np.array([[100.0, 128.0, 128.0, 0.0]]), 256)[0] < 0
    rows, columns = np.nonzero(image)
    assert columns[rows == rows.max()].mean() == pytest.approx(127.5, abs=1)  # one corner down
    assert rows.max() == pytest.approx(227, abs=2)
    assert rows.min() == pytest.approx(78, abs=2)
    assert np.ptp(columns) == pytest.approx(100 * 3**0.5, abs=4)


@pytest.mark.parametrize("count", [1, 7, 30, 301])
def test_labels_are_balanced(count: int) -> None:
    counts = np.bincount(shapes(count, seed=9).labels, minlength=3)
    assert counts.max() - counts.min() <= 1
    assert counts.sum() == count


def test_the_seed_decides() -> None:
    first, again, other = (pixels(shapes(60, seed=s, noise=0.2)) for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any((1, 2)).mean() > 0.99


@pytest.mark.parametrize("chunk", [1, 13, 64, 1000])
def test_chunks_change_nothing(chunk: int) -> None:
    usual = shapes(100, seed=3, noise=0.3, size=31)
    assert (pixels(usual) == pixels(shapes(100, seed=3, noise=0.3, size=31, chunk=chunk))).all()


def test_more_pictures_begin_with_the_same_ones() -> None:
    few, many = shapes(50, seed=4, noise=0.3), shapes(200, seed=4, noise=0.3)
    assert (few.labels == many.labels[:50]).all()
    assert (pixels(few) == pixels(many)[:50]).all()


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_noise_turns_pixels_white_at_its_rate(noise: float) -> None:
    clean, noisy = (pixels(shapes(300, seed=5, antialiased=False, filled=False, noise=n)) for n in (0.0, noise))
    assert (noisy[clean == 255] == 255).all(), "noise hides no shape"
    black = noisy[clean == 0]
    assert abs((black == 255).mean() - noise) < 4 * (noise * (1 - noise) / black.size) ** 0.5
    assert (pixels(shapes(3, noise=1.0)) == 255).all()


def test_noise_differs_between_pictures() -> None:
    noisy = pixels(shapes(40, seed=5, noise=0.5))
    assert len(np.unique(noisy.reshape(40, -1), axis=0)) == 40


def test_ten_thousand_in_less_than_two_seconds() -> None:
    start = time.process_time()
    shapes(10_000, seed=1, filled=False, noise=0.5)
    assert time.process_time() - start < 2


def test_variants() -> None:
    known = variants("kaon.simulate.toys")
    assert set(known) == {"shapes", "shapes-outline", "shapes-noisy"}
    outline, noisy = (pixels(known[name](30, seed=1)) for name in ("shapes-outline", "shapes-noisy"))
    assert (noisy >= outline).all()
    assert noisy.mean() > outline.mean() + 100


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"count": 0}, "0 pictures"),
        ({"chunk": 0}, "at least 1"),
        ({"seed": -1}, "negative"),
        ({"size": 3}, "at least 4 pixels"),
        ({"noise": 1.5}, "probability"),
        ({"noise": float("nan")}, "probability"),
        ({"line": 0.0}, "positive"),
        ({"largest": 16.1}, "do not fit"),
        ({"smallest": 9, "largest": 8}, "do not fit"),
        ({"smallest": 0.5}, "do not fit"),
    ],
)
def test_impossible_shapes(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        shapes(**{"count": 3, **wrong})


def test_the_smallest_picture_works() -> None:
    assert (pixels(shapes(9, size=4)).max((1, 2)) > 0).all()
