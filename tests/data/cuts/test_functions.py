from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data.cuts.functions import FUNCTIONS, depth
from kaon.errors import ConfigError

LISTS = ak.Array([[3.0, -1.0], [], [2.0]])


def test_depth() -> None:
    assert [depth(3), depth(np.ones(2)), depth(ak.Array([1])), depth(LISTS)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sum", [2.0, 0.0, 2.0]),
        ("min", [-1.0, np.nan, 2.0]),
        ("max", [3.0, np.nan, 2.0]),
        ("mean", [1.0, np.nan, 2.0]),
        ("count", [2, 0, 1]),
    ],
)
def test_reductions_over_lists(name: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(ak.to_numpy(FUNCTIONS[name].apply(LISTS)), expected)


def test_reductions_of_conditions() -> None:
    positive = LISTS > 0
    assert FUNCTIONS["any"].apply(positive).to_list() == [True, False, True]
    assert FUNCTIONS["all"].apply(positive).to_list() == [False, True, True]
    assert FUNCTIONS["count"].apply(positive).to_list() == [1, 0, 1]


@pytest.mark.parametrize("name", ["sum", "min", "max", "mean", "any", "all", "count"])
def test_reductions_need_lists(name: str) -> None:
    with pytest.raises(ConfigError, match="needs a list"):
        FUNCTIONS[name].apply(ak.Array([1.0, 2.0]))


def test_two_arguments_are_compared_element_by_element() -> None:
    a, b = np.array([1.0, 5.0]), np.array([2.0, 3.0])
    np.testing.assert_array_equal(FUNCTIONS["min"].apply(a, b), [1.0, 3.0])
    np.testing.assert_array_equal(FUNCTIONS["max"].apply(a, b, 4.0), [4.0, 5.0])


@pytest.mark.parametrize("name", ["abs", "sqrt", "exp", "log", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh"])
def test_elementary_functions_are_numpys(name: str) -> None:
    x = np.array([0.1, 0.7, 2.0])
    np.testing.assert_array_equal(FUNCTIONS[name].apply(x), getattr(np, name)(x))


def test_angles_wrap() -> None:
    assert FUNCTIONS["delta_phi"].apply(3.0, -3.0) == pytest.approx(6.0 - 2 * np.pi)
    assert FUNCTIONS["delta_r"].apply(1.0, 3.0, 1.0, -3.0) == pytest.approx(2 * np.pi - 6.0)


def test_masses_of_four_momenta() -> None:
    rng = np.random.default_rng(0)
    pt, eta, phi, m = (
        rng.uniform(1, 90, (2, 50)),
        rng.normal(0, 1, (2, 50)),
        rng.uniform(-3, 3, (2, 50)),
        np.ones((2, 50)),
    )
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    energy = np.sqrt(px**2 + py**2 + pz**2 + m**2)
    pair = FUNCTIONS["mass"].apply(energy.sum(0), px.sum(0), py.sum(0), pz.sum(0))
    polar = FUNCTIONS["invariant_mass"].apply(pt[0], eta[0], phi[0], m[0], pt[1], eta[1], phi[1], m[1])
    np.testing.assert_allclose(polar, pair, rtol=1e-9)


def test_massless_pairs_have_a_closed_formula() -> None:
    apply = FUNCTIONS["invariant_mass"].apply
    expected = np.sqrt(2 * 40 * 30 * (np.cosh(0.5 + 1.0) - np.cos(0.2 - 2.0)))
    assert apply(40.0, 0.5, 0.2, 30.0, -1.0, 2.0) == pytest.approx(expected)
    single = apply(*(np.array([v], np.float32) for v in (40.0, 0.5, 0.2, 0.0, 30.0, -1.0, 2.0, 0.0)))
    assert single[0] == pytest.approx(expected, rel=1e-6)
    assert apply(40.0, 0.5, 0.2, 40.0, 0.5, 0.2) == pytest.approx(0, abs=1e-3)
