from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from kaon.data import Events
from kaon.simulate import load_recipe, simulate

QUARK, GLUON = 33, 53
"""Mean multiplicities in the EnergyFlow sample, arXiv:1810.05165, Zenodo 3164691."""
AUC = 0.843
"""Of the multiplicity alone, in the same sample."""


@pytest.fixture(scope="module")
def events() -> Events:
    recipe = load_recipe("quark-gluon").model_copy(update={"chunk_events": 400})
    return simulate(recipe, 200, seed=5, workers=2)


def check(events: Events, tolerance: float) -> None:
    """Compare with the public sample: within its rounding, the `tolerance` of the AUC, and three standard errors."""
    count = np.asarray(events["jet_constituents"], float)
    assert events.classes == ("gluon", "quark")
    gluon, quark = count[events.labels == 0], count[events.labels == 1]
    for mine, expected in ((gluon, GLUON), (quark, QUARK)):
        assert mine.mean() == pytest.approx(expected, abs=0.5 + 3 * mine.std() / np.sqrt(len(mine)))
    n = len(count) / 2  # equal numbers: the error of an area A is at most sqrt(A (1 - A) / n)
    error = np.sqrt(AUC * (1 - AUC) / n)
    assert roc_auc_score(events.labels, -count) == pytest.approx(AUC, abs=tolerance + 2 * error)


def test_windows(events: Events) -> None:
    pt = np.asarray(events["jet_pt"])
    assert ((pt >= 500) & (pt < 550)).all()
    assert (np.abs(np.asarray(events["jet"].rapidity)) < 1.7).all()


def test_identities_and_charges_are_stored(events: Events) -> None:
    parts = events["constituents"]
    pid = np.asarray(ak.flatten(parts["pid"]))
    assert {22, 211, -211, 130} <= set(pid)
    assert not {12, 14, 16} & set(np.abs(pid))
    charge = np.asarray(ak.flatten(parts["charge"]))
    np.testing.assert_array_equal(charge[pid == 211], 1)
    np.testing.assert_array_equal(charge[pid == 22], 0)


def test_multiplicities_are_those_of_the_public_sample(events: Events) -> None:
    check(events, 0.02)


@pytest.mark.slow
def test_multiplicities_of_many_jets() -> None:
    check(simulate("quark-gluon", 2400, seed=6, workers=2), 0.005)
