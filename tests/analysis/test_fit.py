from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.config import AnalysisConfig
from kaon.analysis.counts import Counts
from kaon.analysis.entries import Fit
from kaon.analysis.estimates import estimated
from kaon.analysis.fit import _starts, channels, fit
from kaon.analysis.templates import Statistical, Templates, uncertain
from kaon.errors import KaonWarning

CONFIG = AnalysisConfig.from_mapping(
    {
        "data": "data.root",
        "weight": "1",
        "processes": {"s": {"files": "s.root", "signal": True}, "b": "b.root", "w": "w.root"},
        "regions": {"sr": "x > 0", "cr": "x < 0"},
        "histograms": {"m": {"bins": [2, 0, 1]}},
        "estimates": {"k": {"method": "normalise", "processes": ["w"], "control": {"sr": "cr"}}},
        "fit": {"regions": {"sr": "m"}},
    }
)


def templates_of(sr: dict[str, list[float]], systematics: dict[str, dict[str, float]] | None = None) -> Templates:
    """Bins of the signal region, and one control region of 400 events of data and 200 of w."""

    def counts(values: Any) -> Counts:
        return Counts(np.array(values, float), np.abs(np.array(values, float)) / 100)

    def one(process: str, region: str, histogram: str, values: Any) -> Uncertain:
        nominal = counts(values)
        sizes = {} if process == "data" else (systematics or {}).get(process, {})
        varied = {name: (nominal.scaled(1 + size), None) for name, size in sizes.items()}
        return uncertain(nominal, Statistical(process, region, histogram), varied)

    total = {name: [sum(values)] for name, values in sr.items()}
    cr = {"data": [400.0], "s": [0.0], "b": [0.0], "w": [200.0]}
    filled = {
        "m": {"sr": sr, "cr": {name: values * 2 for name, values in cr.items()}},
        "yield": {"sr": total, "cr": cr},
    }
    return Templates(
        {
            histogram: {r: {n: one(n, r, histogram, v) for n, v in found.items()} for r, found in regions.items()}
            for histogram, regions in filled.items()
        }
    )


SR = {"data": [30.0, 60.0], "s": [2.0, 20.0], "b": [20.0, 20.0], "w": [5.0, 10.0]}


def test_each_uncertainty_becomes_the_modifier_that_it_is() -> None:
    simulated = templates_of(SR, {"s": {"lumi": 0.02}, "b": {"lumi": 0.02, "xs": 0.1}, "w": {"lumi": 0.02}})
    templates, _ = estimated(simulated, CONFIG.estimates)
    (channel,) = channels(templates, CONFIG)
    b, w = channel.backgrounds
    assert channel.signal.normalisation == pytest.approx({"lumi": 0.02})
    assert b.normalisation == pytest.approx({"lumi": 0.02, "xs": 0.1})
    np.testing.assert_allclose(np.asarray(w.values), [10.0, 20.0])
    # the factor (data - others) / w: the luminosity cancels, the statistics of its control region are one parameter
    assert list(w.normalisation) == ["statistics_cr"]
    assert w.normalisation["statistics_cr"] == pytest.approx(np.hypot(2 / 400, np.sqrt(2) / 200))
    np.testing.assert_allclose(np.asarray(w.errors), 2 * np.sqrt([0.05, 0.1]))
    np.testing.assert_allclose(np.asarray(channel.observed), [30, 60])


def test_a_shape_stays_a_shape() -> None:
    nominal, up = Counts(np.array([10.0, 10.0]), np.zeros(2)), Counts(np.array([11.0, 9.0]), np.zeros(2))
    varied = uncertain(nominal, Statistical("b", "sr", "m"), {"tilt": (up, None)})
    templates = templates_of(SR).replacing({"m": {"sr": {"b": varied}}})
    (channel,) = channels(templates, CONFIG)
    low, high = channel.backgrounds[0].shapes["tilt"]
    np.testing.assert_allclose(np.asarray(high), [11, 9])
    np.testing.assert_allclose(np.asarray(low), [9, 11])


def test_an_uncertainty_of_more_than_all_leaves_a_positive_rate_and_a_fit() -> None:
    """As a shape it made rates negative, and the fit ended in numbers that are none."""
    simulated = templates_of({**SR, "w": [0.0, 0.0]}, {"b": {"xs": 2.0}})
    background = channels(simulated, CONFIG)[0].backgrounds[0]
    assert background.normalisation == {"xs": pytest.approx((2 / 3, 2.0))}
    assert not background.shapes
    found = fit(simulated, CONFIG)
    assert found.discovery.observed is not None
    assert np.isfinite([found.discovery.expected, found.discovery.observed]).all()


def test_bins_without_background_are_merged_and_negative_ones_are_told() -> None:
    empty = {"data": [3.0, 60.0], "s": [1.0, 20.0], "b": [0.0, 20.0], "w": [-1.0, 10.0]}
    with pytest.warns(KaonWarning, match="merges bins of m in sr without background: 1 are left"):
        (channel,) = channels(templates_of(empty), CONFIG)
    np.testing.assert_allclose(np.asarray(channel.observed), [63])
    np.testing.assert_allclose(np.asarray(channel.signal.values), [21])
    assert [float(np.asarray(b.values)[0]) for b in channel.backgrounds] == [20, 9]  # no event is lost
    with pytest.warns(KaonWarning, match="w: negative bins of m in sr, which the fit takes as zero"):
        (channel,) = channels(templates_of({**SR, "w": [-1.0, 10.0]}), CONFIG)
    np.testing.assert_allclose(np.asarray(channel.backgrounds[1].values), [0, 10])


@pytest.mark.parametrize(
    ("background", "starts"),
    [([1, 1, 1], [0, 1, 2]), ([0, 1, 1], [0, 2]), ([1, 1, 0], [0, 1]), ([2, -1, 2], [0, 1]), ([0, 0, 0], [0])],
)
def test_groups_are_as_fine_as_they_can_be(background: list[float], starts: list[int]) -> None:
    assert _starts(np.array(background, float)) == starts


def test_a_blind_region_has_an_expectation_only() -> None:
    blind = {name: values for name, values in SR.items() if name != "data"}
    found = fit(templates_of(blind), CONFIG.model_copy(update={"fit": Fit(regions={"sr": "m"}, limit=False)}))
    assert found.limit is None
    assert found.discovery.observed is None
    assert found.discovery.expected > 1


def test_the_strength_that_was_put_in_comes_out() -> None:
    twice = {**SR, "data": [29.0, 70.0]}
    found = fit(templates_of(twice), CONFIG)
    assert found.discovery.mu == pytest.approx(2, abs=0.05)
    assert found.limit is not None
    assert found.limit.observed is not None
    assert found.limit.observed > 2
    assert [channel["name"] for channel in found.workspace["channels"]] == ["sr"]
