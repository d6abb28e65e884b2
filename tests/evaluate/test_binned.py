from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.evaluate import background_rejection, efficiency_against, rejection_against, working_point


def test_each_bin_is_the_rejection_of_its_events(predictions: Predictions) -> None:
    edges = [550.0, 575.0, 600.0, 650.0]
    found = rejection_against(predictions, bins=edges, signal_efficiency=0.5)
    pt = predictions.spectators["jet_pt"]
    for i in range(3):
        alone = background_rejection(predictions.take((pt >= edges[i]) & (pt < edges[i + 1])), signal_efficiency=0.5)
        assert found.value[i] == pytest.approx(alone.value)
        assert found.error[i] == pytest.approx(alone.error)
        assert found.lower[i] == pytest.approx(alone.lower)


def test_one_bin_is_the_whole(predictions: Predictions) -> None:
    whole = background_rejection(predictions)
    assert rejection_against(predictions, bins=1).value[0] == pytest.approx(whole.value)
    cut = working_point(predictions, signal_efficiency=0.6)
    found = efficiency_against(predictions, bins=1, signal_efficiency=0.6)
    assert (found.threshold, found.signal[0], found.background[0]) == pytest.approx(cut)


def test_efficiencies_average_to_the_working_point(predictions: Predictions) -> None:
    found = efficiency_against(predictions, against="jet_mass", bins=7, signal_efficiency=0.4)
    mass, signal = predictions.spectators["jet_mass"], predictions.labels == 1
    share, _ = np.histogram(mass[signal], found.edges, weights=predictions.weights[signal])
    assert np.average(found.signal, weights=share) == pytest.approx(working_point(predictions, None, 0.4)[1])


def test_errors_cover_the_truth() -> None:
    rng = np.random.default_rng(3)
    target, x = np.arange(200_000) % 2, rng.uniform(0, 100, 200_000)
    score = rng.normal(size=200_000) + target
    found = efficiency_against(score, target, x, bins=np.linspace(0, 100, 101), threshold=1.0)
    pulls = (found.signal - 0.5) / found.signal_error  # P(N(1, 1) >= 1)
    assert np.std(pulls) == pytest.approx(1, abs=0.3)  # 100 bins: 7% on a width, 4 sigma
    assert abs(np.mean(pulls)) < 0.4


def test_a_cut_on_the_variable_itself_is_seen() -> None:
    pt = np.linspace(0, 1, 400)
    found = efficiency_against(pt, np.arange(400) % 2, pt, bins=[0, 0.5, 1.0], threshold=0.5)
    np.testing.assert_allclose(found.signal, [0, 1])
    assert (found.signal_error > 0).all()  # none of 100 is not known to be zero


def test_empty_bins_are_unknown() -> None:
    x, target = np.array([1.0, 1, 5, 5]), np.array([0, 1, 0, 0])
    score, edges = [0.1, 0.9, 0.2, 0.3], [0, 2, 4, 6]
    assert np.isnan(rejection_against(score, target, x, edges).value).tolist() == [False, True, True]
    found = efficiency_against(score, target, x, edges)
    assert np.isnan(found.signal).tolist() == [False, True, True]
    assert np.isnan(found.background).tolist() == [False, True, False]


def test_bad_input_is_refused(predictions: Predictions) -> None:
    for function in (rejection_against, efficiency_against):
        with pytest.raises(UnknownName, match="jet_pt"):
            function(predictions, against="pt")
        with pytest.raises(DataError, match="increasing"):
            function(predictions, bins=[2, 1])
        with pytest.raises(ConfigError):
            function(predictions, signal_efficiency=2)
