from __future__ import annotations

import numpy as np
import pytest

from kaon.substructure.pixels import Jets, pixel_of, pixelate, principal_angle, reflect, turn


def cloud(seed: int = 0, jets: int = 30) -> tuple[Jets, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    made = Jets(random.integers(0, 12, jets))
    x, y, w = random.normal(size=(3, len(made.owner)))
    return made, x, y, np.abs(w)


def test_sums_are_those_of_a_loop() -> None:
    jets, x, _, _ = cloud()
    parts = np.split(x, np.cumsum(jets.counts)[:-1])
    np.testing.assert_allclose(jets.sum(x), [part.sum() for part in parts])
    np.testing.assert_array_equal(jets.spread(jets.counts), np.repeat(jets.counts, jets.counts))
    kept = jets.take(x > 0)
    np.testing.assert_array_equal(kept.counts, [(part > 0).sum() for part in parts])
    assert len(kept) == len(jets)
    assert Jets(np.zeros(3, int)).sum(np.zeros(0)).tolist() == [0, 0, 0]


def test_the_principal_axis_is_the_first_eigenvector() -> None:
    jets, x, y, w = cloud()
    found = principal_angle(w, x, y, jets)
    for jet in np.flatnonzero(jets.counts > 1):
        mine = jets.owner == jet
        moments = np.cov(np.stack([np.r_[x[mine], -x[mine]], np.r_[y[mine], -y[mine]]]), aweights=np.tile(w[mine], 2))
        axis = np.linalg.eigh(moments)[1][:, -1]
        direction = np.array([np.cos(found[jet]), np.sin(found[jet])])
        assert abs(axis @ direction) == pytest.approx(1)
        along = direction @ np.stack([x[mine], y[mine]])
        assert w[mine][along > 0].sum() >= w[mine][along < 0].sum()


def test_turning_brings_the_direction_down_and_keeps_lengths() -> None:
    jets, x, y, w = cloud()
    angle = principal_angle(w, x, y, jets)
    u, v = turn(angle, x, y, jets)
    np.testing.assert_allclose(np.hypot(u, v), np.hypot(x, y))
    again = principal_angle(w, u, v, jets)
    np.testing.assert_allclose(np.exp(1j * again[jets.counts > 0]), -1j, atol=1e-10)


@pytest.mark.parametrize("quadrant", [False, True])
def test_reflecting_twice_changes_nothing_and_forgets_reflections(quadrant: bool) -> None:
    jets, x, y, w = cloud()
    once = reflect(w, x, y, jets, quadrant)
    np.testing.assert_array_equal(reflect(w, *once, jets, quadrant), once)
    np.testing.assert_array_equal(reflect(w, -x, y, jets, quadrant), once)
    if quadrant:
        np.testing.assert_array_equal(reflect(w, x, -y, jets, quadrant), once)
    right = jets.sum(w * (once[0] > 0)) >= jets.sum(w * (once[0] < 0))
    assert quadrant or right.all()


def test_pixels_are_those_of_a_histogram() -> None:
    random = np.random.default_rng(0)
    x, y = random.uniform(-1.3, 1.3, (2, 2000))
    x[:4], y[:4] = (-1, 1, 1, 0), (-1, 1, -1, 1)  # corners and an edge
    pixel, inside = pixel_of(x, y, 7, 1.0)
    expected, *_ = np.histogram2d(x, y, bins=7, range=[[-1, 1], [-1, 1]])
    np.testing.assert_array_equal(np.bincount(pixel[inside], minlength=49).reshape(7, 7), expected)


def test_weights_add_up_and_the_logarithm_is_taken_once() -> None:
    images = np.zeros((2, 4), np.float32)
    row, pixel, weight = np.array([0, 1, 1]), np.array([3, 2, 2]), np.array([1.0, 2.0, 3.0])
    pixelate(images, weight, row, pixel)
    assert images.tolist() == [[0, 0, 0, 1], [0, 0, 5, 0]]
    images[:] = 0
    pixelate(images, weight, row, pixel, logarithm=10.0)
    np.testing.assert_allclose(images, np.log1p(10 * np.array([[0, 0, 0, 1], [0, 0, 5, 0]])), rtol=1e-6)
