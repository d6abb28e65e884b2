from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from tests.observables.conftest import Floats, along_beam, mirrored, momenta_of, turned, two_body

from kaon.errors import ConfigError, DataError
from kaon.observables.momenta import boost, invariant_mass, plane
from kaon.observables.stransverse import mt2

MASSES = [(0.0, 0.0, 0.0), (0.0, 0.0, 50.0), (10.0, 30.0, 0.0), (5.0, 80.0, 40.0), (172.0, 3.0, 0.0)]
"""Of the two visible objects and the invisible particle, GeV."""


def larger(q: Floats, a: Floats, b: Floats, met: Floats, invisible: float) -> Floats:
    """The larger transverse mass of the two sides for momenta q of the first invisible particle, (..., 2)."""
    found = []
    for p, k in ((a, q), (b, met - q)):
        mass = invariant_mass(p)
        energy, dark = np.sqrt(mass**2 + p[1] ** 2 + p[2] ** 2), np.sqrt(invisible**2 + (k**2).sum(-1))
        squared = mass**2 + invisible**2 + 2 * (energy * dark - k @ p[1:3])
        found.append(np.sqrt(np.maximum(squared, 0)))
    made: Floats = np.maximum(*found)
    return made


@pytest.mark.parametrize(("one", "other", "dark"), MASSES)
def test_agrees_with_the_definition_minimised_by_brute_force(one: float, other: float, dark: float) -> None:
    a, b = momenta_of(12, one, seed=1), momenta_of(12, other, seed=2)
    k = np.random.default_rng(3).normal(0, 70, (12, 2))
    found = mt2(a, b, k, dark)
    for i in range(12):
        args = (a[i], b[i], k[i], dark)
        # Never above any point of a wide grid, and reached by a minimiser that starts from the best of them.
        side = np.linspace(-400, 400, 161)
        grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
        values = larger(grid, *args)
        assert found[i] <= values.min() + 1e-6
        start, best = grid[values.argmin()], values.min()
        for _ in range(6):
            fit = minimize(larger, start, args=args, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10})
            start, best = fit.x, min(best, fit.fun)
        assert found[i] == pytest.approx(best, rel=1e-4, abs=1e-3)


def reachable(m: Floats, a: Floats, b: Floats, met: Floats, dark: float) -> NDArray[np.bool_]:
    """Whether conics of mass m overlap: no mixture of the two quadratic forms is positive everywhere (S-lemma)."""

    def form(p: Floats, shift: Floats, sign: float) -> tuple[Floats, Floats, Floats]:
        mass, v = invariant_mass(p), plane(p)
        energy2 = mass**2 + (v**2).sum(1)
        delta = (m**2 - mass**2 - dark**2) / 2
        quadratic = energy2[:, None, None] * np.eye(2) - v[:, :, None] * v[:, None]
        linear = -delta[:, None] * v  # E^2 (m^2 + q^2) <= (delta + v.q)^2
        constant = energy2 * dark**2 - delta**2
        # q -> shift + sign q
        at = np.einsum("nij,nj->ni", quadratic, shift)
        constant = constant + (shift * at).sum(1) + 2 * (linear * shift).sum(1)
        return quadratic, sign * (linear + at), constant

    first, second = form(a, np.zeros_like(met), 1.0), form(b, met, -1.0)
    # The least value of the mixture is concave in the share: a grid in its logit, thrice refined around the best.
    centre, width, highest = np.zeros(len(a)), 16.0, np.full(len(a), -np.inf)
    for _ in range(4):
        best = centre.copy()
        for step in np.linspace(-width, width, 201):
            share = 1 / (1 + np.exp(-(centre + step)))
            quadratic, linear, constant = (
                share.reshape(-1, *[1] * (x.ndim - 1)) * x + (1 - share).reshape(-1, *[1] * (x.ndim - 1)) * y
                for x, y in zip(first, second, strict=True)
            )
            determinant = quadratic[:, 0, 0] * quadratic[:, 1, 1] - quadratic[:, 0, 1] ** 2
            adjugate = np.stack([quadratic[:, 1, 1], -quadratic[:, 0, 1], quadratic[:, 0, 0]], 1)
            squared = adjugate[:, 0] * linear[:, 0] ** 2 + adjugate[:, 2] * linear[:, 1] ** 2
            squared += 2 * adjugate[:, 1] * linear[:, 0] * linear[:, 1]
            least = constant - squared / np.where(determinant > 0, determinant, np.nan)
            best = np.where(least > highest, centre + step, best)
            highest = np.maximum(highest, least)
        centre, width = best, width / 40
    return highest <= 0


@pytest.mark.parametrize(("one", "other", "dark"), MASSES)
def test_agrees_with_the_overlap_of_conics(one: float, other: float, dark: float) -> None:
    """The question that Lester and Nachman's bisection asks, answered in another way."""
    a, b = momenta_of(200, one, seed=11), momenta_of(200, other, seed=12)
    k = np.random.default_rng(13).normal(0, 70, (200, 2))
    found = mt2(a, b, k, dark)
    balanced = found > max(one, other) + dark + 1
    assert balanced.sum() > 10
    assert reachable(found * 1.0001, a, b, k, dark)[balanced].all()
    assert not reachable(found * 0.9999, a, b, k, dark)[balanced].any()


def test_without_recoil_and_masses_it_has_a_closed_form() -> None:
    """M_T2^2 = 2 (pT_a pT_b + pT_a . pT_b): Lester, https://arxiv.org/abs/1103.5682."""
    a, b = momenta_of(2000, seed=1), momenta_of(2000, seed=2)
    v, w = plane(a), plane(b)
    wanted = np.sqrt(2 * (np.linalg.norm(v, axis=1) * np.linalg.norm(w, axis=1) + (v * w).sum(1)))
    np.testing.assert_allclose(mt2(a, b, -v - w), wanted, rtol=1e-7, atol=1e-5)


@pytest.mark.parametrize("dark", [0.0, 40.0])
def test_equal_visible_momenta_share_the_missing_momentum(dark: float) -> None:
    a = momenta_of(100, 5.0, seed=1)
    k = np.random.default_rng(2).normal(0, 50, (100, 2))
    energy, half = np.sqrt(25 + (plane(a) ** 2).sum(1)), np.sqrt(dark**2 + (k**2).sum(1) / 4)
    wanted = np.sqrt(25 + dark**2 + 2 * (energy * half - (plane(a) * k).sum(1) / 2))
    np.testing.assert_allclose(mt2(a, a, k, dark), wanted, rtol=1e-7)


@pytest.mark.parametrize(("parent", "light", "dark"), [(200.0, 0.0, 0.0), (300.0, 0.0, 100.0), (172.5, 4.8, 80.4)])
def test_pairs_of_equal_parents_end_at_the_parents_mass(parent: float, light: float, dark: float) -> None:
    one, other = momenta_of(10_000, parent, 1, 200.0), momenta_of(10_000, parent, 2, 200.0)
    (a, x), (b, y) = two_body(one, parent, light, dark, 3), two_body(other, parent, light, dark, 4)
    found = mt2(a, b, plane(x + y), dark)
    assert found.max() <= parent * (1 + 1e-6)
    assert found.max() > 0.98 * parent
    assert found.min() >= light + dark - 1e-9


def test_symmetries(met: Floats) -> None:
    a, b = momenta_of(300, 10.0, seed=1), momenta_of(300, 4.0, seed=2)
    wanted = mt2(a, b, met, 20.0)
    for other in (
        mt2(b, a, met, 20.0),
        mt2(turned(a, 2.0), turned(b, 2.0), turned(met, 2.0), 20.0),
        mt2(mirrored(a), mirrored(b), mirrored(met), 20.0),
        mt2(along_beam(a, 0.6), along_beam(b, -0.8), met, 20.0),
        mt2(1e3 * a, 1e3 * b, 1e3 * met, 2e4) / 1e3,
    ):
        np.testing.assert_allclose(other, wanted, rtol=1e-7)


def test_a_transverse_boost_of_a_balanced_event_without_recoil_changes_nothing() -> None:
    """With a, b and the invisible pair at p_z = 0 and no recoil, M_T2 without masses is a function of a.b alone."""
    a, b = momenta_of(200, seed=1), momenta_of(200, seed=2)
    for p in (a, b):
        p[:, 3] = 0
        p[:, 0] = np.hypot(p[:, 1], p[:, 2])
    # contralinear boost: a by beta, b by -beta leaves pT_a pT_b + pT_a . pT_b (Tovey, https://arxiv.org/abs/0802.2879)
    beta = np.zeros((200, 3))
    beta[:, :2] = np.random.default_rng(3).uniform(-0.5, 0.5, (200, 2))
    a2, b2 = boost(a, beta), boost(b, -beta)
    np.testing.assert_allclose(mt2(a2, b2, -plane(a2 + b2)), mt2(a, b, -plane(a + b)), rtol=1e-6, atol=1e-4)


def test_without_masses_it_vanishes_where_the_missing_momentum_lies_between_the_visible_and_only_there() -> None:
    a, b = momenta_of(3000, seed=1), momenta_of(3000, seed=2)
    x, y = 10 ** np.random.default_rng(3).uniform(-1, 1, (2, 3000, 1))
    assert (mt2(a, b, x * plane(a) + y * plane(b)) < 1e-4).all()
    assert (mt2(a, b, x * plane(a) - y * plane(b)) > 1e-4).all()
    assert (mt2(a, b, -x * plane(a) - y * plane(b)) > 1e-4).all()


@pytest.mark.parametrize("ratio", [1e-3, 1e3])
def test_objects_of_very_different_size(ratio: float) -> None:
    """The smaller object decides; a minimiser started near each trivial point cannot do better."""
    a, b = momenta_of(4, seed=1), ratio * momenta_of(4, seed=2)
    k = np.random.default_rng(3).normal(0, 70, (4, 2))
    found = mt2(a, b, k)
    for i in range(4):
        best = np.inf
        for start in (k[i] / 2, plane(a[i]), k[i] - plane(b[i])):
            for _ in range(2):
                options = {"xatol": 1e-9, "fatol": 1e-9, "maxfev": 400}
                fit = minimize(larger, start, (a[i], b[i], k[i], 0.0), "Nelder-Mead", options=options)
                start, best = fit.x, min(best, fit.fun)
        assert found[i] <= best + 1e-6
        assert found[i] == pytest.approx(best, rel=1e-3, abs=1e-2)


def test_it_grows_with_the_invisible_mass(met: Floats) -> None:
    a, b = momenta_of(300, seed=1), momenta_of(300, seed=2)
    found = [mt2(a, b, met, dark) for dark in (0.0, 1e-6, 1.0, 10.0, 100.0)]
    assert all((np.diff(pair, axis=0) >= -1e-5).all() for pair in pairwise(found))
    np.testing.assert_allclose(found[1], found[0], atol=2e-2)


def test_edges() -> None:
    p, zero, nothing = np.array([[50.0, 30, 40, 0]]), np.zeros((1, 4)), np.zeros((1, 2))
    assert mt2(zero, zero, nothing).tolist() == [0]
    assert mt2(p, zero, nothing).tolist() == [0]
    assert mt2(p, p, nothing).tolist() == [0]
    assert mt2(p, p, plane(p)).tolist() == [0]
    # the missing momentum between the two: a trivial solution along each
    assert mt2([[10.0, 10, 0, 0]], [[7.0, 0, 7, 0]], [[3.0, 4.0]]).tolist() == [0]
    at_rest = np.array([[20.0, 0, 0, 0]])
    assert mt2(at_rest, at_rest, nothing, 5.0) == pytest.approx(25)
    assert np.isnan(mt2(p, p, [[np.nan, 0.0]]))[0]
    assert mt2(zero[:0], zero[:0], nothing[:0]).shape == (0,)
    many = np.repeat(p, 20_000, axis=0)  # more than one piece
    assert np.ptp(mt2(many, -many, np.full((20_000, 2), 9.0))) == 0


def test_what_makes_no_sense() -> None:
    p = np.ones((3, 4))
    for mass in (-1.0, np.nan, np.inf):
        with pytest.raises(ConfigError, match="invisible_mass"):
            mt2(p, p, np.zeros((3, 2)), mass)
    with pytest.raises(DataError, match="unequal numbers"):
        mt2(p, p[:2], np.zeros((3, 2)))
