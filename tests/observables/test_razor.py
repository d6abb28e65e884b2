from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import vector
from tests.observables.conftest import Floats, along_beam, mirrored, momenta_of, turned, two_body

from kaon.errors import DataError
from kaon.observables.momenta import plane
from kaon.observables.razor import razor, super_razor

Function = Callable[..., tuple[Floats, ...]]
A, B = momenta_of(300, seed=1), momenta_of(300, seed=2)


@pytest.mark.parametrize("function", [razor, super_razor])
def test_symmetries(function: Function, met: Floats) -> None:
    wanted = function(A, B, met)
    for other in (
        function(turned(A, 2.0), turned(B, 2.0), turned(met, 2.0)),
        function(mirrored(A), mirrored(B), mirrored(met)),
        function(along_beam(A, 0.7), along_beam(B, 0.7), met),
    ):
        np.testing.assert_allclose(other, wanted, rtol=1e-6, atol=1e-6)


def test_exchange_and_scale(met: Floats) -> None:
    m_r, mt_r, r = razor(A, B, met)
    np.testing.assert_allclose(razor(B, A, met), (m_r, mt_r, r))
    np.testing.assert_allclose(razor(5 * A, 5 * B, 5 * met), (5 * m_r, 5 * mt_r, r))
    found, swapped, scaled = super_razor(A, B, met), super_razor(B, A, met), super_razor(5 * A, 5 * B, 5 * met)
    np.testing.assert_allclose(swapped.s_r, found.s_r)
    np.testing.assert_allclose(swapped.m_delta_r, found.m_delta_r, rtol=1e-6)
    np.testing.assert_allclose(swapped.cos_theta_r1, -found.cos_theta_r1, atol=1e-9)
    np.testing.assert_allclose(scaled.s_r, 5 * found.s_r)
    np.testing.assert_allclose(scaled.dphi_r_b, found.dphi_r_b, atol=1e-6)


def test_balanced_objects_at_rest() -> None:
    """Two massless objects back to back without missing momentum: M_R is their mass, and the razor is 0."""
    p = momenta_of(50, seed=3)
    back = p * [1, -1, -1, -1]
    m_r, mt_r, r = razor(p, back, np.zeros((50, 2)))
    np.testing.assert_allclose(m_r, 2 * p[:, 0])
    np.testing.assert_array_equal(mt_r, 0)
    np.testing.assert_array_equal(r, 0)


@pytest.mark.parametrize(("parent", "dark"), [(300.0, 100.0), (200.0, 0.0)])
def test_pairs_at_threshold_peak_at_the_mass_scale(parent: float, dark: float) -> None:
    """Parents at rest: M_R is their (M^2 - m^2) / M exactly, and M_T^R stays below it."""
    rest = np.zeros((5000, 4))
    rest[:, 0] = parent
    (a, x), (b, y) = two_body(rest, parent, 0.0, dark, 1), two_body(rest, parent, 0.0, dark, 2)
    scale = (parent**2 - dark**2) / parent
    m_r, mt_r, _ = razor(a, b, plane(x + y))
    # |p_a| + |p_b| = scale, less what both carry along the beam
    np.testing.assert_allclose(m_r, np.sqrt(scale**2 - (a[:, 3] + b[:, 3]) ** 2))
    assert mt_r.max() <= scale * (1 + 1e-9)
    assert mt_r.max() > 0.9 * scale
    found = super_razor(a, b, plane(x + y))
    # Nothing recoils, and the visible energies are equal: the frame R is the pair's own, up to the beam.
    assert (found.m_delta_r <= scale * (1 + 1e-9)).all()
    assert found.m_delta_r.max() > 0.95 * scale


def test_super_razor_agrees_with_its_frames_built_by_the_vector_library(met: Floats) -> None:
    a, b = (vector.array({"E": p[:, 0], "px": p[:, 1], "py": p[:, 2], "pz": p[:, 3]}) for p in (A, B))
    total = a + b
    a, b = (p.boostZ(beta=-total.pz / total.E) for p in (a, b))
    total = a + b
    recoil = vector.array({"px": total.px + met[:, 0], "py": total.py + met[:, 1]})
    missing2 = (met**2).sum(1)
    # the invisible pair is as heavy as the visible one
    energy = total.E + np.sqrt(missing2 + total.mass2)
    s_r = np.sqrt(energy**2 - recoil.rho2)
    found = super_razor(A, B, met)
    np.testing.assert_allclose(found.s_r, s_r, rtol=1e-6)
    velocity = vector.array({"x": -recoil.px / energy, "y": -recoil.py / energy, "z": 0 * energy})
    a, b = a.boost(velocity), b.boost(velocity)
    pair = a + b
    np.testing.assert_allclose(found.dphi_r_b, np.abs(pair.deltaphi(recoil)), atol=1e-6)
    beta = vector.array({n: (getattr(a, n) - getattr(b, n)) / pair.E for n in ("x", "y", "z")})
    one, other = a.boost(-beta), b.boost(beta)
    np.testing.assert_allclose(one.E, other.E, rtol=1e-6)
    np.testing.assert_allclose(found.m_delta_r, one.E + other.E, rtol=1e-6)
    angle = (one.x * beta.x + one.y * beta.y + one.z * beta.z) / one.p / np.sqrt(beta.x**2 + beta.y**2 + beta.z**2)
    np.testing.assert_allclose(found.cos_theta_r1, angle, atol=1e-6)


def test_super_razor_without_missing_or_recoiling_momentum(met: Floats) -> None:
    pair = A + B
    balanced = -plane(pair)
    s_r = super_razor(A, B, balanced).s_r
    energy = np.sqrt(pair[:, 0] ** 2 - pair[:, 3] ** 2)  # without p_z
    np.testing.assert_allclose(s_r, 2 * energy, rtol=1e-9)
    assert (super_razor(A, B, met).s_r >= 0).all()


@pytest.mark.parametrize("function", [razor, super_razor])
def test_nothing_is_defined(function: Function) -> None:
    zero, nothing, p = np.zeros((1, 4)), np.zeros((1, 2)), momenta_of(1)
    beam = np.array([[5.0, 0, 0, 5.0]])
    for a, b in ((zero, zero), (p, zero), (p, p), (beam, beam), (beam, beam * [1, 1, 1, -1]), (p, p * [1, -1, -1, -1])):
        found = function(a, b, nothing)
        assert all(np.isfinite(x).all() for x in found)
    assert function(zero[:0], zero[:0], nothing[:0])[0].shape == (0,)
    with pytest.raises(DataError):
        function(p, p, np.zeros((1, 3)))
