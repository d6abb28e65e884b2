from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import vector
from tests.observables.conftest import Floats, along_beam, mirrored, momenta_of, turned, two_body

from kaon.errors import DataError
from kaon.observables.masses import collinear_mass, total_transverse_momentum, transverse_mass, visible_mass
from kaon.observables.momenta import boost, plane

Function = Callable[..., Floats]
A, B = momenta_of(300, seed=1), momenta_of(300, seed=2)


@pytest.mark.parametrize("function", [collinear_mass, total_transverse_momentum])
def test_symmetries_of_three(function: Function, met: Floats) -> None:
    wanted = function(A, B, met)
    for other in (
        function(B, A, met),
        function(turned(A, 2.0), turned(B, 2.0), turned(met, 2.0)),
        function(mirrored(A), mirrored(B), mirrored(met)),
        function(along_beam(A, 0.7), along_beam(B, 0.7), met),
        function(3 * A, 3 * B, 3 * met) / 3,
    ):
        np.testing.assert_allclose(other, wanted, rtol=1e-6)


def test_transverse_mass_agrees_with_the_invariant_mass_of_the_transverse_parts(met: Floats) -> None:
    lepton = vector.array({"px": A[:, 1], "py": A[:, 2], "pz": 0 * A[:, 1], "mass": 0 * A[:, 1]})
    neutrino = vector.array({"px": met[:, 0], "py": met[:, 1], "pz": 0 * met[:, 0], "mass": 0 * met[:, 0]})
    np.testing.assert_allclose(transverse_mass(A, met), (lepton + neutrino).mass, rtol=1e-6)
    np.testing.assert_array_equal(transverse_mass(A, 0 * met), 0)
    np.testing.assert_allclose(transverse_mass(A, plane(A)), 0, atol=1e-5)


def test_transverse_mass_ends_at_the_w_mass_and_comes_near_it() -> None:
    w = momenta_of(20_000, mass=80.4, seed=3)
    lepton, neutrino = two_body(w, 80.4, 0.0, 0.0)
    found = transverse_mass(lepton, plane(neutrino))
    assert found.max() <= 80.4 * (1 + 1e-9)
    assert found.max() > 0.999 * 80.4
    # A boost along the beam changes nothing.
    np.testing.assert_allclose(transverse_mass(along_beam(lepton, 0.9), plane(neutrino)), found)


def test_visible_mass_is_invariant_under_any_boost() -> None:
    a, b = momenta_of(300, 10.0, seed=1), momenta_of(300, 1.7, seed=2)
    beta = np.random.default_rng(4).uniform(-0.5, 0.5, (300, 3))
    np.testing.assert_allclose(visible_mass(boost(a, beta), boost(b, beta)), visible_mass(a, b))
    pieces = [vector.array({"E": p[:, 0], "px": p[:, 1], "py": p[:, 2], "pz": p[:, 3]}) for p in (a, b)]
    np.testing.assert_allclose(visible_mass(a, b), (pieces[0] + pieces[1]).mass)


def test_collinear_mass_gives_back_what_decayed_if_the_neutrinos_are_collinear() -> None:
    boson = momenta_of(2000, 91.0, seed=5)
    one, other = two_body(boson, 91.0, 0.0, 0.0)
    x, y = np.random.default_rng(6).uniform(0.1, 1, (2, 2000, 1))
    met = plane(one) * (1 - x) + plane(other) * (1 - y)
    found = collinear_mass(x * one, y * other, met)
    assert np.isfinite(found).mean() > 0.999
    np.testing.assert_allclose(found[np.isfinite(found)], 91, rtol=1e-6)
    # massless: m_vis / sqrt(x y)
    np.testing.assert_allclose(visible_mass(x * one, y * other) / np.sqrt(x * y)[:, 0], 91, rtol=1e-6)


def test_collinear_mass_is_nan_where_no_fractions_are_physical() -> None:
    a, b = np.array([[50.0, 50, 0, 0]]), np.array([[50.0, 0, 50, 0]])
    assert np.isfinite(collinear_mass(a, b, [[10.0, 10.0]]))
    np.testing.assert_allclose(collinear_mass(a, b, [[0.0, 0.0]]), visible_mass(a, b))
    for met in ([[-10.0, 10.0]], [[10.0, -10.0]], [[-1.0, -1.0]]):
        assert np.isnan(collinear_mass(a, b, met))
    for parallel in (-a, 2 * a, 0 * a):
        assert np.isnan(collinear_mass(a, parallel, [[10.0, 10.0]]))


def test_total_transverse_momentum_of_a_decay_is_that_of_the_parent() -> None:
    boson = momenta_of(200, 91.0, seed=5)
    one, rest = two_body(boson, 91.0, 0.0, 20.0)
    other, dark = two_body(rest, 20.0, 0.0, 0.0)
    found = total_transverse_momentum(one, other, plane(dark))
    np.testing.assert_allclose(found, np.hypot(boson[:, 1], boson[:, 2]))


def test_no_events_and_wrong_shapes() -> None:
    empty, none = np.zeros((0, 4)), np.zeros((0, 2))
    assert transverse_mass(empty, none).shape == collinear_mass(empty, empty, none).shape == (0,)
    with pytest.raises(DataError, match="met has the shape"):
        transverse_mass(A, A)
