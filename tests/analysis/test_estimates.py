from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.counts import Counts
from kaon.analysis.estimates import estimated
from kaon.analysis.methods import Estimate
from kaon.analysis.templates import Statistical, Templates
from kaon.errors import DataError

READ: TypeAdapter[Estimate] = TypeAdapter(Estimate)


def templates_of(events: dict[str, dict[str, float]]) -> Templates:
    """Yields, and a histogram of two bins with a quarter and three quarters of them."""

    def made(histogram: str, shares: list[float]) -> dict[str, dict[str, Uncertain]]:
        return {
            region: {
                process: Uncertain.of(
                    Counts(np.array(shares) * n, np.array(shares) * n), Statistical(process, region, histogram)
                )
                for process, n in found.items()
            }
            for region, found in events.items()
        }

    return Templates({"yield": made("yield", [1.0]), "m": made("m", [0.25, 0.75])})


def estimate_of(name: str = "new", **settings: Any) -> dict[str, Estimate]:
    return {name: READ.validate_python(settings)}


def test_a_normalised_process_fills_its_control_region_up_to_the_data() -> None:
    templates = templates_of(
        {"cr": {"data": 1000.0, "w": 400.0, "z": 200.0}, "sr": {"data": 90.0, "w": 30.0, "z": 10.0}}
    )
    method = estimate_of(method="normalise", processes=["w"], control={"sr": "cr", "cr": "cr"})
    found, factors = estimated(templates, method)
    assert factors["new"]["sr"].values[0] == pytest.approx((1000 - 200) / 400)
    assert found.histograms["yield"]["sr"]["w"].values[0] == pytest.approx(60)
    np.testing.assert_allclose(found.histograms["m"]["sr"]["w"].values, [15, 45])
    total = found.expected("yield", "cr")
    assert total.values[0] == pytest.approx(1000)
    assert total.errors[0] == pytest.approx(np.sqrt(1000))  # the simulation cancels
    assert templates.histograms["yield"]["sr"]["w"].values[0] == 30


def test_same_sign_with_its_transfer_factor_after_the_w_is_normalised() -> None:
    templates = templates_of(
        {
            "sr": {"data": 500.0, "w": 50.0},
            "ss": {"data": 120.0, "w": 10.0},
            "w_ss": {"data": 300.0, "w": 150.0},
            "qcd_os": {"data": 660.0, "w": 0.0},
            "qcd_ss": {"data": 600.0, "w": 0.0},
        }
    )
    methods = estimate_of("w", method="normalise", processes=["w"], control={"ss": "w_ss"}) | estimate_of(
        "qcd", method="same_sign", regions={"sr": "ss"}, opposite_control="qcd_os", same_control="qcd_ss"
    )
    found, factors = estimated(templates, methods)
    assert factors["qcd"]["sr"].values[0] == pytest.approx(1.1)
    assert found.histograms["yield"]["sr"]["qcd"].values[0] == pytest.approx((120 - 20) * 1.1)
    np.testing.assert_allclose(found.histograms["m"]["sr"]["qcd"].values, [27.5, 82.5])
    for region in ("ss", "qcd_os", "qcd_ss"):  # it is what the others leave of the data
        total, seen = found.expected("m", region), found.histograms["m"][region]["data"]
        np.testing.assert_allclose(total.covariance, seen.covariance)
        np.testing.assert_allclose(total.values, seen.values)
    assert "qcd" not in found.histograms["yield"]["w_ss"]


def test_abcd_is_the_product_of_the_ratios() -> None:
    templates = templates_of(
        {
            "a": {"data": 70.0, "z": 5.0},
            "b": {"data": 64.0, "z": 4.0},
            "c": {"data": 210.0, "z": 10.0},
            "d": {"data": 400.0, "z": 0.0},
        }
    )
    found, factors = estimated(templates, estimate_of(method="abcd", a="a", b="b", c="c", d="d"))
    assert factors["new"]["a"].values[0] == pytest.approx(200 / 400)
    assert found.histograms["yield"]["a"]["new"].values[0] == pytest.approx(60 * 0.5)
    np.testing.assert_allclose(found.histograms["m"]["a"]["new"].values, [7.5, 22.5])


def test_a_histogram_adds_up_to_the_yield_with_the_same_error() -> None:
    templates = templates_of({"cr": {"data": 1000.0, "w": 400.0}, "sr": {"data": 90.0, "w": 30.0}})
    found, _ = estimated(templates, estimate_of(method="normalise", processes=["w"], control={"sr": "cr"}))
    bins, events = found.histograms["m"]["sr"]["w"].total, found.histograms["yield"]["sr"]["w"]
    np.testing.assert_allclose((bins.values, bins.errors), (events.values, events.errors))


def test_without_a_simulated_event_in_the_control_region() -> None:
    templates = templates_of({"cr": {"data": 10.0, "w": 0.0}, "sr": {"data": 9.0, "w": 3.0}})
    with pytest.raises(DataError, match=r"the estimate new: .*simulation of the control region"):
        estimated(templates, estimate_of(method="normalise", processes=["w"], control={"sr": "cr"}))


def test_without_data_in_a_blind_region() -> None:
    templates = templates_of({"cr": {"w": 10.0}, "sr": {"data": 9.0, "w": 3.0}})
    with pytest.raises(DataError, match="no data in the region cr; is it blind"):
        estimated(templates, estimate_of(method="normalise", processes=["w"], control={"sr": "cr"}))
