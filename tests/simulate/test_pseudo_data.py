from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import ConfigError, DataError, KaonWarning, UnknownName
from kaon.simulate.pseudo_data import draw, hidden_factors

CLASSES = ("QCD", "Wenu", "Wmunu", "Zmumu", "Ztautau")


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def events_of(weight: NDArray[np.float64]) -> Events:
    """As many events of two classes, each with a number of its own."""
    n = len(weight)
    return Events(
        ak.Array({"number": np.arange(n)}),
        target=np.arange(n) % 2,
        weight=weight,
        index=np.arange(n) + 7,
        classes=("a", "b"),
    )


def test_each_event_comes_as_often_as_its_weight_says_and_alone() -> None:
    """Kept with the probability w: a binomial number, of mean n w and variance n w (1 - w)."""
    n, w = 40_000, 0.3
    drawn = draw(events_of(np.full(n, w)), random())
    assert abs(len(drawn.data) - n * w) < 5 * np.sqrt(n * w * (1 - w))
    assert len(set(drawn.data["number"].to_list())) == len(drawn.data)
    assert drawn.repeats == 0


def test_above_one_an_event_is_repeated_and_a_warning_says_so() -> None:
    with pytest.warns(KaonWarning, match="repetitions"):
        drawn = draw(events_of(np.full(20_000, 2.25)), random())
    times = np.bincount(np.asarray(drawn.data["number"]), minlength=20_000)
    assert set(times) == {2, 3}
    assert times.mean() == pytest.approx(2.25, abs=5 * np.sqrt(0.25 * 0.75 / 20_000))
    assert drawn.repeats == times.sum() - 20_000


def test_data_tell_nothing_and_the_truth_tells_all() -> None:
    events = events_of(np.linspace(0, 1, 10_000))
    drawn = draw(events, random(3))
    data, truth = drawn.data, drawn.truth
    assert data.target is None
    assert data.weight is None
    assert data.classes == ()
    assert data.fields == ["number"], "no other column"
    assert "a" not in str(data.provenance.settings)
    assert data.index.tolist() == truth.index.tolist() == list(range(len(data)))
    number = np.asarray(data["number"])
    np.testing.assert_array_equal(truth.labels, events.labels[number])
    np.testing.assert_array_equal(truth["expected"], events.weights[number])
    for told in (number, truth.labels):
        assert abs(np.corrcoef(np.arange(len(data)), told)[0, 1]) < 5 / np.sqrt(len(data)), "the order tells something"
    again = draw(events, random(3))
    assert again.data["number"].to_list() == number.tolist()


def test_what_cannot_be_drawn_is_an_error() -> None:
    with pytest.raises(DataError, match=r"cannot be drawn -0\.5 times"):
        draw(events_of(np.array([1.0, -0.5])), random())
    with pytest.raises(DataError, match="give a higher luminosity"):
        draw(events_of(np.zeros(5)), random())


def test_hidden_factors_are_drawn_in_their_range_for_all_that_begin_so() -> None:
    ranges = {"W": (0.8, 1.25), "QCD": (0.5, 2.0)}
    many = [hidden_factors(CLASSES, ranges, None, random(seed)) for seed in range(300)]
    for found in many:
        assert found["Wenu"] == found["Wmunu"] != found["QCD"]
        assert found["Zmumu"] == found["Ztautau"] == 1.0
        assert 0.8 <= found["Wenu"] <= 1.25
        assert 0.5 <= found["QCD"] <= 2.0
    logs = np.log([[found["Wenu"], found["QCD"]] for found in many])
    spread = np.log([1.25 / 0.8, 4.0]) / np.sqrt(12)  # of an even distribution
    assert (np.abs(logs.mean(axis=0)) < 5 * spread / np.sqrt(300)).all()
    np.testing.assert_allclose(logs.std(axis=0), spread, rtol=0.2)
    assert hidden_factors(CLASSES, ranges, None, random(1)) == many[1]


def test_given_factors_replace_all_drawn_ones() -> None:
    found = hidden_factors(CLASSES, {"QCD": (2.0, 3.0)}, {"W": 1.5, "Ztautau": 0}, random())
    assert found == {"QCD": 1.0, "Wenu": 1.5, "Wmunu": 1.5, "Zmumu": 1.0, "Ztautau": 0.0}


@pytest.mark.parametrize("factor", [-1.0, float("inf"), float("nan"), "much", True])
def test_a_factor_is_a_number(factor: float) -> None:
    with pytest.raises(ConfigError, match="0 or more"):
        hidden_factors(CLASSES, {}, {"W": factor}, random())


def test_names_of_factors_are_known_and_do_not_overlap() -> None:
    with pytest.raises(UnknownName, match="Wenu"):
        hidden_factors(CLASSES, {}, {"Wtaunu": 1.1}, random())
    with pytest.raises(ConfigError, match="two hidden factors for Wmunu"):
        hidden_factors(CLASSES, {}, {"W": 1.1, "Wmunu": 1.2}, random())
