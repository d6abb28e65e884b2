from __future__ import annotations

import math
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import UnknownName
from kaon.extras import available
from kaon.represent.jet_features import OBSERVABLES, JetFeatures, jet_features

PLAIN = tuple(name for name in OBSERVABLES if not name.startswith("tau"))
needs_fastjet = pytest.mark.skipif(not available("fastjet"), reason="fastjet is not installed")


def expected(constituents: Any) -> dict[str, NDArray[Any]]:
    """The formulas once more, on `vector`'s records and awkward's sums."""
    p = constituents
    jet = ak.zip({name: ak.sum(p[name], axis=1) for name in ("px", "py", "pz", "E")}, with_name="Momentum4D")
    total = ak.sum(p.pt, axis=1)
    distance = np.hypot(p.eta - jet.eta, p.deltaphi(jet))
    return {
        "jet_pt": jet.pt,
        "jet_eta": jet.eta,
        "jet_mass": jet.mass,
        "multiplicity": ak.num(p),
        "girth": ak.sum(p.pt * distance, axis=1) / total,
        "ptd": np.sqrt(ak.sum(p.pt**2, axis=1)) / total,
        "leading_fraction": ak.max(p.pt, axis=1) / total,
        "angularity_les": ak.sum(p.pt * np.sqrt(distance), axis=1) / total,
    }


def test_agrees_with_the_formulas_on_another_library(jets: Events) -> None:
    found = jet_features(jets["constituents"], PLAIN)
    formulas = expected(jets["constituents"])
    assert set(formulas) == set(PLAIN)
    for column, name in zip(found.T, PLAIN, strict=True):
        np.testing.assert_allclose(column, ak.to_numpy(formulas[name]), rtol=2e-5, atol=1e-6, err_msg=name)


@needs_fastjet
def test_agrees_with_fastjet_on_the_sum_and_on_the_ratios(jets: Events) -> None:
    import fastjet

    from kaon.substructure import nsubjettiness

    p = jets["constituents"]
    flat = ak.zip({name: p[name] for name in ("px", "py", "pz", "E")}, with_name="Momentum4D")
    clustered = fastjet.ClusterSequence(flat, fastjet.JetDefinition(fastjet.antikt_algorithm, 3.0)).inclusive_jets()
    assert ak.all(ak.num(clustered) == 1), "one jet holds everything"
    found = jet_features(p, ("jet_pt", "jet_mass", "tau1", "tau21", "tau32"))
    jet = clustered[:, 0]
    np.testing.assert_allclose(found[:, 0], np.hypot(jet.px, jet.py), rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], np.sqrt(jet.E**2 - jet.px**2 - jet.py**2 - jet.pz**2), rtol=1e-5)
    tau = nsubjettiness(p, (1, 2, 3))
    np.testing.assert_allclose(found[:, 2], tau[:, 0], rtol=1e-6)
    np.testing.assert_allclose(found[:, 3] * found[:, 2], tau[:, 1], rtol=1e-5)
    np.testing.assert_allclose(found[:, 4] * tau[:, 1], tau[:, 2], rtol=1e-5)


@needs_fastjet
def test_order_of_the_constituents_does_not_matter(jets: Events) -> None:
    p = jets["constituents"]
    random = np.random.default_rng(0)
    shuffled = p[ak.argsort(ak.unflatten(random.random(len(ak.flatten(p.px))), ak.num(p)), axis=1)]
    assert shuffled.px.to_list() != p.px.to_list()
    np.testing.assert_allclose(jet_features(shuffled), jet_features(p), rtol=1e-4, atol=1e-6)


@needs_fastjet
def test_a_turn_about_the_beam_changes_no_observable(jets: Events) -> None:
    p = jets["constituents"]
    turned = ak.with_field(ak.with_field(p, -p.py, "px"), p.px, "py")
    np.testing.assert_allclose(jet_features(turned), jet_features(p), rtol=1e-4, atol=1e-5)


@needs_fastjet
def test_a_boost_along_the_beam_changes_only_what_depends_on_rapidity_for_massless_particles(jets: Events) -> None:
    p = jets["constituents"]
    E = np.sqrt(p.px**2 + p.py**2 + p.pz**2)
    massless = ak.with_field(p, E, "E")
    gamma, beta = math.cosh(0.7), math.tanh(0.7)
    boosted = ak.with_field(massless, gamma * (E + beta * p.pz), "E")
    boosted = ak.with_field(boosted, gamma * (p.pz + beta * E), "pz")
    names = ("jet_pt", "jet_mass", "multiplicity", "ptd", "leading_fraction", "tau1", "tau21", "tau32")
    np.testing.assert_allclose(jet_features(boosted, names), jet_features(massless, names), rtol=1e-3, atol=1e-5)


@needs_fastjet
def test_limits(make_jets: Any) -> None:
    jets = make_jets(3, sizes=[0, 1, 2])
    found = dict(zip(OBSERVABLES, jet_features(jets["constituents"]).T, strict=True))
    assert all(values[0] == 0 for values in found.values()), "a jet without constituents"
    alone = jets["constituents"][1, 0]
    assert found["jet_pt"][1] == pytest.approx(alone.pt, rel=1e-6)
    assert found["jet_mass"][1] == pytest.approx(0.13957, rel=1e-2)
    assert (found["multiplicity"][1], found["ptd"][1], found["leading_fraction"][1]) == (1, 1, 1)
    assert max(abs(found[name][1]) for name in ("girth", "angularity_les")) < 1e-3
    assert [found[name][1] for name in ("tau1", "tau21", "tau32")] == [0, 0, 0]
    assert found["tau1"][2] > 0
    assert [found[name][2] for name in ("tau21", "tau32")] == [0, 0]


def test_bounds(jets: Events) -> None:
    found = dict(zip(PLAIN, jet_features(jets["constituents"], PLAIN).T, strict=True))
    n = found["multiplicity"]
    assert (found["ptd"] >= 1 / np.sqrt(n) - 1e-6).all(), "equal shares are the least"
    assert (found["ptd"] <= 1).all()
    assert (found["leading_fraction"] >= 1 / n - 1e-6).all()
    assert (found["leading_fraction"] <= found["ptd"] + 1e-6).all()
    assert (found["angularity_les"] ** 2 <= found["girth"] + 1e-6).all(), "Jensen: the square root is concave"


def test_observables_are_chosen_by_name_and_order(jets: Events) -> None:
    both = jet_features(jets["constituents"], ("ptd", "jet_pt"))
    np.testing.assert_array_equal(both[:, 0], jet_features(jets["constituents"], ("ptd",))[:, 0])
    assert jet_features(jets["constituents"], ()).shape == (len(jets), 0)
    with pytest.raises(UnknownName, match=r"unknown observable 'tau31'; did you mean"):
        jet_features(jets["constituents"], ("tau31",))
    fitted = JetFeatures(["ptd", "jet_pt"]).fit(jets)
    assert fitted.spec["features"].features == ("ptd", "jet_pt")
    np.testing.assert_array_equal(fitted.transform(jets).inputs["features"], both)
    assert both.dtype == np.float32


def test_no_jets(jets: Events) -> None:
    assert jet_features(jets["constituents"][:0], PLAIN).shape == (0, len(PLAIN))
