from __future__ import annotations

import numpy as np
import pyhf
import pytest
import torch
from scipy.optimize import brentq

from kaon.errors import ConfigError, DataError
from kaon.evaluate import asimov_significance
from kaon.evaluate.likelihood import discovery, upper_limit
from kaon.evaluate.workspace import Channel, Sample, Workspace, workspace


def counting(s: float, b: float, error: float | None, observed: float | None) -> Workspace:
    background = Sample("background", [b], None if error is None else [error])
    return workspace([Channel("all", Sample("signal", [s]), [background], None if observed is None else [observed])])


@pytest.fixture(scope="module")
def shapes() -> Workspace:
    """Two channels, shared and private uncertainties, data with a signal in them."""
    rng = np.random.default_rng(0)
    x = np.arange(4)
    channels = []
    for name, size in (("low", 200.0), ("high", 50.0)):
        signal, b = 0.2 * size * np.exp(-0.5 * (x - 2.0) ** 2), size * np.exp(-x / 3)
        backgrounds = [
            Sample("top", 0.6 * b, 0.05 * b, {"luminosity": 0.02, "top": (0.1, 0.2)}, {"scale": (0.55 * b, 0.65 * b)}),
            Sample("w", 0.4 * b, None, {"luminosity": 0.02}),
        ]
        channels.append(
            Channel(name, Sample("z", signal, None, {"luminosity": 0.02}), backgrounds, rng.poisson(b + signal))
        )
    return workspace(channels)


@pytest.mark.parametrize(("s", "published"), [(50, 0.8334), (100, 1.6443), (200, 3.2049), (300, 4.6922)])
def test_expected_significance_of_the_counting_experiment(s: float, published: float) -> None:
    found = discovery(counting(s, 1000, 50, None))
    assert found.expected == pytest.approx(published, abs=1e-4)
    assert found.expected == pytest.approx(asimov_significance(s, 1000, 50), rel=1e-5)
    assert (found.observed, found.mu) == (None, None)


def test_published_limit_and_bands() -> None:
    """They were made by a linear interpolation between strengths 0.1 apart."""
    made = counting(100, 1000, 50, 1000)
    scanned = upper_limit(made, scan=np.linspace(0, 5, 51))
    assert scanned.observed == pytest.approx(1.145, abs=1e-3)
    np.testing.assert_allclose(scanned.expected, [0.621, 0.830, 1.145, 1.581, 2.102], atol=1e-3)
    exact = upper_limit(made)
    assert exact.observed == pytest.approx(scanned.observed, abs=0.005)
    assert exact.observed == pytest.approx(exact.expected[2], rel=1e-3)  # the data are the expected ones


def test_limits_are_where_pyhf_says_that_cls_is_5_percent(shapes: Workspace) -> None:
    found = upper_limit(shapes)
    model = pyhf.Workspace(shapes).model()
    data = pyhf.Workspace(shapes).data(model)
    assert found.observed is not None
    for place, mu in ((None, found.observed), (0, found.expected[0]), (3, found.expected[3])):
        seen, bands = pyhf.infer.hypotest(mu, data, model, return_expected_set=True)
        assert float(seen if place is None else bands[place]) == pytest.approx(0.05, rel=0.01)
    assert list(found.expected) == sorted(found.expected)


def test_observed_significance_and_strength_are_pyhfs(shapes: Workspace) -> None:
    found = discovery(shapes)
    model = pyhf.Workspace(shapes).model()
    data = pyhf.Workspace(shapes).data(model)
    assert found.observed is not None
    p = float(pyhf.infer.hypotest(0.0, data, model, test_stat="q0"))
    from scipy.stats import norm

    assert found.observed == pytest.approx(norm.isf(p), rel=1e-3)
    assert found.mu is not None
    assert found.mu == pytest.approx(float(pyhf.infer.mle.fit(data, model)[model.config.poi_index]), rel=1e-3)
    assert found.mu_error is not None
    least = pyhf.infer.mle.fit(data, model, return_fitted_val=True)[1]
    for mu in (found.mu - found.mu_error[0], found.mu + found.mu_error[1]):
        rise = pyhf.infer.mle.fixed_poi_fit(mu, data, model, return_fitted_val=True)[1] - least
        assert float(rise) == pytest.approx(1, rel=0.02)


def test_strength_of_a_count_with_a_known_background() -> None:
    """mu = (n - b) / s; its interval is where the Poisson likelihood has fallen by one half."""
    s, b, n = 50.0, 100.0, 180.0
    found = discovery(counting(s, b, None, n))

    def rise(mu: float) -> float:
        mean = mu * s + b
        return float(2 * (mean - n - n * np.log(mean / n)) - 1)

    assert found.mu == pytest.approx((n - b) / s, rel=1e-4)
    assert found.mu_error is not None
    assert found.mu_error[0] == pytest.approx(found.mu - brentq(rise, 0, 1.6), rel=1e-3)
    assert found.mu_error[1] == pytest.approx(brentq(rise, 1.6, 3) - found.mu, rel=1e-3)
    assert found.observed == pytest.approx(asimov_significance(n - b, b), rel=1e-4)


@pytest.mark.parametrize("b", [0.01, 2.0])
def test_errors_of_few_events_are_where_the_likelihood_ratio_is_one(b: float) -> None:
    """Of a counting experiment in closed form: far below the best strength it falls less steeply than a parabola."""
    n = 3.0 + b
    found = discovery(counting(1, b, None, n))

    def rise(mu: float) -> float:
        return float(2 * (mu + b - n - n * np.log((mu + b) / n))) - 1

    assert found.mu_error is not None
    assert found.mu_error == pytest.approx((3 - brentq(rise, 1e-3, 3), brentq(rise, 3, 30) - 3), rel=1e-3)


def test_a_deficit_is_no_discovery_and_strengthens_the_limit() -> None:
    low, expected = counting(100, 1000, 50, 900), counting(100, 1000, 50, 1000)
    found = discovery(low)
    assert found.observed == pytest.approx(0, abs=1e-3)
    assert found.mu == pytest.approx(0, abs=1e-3)
    strong, usual = upper_limit(low).observed, upper_limit(expected).observed
    assert strong is not None
    assert usual is not None
    assert strong < usual


def test_a_shared_uncertainty_is_one_parameter_and_statistics_can_be_one_a_bin(shapes: Workspace) -> None:
    names = pyhf.Workspace(shapes).model().config.par_names
    assert sum(name == "luminosity" for name in names) == 1
    background = [Sample("a", [50.0, 20.0], [5.0, 3.0]), Sample("b", [30.0, 10.0], [4.0, 2.0])]
    channel = Channel("one", Sample("s", [5.0, 10.0]), background)
    for kind, count in (("poisson", 4), ("gaussian", 2)):
        made = workspace([channel], statistical=kind)  # type: ignore[arg-type]  # a loop over literals
        assert len(pyhf.Workspace(made).model().config.par_names) == 1 + count
        bin_by_bin = asimov_significance([5, 10], [80, 30], np.hypot([5, 3], [4, 2]))
        assert discovery(made).expected == pytest.approx(np.sqrt((bin_by_bin**2).sum()), rel=0.03)


def test_an_empty_bin_does_no_harm() -> None:
    made = workspace([Channel("all", Sample("s", [10.0, 0.0]), [Sample("b", [100.0, 0.0])], [110.0, 0.0])])
    assert discovery(made).expected == pytest.approx(asimov_significance(10, 100), rel=1e-3)


def test_the_backend_of_the_caller_stays_and_so_does_the_precision_of_networks() -> None:
    before = pyhf.get_backend(), torch.get_default_dtype()
    discovery(counting(10, 100, 5, 110))
    assert (pyhf.get_backend(), torch.get_default_dtype()) == before


def test_bad_settings_are_refused(shapes: Workspace) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        upper_limit(shapes, 95)
    with pytest.raises(DataError, match="CLs does not fall"):
        upper_limit(counting(1, 1000, 50, 1000), scan=[0.0, 1.0, 2.0])
    with pytest.raises(DataError, match="no workspace of pyhf"):
        discovery({"channels": [], "measurements": [{"name": "x"}]})
