from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import vector
from tests.observables.conftest import Floats, mirrored, momenta_of, turned

from kaon.errors import DataError
from kaon.observables.angles import sum_cos_delta_phi, sum_delta_phi

Function = Callable[..., Floats]
A, B = momenta_of(300, seed=1), momenta_of(300, 2.0, seed=2)


def test_agrees_with_the_vector_library(met: Floats) -> None:
    a, b = (vector.array({"px": p[:, 1], "py": p[:, 2]}) for p in (A, B))
    towards = vector.array({"px": met[:, 0], "py": met[:, 1]})
    one, other = a.deltaphi(towards), b.deltaphi(towards)
    np.testing.assert_allclose(sum_delta_phi(A, B, met), np.abs(one) + np.abs(other), atol=1e-12)
    np.testing.assert_allclose(sum_cos_delta_phi(A, B, met), np.cos(one) + np.cos(other), atol=1e-12)


@pytest.mark.parametrize("function", [sum_delta_phi, sum_cos_delta_phi])
def test_symmetries(function: Function, met: Floats) -> None:
    wanted = function(A, B, met)
    for other in (
        function(B, A, met),
        function(turned(A, 2.0), turned(B, 2.0), turned(met, 2.0)),
        function(mirrored(A), mirrored(B), mirrored(met)),
        function(3 * A, B / 7, 100 * met),
    ):
        np.testing.assert_allclose(other, wanted, atol=1e-10)


def test_between_the_objects_the_sum_is_the_angle_between_them() -> None:
    direction = np.array([[1.0, 0.3]])
    inside = (
        0.4 * A[:, 1:3] / np.linalg.norm(A[:, 1:3], axis=1)[:, None]
        + 0.6 * B[:, 1:3] / np.linalg.norm(B[:, 1:3], axis=1)[:, None]
    )
    opening = np.arccos(
        (A[:, 1:3] * B[:, 1:3]).sum(1) / np.linalg.norm(A[:, 1:3], axis=1) / np.linalg.norm(B[:, 1:3], axis=1)
    )
    np.testing.assert_allclose(sum_delta_phi(A, B, inside), opening, atol=1e-7)
    assert (sum_delta_phi(A, B, direction) >= opening - 1e-9).all()
    np.testing.assert_allclose(sum_delta_phi(A, B, -inside), 2 * np.pi - opening, atol=1e-7)


def test_back_to_back_objects_have_a_cosine_sum_of_zero(met: Floats) -> None:
    np.testing.assert_allclose(sum_cos_delta_phi(A, -A, met), 0, atol=1e-12)
    np.testing.assert_allclose(sum_delta_phi(A, -A, met), np.pi, atol=1e-12)


def test_nothing_at_all_is_defined() -> None:
    zero = np.zeros((2, 4))
    assert sum_delta_phi(zero, zero, np.zeros((2, 2))).tolist() == [0, 0]
    assert sum_cos_delta_phi(zero, zero, np.zeros((2, 2))).tolist() == [2, 2]
    assert sum_delta_phi(zero[:0], zero[:0], np.zeros((0, 2))).shape == (0,)


def test_shapes_are_checked() -> None:
    with pytest.raises(DataError, match="b has the shape"):
        sum_delta_phi(A, A[:, :3], np.zeros((300, 2)))
