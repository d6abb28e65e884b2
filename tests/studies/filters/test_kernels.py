from __future__ import annotations

import numpy as np
import pytest

from kaon.studies.filters.kernels import DATA, KERNELS, LECTURE, ROW_KERNEL, answers, correlated, oriented, scene


def test_the_example_of_the_lecture_is_exact() -> None:
    assert correlated(DATA, ROW_KERNEL).tolist() == list(LECTURE)
    assert correlated(DATA, ROW_KERNEL).tolist() == np.correlate(DATA, ROW_KERNEL, "valid").tolist()
    assert np.convolve(DATA, ROW_KERNEL, "valid").tolist() == [-y for y in LECTURE], "turned round it changes sign"


def test_kernels_see_their_own_lines_and_nothing_even() -> None:
    names = list(KERNELS)
    across = np.zeros((9, 9))
    across[4] = 1
    found = dict(zip(names, answers(across), strict=True))
    assert found["horizontal line"].max() == 6
    assert found["vertical line"].max() == 0
    turned = dict(zip(names, answers(across.T), strict=True))
    np.testing.assert_array_equal(turned["vertical line"], found["horizontal line"].T)
    assert not answers(np.full((5, 5), 0.7)).round(12).any()
    step = np.ones((6, 6))
    step[3:] = 0
    assert dict(zip(names, answers(step), strict=True))["light above dark"].max() == 4


def test_the_scene_is_a_picture_at_every_size() -> None:
    small, large = scene(24), scene(96)
    assert large.shape == (96, 96)
    assert 0 <= large.min() < 0.2
    assert large.max() == 1
    np.testing.assert_allclose(large.reshape(24, 4, 24, 4).mean((1, 3)), small, atol=0.1)


def test_random_filters_hold_as_much_of_an_edge_as_chance_gives() -> None:
    random = np.random.default_rng(0).normal(size=(4000, 2, 3, 5))
    assert oriented(random) == pytest.approx(2 / 14, rel=0.05)
    assert oriented(np.array(KERNELS["edge"], float)[None, None]) == pytest.approx(0)
    assert oriented(np.zeros((2, 1, 3, 3))) == 0
