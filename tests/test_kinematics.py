from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import vector
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kaon import kinematics as kin

component = st.floats(-1e4, 1e4).map(lambda x: 0.0 if abs(x) < 1e-6 else x)
angles = st.floats(-50.0, 50.0)


@st.composite
def particles(draw: st.DrawFn) -> tuple[NDArray[Any], ...]:
    """px, py, pz, E of a few massive particles with some transverse momentum."""
    n = draw(st.integers(1, 6))
    pt = draw(hnp.arrays(float, n, elements=st.floats(0.1, 1e3)))
    eta = draw(hnp.arrays(float, n, elements=st.floats(-5, 5)))
    azimuth = draw(hnp.arrays(float, n, elements=st.floats(-3.14, 3.14)))
    m = draw(hnp.arrays(float, n, elements=st.floats(1, 300)))
    px, py, pz = pt * np.cos(azimuth), pt * np.sin(azimuth), pt * np.sinh(eta)
    return px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + m**2)


@given(particles())
def test_agrees_with_the_vector_library(p: tuple[NDArray[Any], ...]) -> None:
    px, py, pz, E = p
    other = vector.array({"px": px, "py": py, "pz": pz, "E": E})
    np.testing.assert_allclose(kin.transverse_momentum(px, py), other.pt, rtol=1e-12)
    np.testing.assert_allclose(kin.phi(px, py), other.phi, rtol=1e-12)
    np.testing.assert_allclose(kin.pseudorapidity(px, py, pz), other.eta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(kin.rapidity(E, pz), other.rapidity, rtol=1e-6, atol=1e-9)
    # E^2 - p^2 cancels: its error is of the order of E^2 times the rounding.
    np.testing.assert_allclose(kin.mass(E, px, py, pz) ** 2, other.mass2, atol=1e-14 * float((E**2).max()))
    first = vector.array({"px": px[:1], "py": py[:1], "pz": pz[:1], "E": E[:1]})
    eta, phi = kin.pseudorapidity(px, py, pz), kin.phi(px, py)
    np.testing.assert_allclose(kin.delta_phi(phi, phi[:1]), other.deltaphi(first), atol=1e-12)
    np.testing.assert_allclose(kin.delta_r(eta, phi, eta[:1], phi[:1]), other.deltaR(first), rtol=1e-9, atol=1e-12)


@given(particles(), st.floats(-0.99, 0.99))
def test_a_boost_along_the_beam_adds_to_the_rapidity_and_leaves_the_rest(
    p: tuple[NDArray[Any], ...], beta: float
) -> None:
    px, py, pz, E = p
    gamma = 1 / np.sqrt(1 - beta**2)
    pz2, E2 = gamma * (pz + beta * E), gamma * (E + beta * pz)
    np.testing.assert_allclose(kin.rapidity(E2, pz2), kin.rapidity(E, pz) + np.arctanh(beta), atol=1e-6)
    size = np.maximum(E, E2)
    assert (np.abs(kin.mass(E2, px, py, pz2) ** 2 - kin.mass(E, px, py, pz) ** 2) <= 1e-13 * gamma * size**2).all()


@given(particles(), angles)
def test_a_rotation_about_the_beam_turns_phi_and_leaves_the_rest(p: tuple[NDArray[Any], ...], turn: float) -> None:
    px, py, pz, _ = p
    px2, py2 = np.cos(turn) * px - np.sin(turn) * py, np.sin(turn) * px + np.cos(turn) * py
    back = kin.delta_phi(kin.phi(px2, py2), kin.phi(px, py) + turn)
    np.testing.assert_allclose(back, 0, atol=1e-12)
    np.testing.assert_allclose(kin.transverse_momentum(px2, py2), kin.transverse_momentum(px, py), rtol=1e-12)
    np.testing.assert_allclose(kin.pseudorapidity(px2, py2, pz), kin.pseudorapidity(px, py, pz), atol=1e-12)


@given(particles())
def test_without_mass_rapidity_is_pseudorapidity(p: tuple[NDArray[Any], ...]) -> None:
    px, py, pz, _ = p
    E = np.sqrt(px**2 + py**2 + pz**2)
    np.testing.assert_allclose(kin.rapidity(E, pz), kin.pseudorapidity(px, py, pz), rtol=1e-6, atol=1e-9)


@given(angles, angles)
def test_delta_phi_is_antisymmetric_in_range_and_differs_by_whole_turns(a: float, b: float) -> None:
    forth, back = (float(kin.delta_phi(np.array(x), np.array(y))) for x, y in ((a, b), (b, a)))
    assert forth == -back
    assert abs(forth) <= np.pi * (1 + 1e-15)
    turns = (a - b - forth) / (2 * np.pi)
    assert turns == pytest.approx(round(turns), abs=1e-12)
    if abs(a - b) < np.pi:
        assert forth == a - b


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_delta_phi_at_the_seam(dtype: type) -> None:
    edge = dtype(np.pi)
    for x in (edge, np.nextafter(edge, dtype(4)), np.nextafter(edge, dtype(3))):
        for sign in (1, -1):
            found = kin.delta_phi(np.array(sign * x, dtype), np.array(0, dtype))
            assert abs(found) <= np.nextafter(edge, dtype(4))
            assert abs(np.cos(found) - np.cos(x)) < 1e-6
    across = kin.delta_phi(np.array(3.1, dtype), np.array(-3.1, dtype))
    assert across == pytest.approx(6.2 - 2 * np.pi, abs=1e-6)


FUNCTIONS: dict[Callable[..., NDArray[Any]], int] = {
    kin.transverse_momentum: 2,
    kin.phi: 2,
    kin.pseudorapidity: 3,
    kin.rapidity: 2,
    kin.mass: 4,
    kin.invariant_mass: 8,
    kin.delta_phi: 2,
    kin.delta_r: 4,
}


def test_every_function_is_listed_above() -> None:
    assert {f.__name__ for f in FUNCTIONS} | {"polar"} == set(kin.__all__)


@given(hnp.arrays(float, (5, 3), elements=component))
def test_polar_coordinates_are_the_three_at_once(p: NDArray[Any]) -> None:
    px, py, pz = p.T
    pt, eta, phi = kin.polar(px, py, pz)
    np.testing.assert_allclose(pt, kin.transverse_momentum(px, py), rtol=1e-14)
    np.testing.assert_allclose(eta, kin.pseudorapidity(px, py, pz), rtol=1e-12)
    np.testing.assert_array_equal(phi, kin.phi(px, py))
    assert kin.polar(*p.T.astype(np.float32))[1].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_broadcasts_keeps_the_dtype_and_is_zero_for_padding(function: Callable[..., NDArray[Any]], dtype: type) -> None:
    count = FUNCTIONS[function]
    arrays: list[NDArray[Any]] = [np.zeros((3, 1), dtype), *(np.zeros(2, dtype) for _ in range(count - 1))]
    found = function(*arrays)
    assert found.shape == (3, 2)
    assert found.dtype == dtype
    assert (found == 0).all()


@given(hnp.arrays(float, (5, 4), elements=component))
def test_everything_is_finite_for_any_finite_momenta(p: NDArray[Any]) -> None:
    px, py, pz, E = p.T
    found = (kin.phi(px, py), kin.pseudorapidity(px, py, pz), kin.rapidity(E, pz), kin.mass(E, px, py, pz))
    assert np.isfinite(found).all()
    assert (np.abs(found[1:3]) <= kin.ETA_MAX).all()


@pytest.mark.parametrize("pz", [1.0, -1.0])
@pytest.mark.parametrize("off", [0.0, 1e-7, -1e-7])
def test_a_particle_along_the_beam_is_far_forward_even_if_its_energy_is_rounded(pz: float, off: float) -> None:
    y = float(kin.rapidity(np.array(abs(pz) + off), np.array(pz)))
    assert np.sign(y) == np.sign(pz)
    assert abs(y) > 8
    assert float(kin.pseudorapidity(np.array(0.0), np.array(0.0), np.array(pz))) == np.sign(pz) * kin.ETA_MAX


def test_a_spacelike_momentum_has_no_mass() -> None:
    assert kin.mass(np.array(1.0), np.array(2.0), np.array(0.0), np.array(0.0)) == 0


@given(particles(), particles())
def test_invariant_mass_is_that_of_the_sum(a: tuple[NDArray[Any], ...], b: tuple[NDArray[Any], ...]) -> None:
    n = min(len(a[0]), len(b[0]))
    first, second = (vector.array(dict(zip(("px", "py", "pz", "E"), (c[:n] for c in p), strict=True))) for p in (a, b))
    found = kin.invariant_mass(
        first.pt, first.eta, first.phi, first.mass, second.pt, second.eta, second.phi, second.mass
    )
    energy = first.E + second.E
    np.testing.assert_allclose(found, (first + second).mass, rtol=1e-6, atol=1e-6 * float(energy.max()))
