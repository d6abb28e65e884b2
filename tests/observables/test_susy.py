from __future__ import annotations

import numpy as np
import pytest
from tests.observables.conftest import Floats, along_beam, mirrored, momenta_of, turned, two_body

from kaon.errors import DataError
from kaon.observables.momenta import plane
from kaon.observables.razor import razor, super_razor
from kaon.observables.stransverse import mt2
from kaon.observables.susy import axial_missing, relative_missing, susy_variables

A, B = momenta_of(300, seed=1), momenta_of(300, seed=2)


def test_all_ten_are_invariant_and_do_not_tell_the_leptons_apart(met: Floats) -> None:
    wanted = susy_variables(A, B, met)
    for name, values in wanted.items():
        assert values.shape == (300,)
        for other in (
            susy_variables(B, A, met),
            susy_variables(turned(A, 2.0), turned(B, 2.0), turned(met, 2.0)),
            susy_variables(mirrored(A), mirrored(B), mirrored(met)),
            susy_variables(along_beam(A, 0.7), along_beam(B, 0.7), met),
        ):
            np.testing.assert_allclose(other[name], values, rtol=1e-6, atol=1e-6, err_msg=name)


def test_they_are_those_of_their_own_files(met: Floats) -> None:
    found, one, other = susy_variables(A, B, met), razor(A, B, met), super_razor(A, B, met)
    np.testing.assert_array_equal([found["m_r"], found["m_tr_2"], found["r"]], one)
    np.testing.assert_array_equal(found["mt2"], mt2(A, B, met))
    np.testing.assert_array_equal(found["s_r"], other.s_r)
    np.testing.assert_array_equal(found["cos_theta_r1"], np.abs(other.cos_theta_r1))


def test_relative_missing_is_the_part_across_the_nearer_lepton(met: Floats) -> None:
    found = relative_missing(A, B, met)
    size = np.linalg.norm(met, axis=1)
    angles = np.stack([np.arctan2(p[:, 2], p[:, 1]) - np.arctan2(met[:, 1], met[:, 0]) for p in (A, B)])
    nearest = np.abs((angles + np.pi) % (2 * np.pi) - np.pi).min(0)
    np.testing.assert_allclose(found, np.where(nearest < np.pi / 2, size * np.sin(nearest), size))
    np.testing.assert_allclose(relative_missing(A, B, 2 * plane(A)), 0, atol=1e-9)


def test_axial_missing_is_what_lies_along_the_pair() -> None:
    pair = plane(A + B)
    size = np.linalg.norm(pair, axis=1)
    np.testing.assert_allclose(axial_missing(A, B, pair), size)
    np.testing.assert_allclose(axial_missing(A, B, -2 * pair), -2 * size)
    np.testing.assert_allclose(axial_missing(A, B, pair[:, ::-1] * [1, -1]), 0, atol=1e-9)


def test_w_pairs_stay_below_the_w_mass_in_mt2_and_heavier_pairs_do_not() -> None:
    def pairs(mass: float, dark: float) -> dict[str, Floats]:
        one, other = momenta_of(5000, mass, 1), momenta_of(5000, mass, 2)
        (a, x), (b, y) = two_body(one, mass, 0.0, dark, 3), two_body(other, mass, 0.0, dark, 4)
        return susy_variables(a, b, plane(x + y))

    light, heavy = pairs(80.4, 0.0), pairs(200.0, 50.0)
    assert light["mt2"].max() <= 80.4 * (1 + 1e-6)
    assert heavy["mt2"].max() > 120
    assert all(np.median(heavy[name]) > np.median(light[name]) for name in ("m_r", "m_delta_r", "s_r", "met_rel"))


def test_nothing_is_defined() -> None:
    zero, nothing, p = np.zeros((1, 4)), np.zeros((1, 2)), momenta_of(1)
    for a, b in ((zero, zero), (p, zero), (p, p), (p, -p * [-1, 1, 1, 1])):
        assert all(np.isfinite(values).all() for values in susy_variables(a, b, nothing).values())
    assert all(values.shape == (0,) for values in susy_variables(zero[:0], zero[:0], nothing[:0]).values())
    with pytest.raises(DataError, match="lepton2 has the shape"):
        relative_missing(p, p[:, :2], nothing)
