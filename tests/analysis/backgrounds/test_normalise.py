from __future__ import annotations

import numpy as np
import pytest

from kaon.analysis.backgrounds.normalise import normalisation, normalise
from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.counts import Counts
from kaon.errors import DataError, KaonWarning


def counts(values: list[float], variances: list[float]) -> Counts:
    return Counts(np.array(values), np.array(variances))


def test_factor_brings_the_simulation_onto_the_data() -> None:
    data, w, others = counts([700.0, 500.0], [700.0, 500.0]), counts([400.0, 400.0], [40.0, 40.0]), Counts.zeros(2)
    factor = normalisation(data, [w], [others])
    assert factor.values.tolist() == [1.5]
    # in its own region the simulation cancels in the sum, and the error of the data is left
    total = normalise(w, factor).total
    assert total.values[0] == pytest.approx(1200)
    assert total.errors[0] == pytest.approx(1200**0.5)


def test_errors_agree_with_poisson_toys() -> None:
    rng = np.random.default_rng(3)
    mc, tt, there = 0.2 * rng.poisson(5 * 800.0, 50_000), 0.5 * rng.poisson(2 * 100.0, 50_000), rng.poisson(300, 50_000)
    data = rng.poisson(1100, 50_000)
    toys = 0.3 * there * (data - tt) / mc
    factor = normalisation(counts([1100.0], [1100.0]), [counts([800.0], [0.2 * 800])], [counts([100.0], [50.0])])
    made = normalise(counts([90.0], [27.0]), factor)
    assert made.values[0] == pytest.approx(toys.mean(), rel=0.005)
    assert made.errors[0] == pytest.approx(toys.std(), rel=0.03)


def test_several_processes_share_a_factor() -> None:
    data = counts([120.0], [120.0])
    tau, mu = counts([20.0], [4.0]), counts([80.0], [16.0])
    factor = normalisation(data, [tau, mu])
    both = normalise(tau, factor) + normalise(mu, factor)
    assert both.values[0] == pytest.approx(120)
    assert both.errors[0] == pytest.approx(120**0.5)


def test_too_many_others_give_zero_with_a_warning_and_no_simulation_is_refused() -> None:
    with pytest.warns(KaonWarning, match="normalisation factor -0.5 .* set to 0"):
        factor = normalisation(counts([50.0], [50.0]), [counts([100.0], [1.0])], [counts([100.0], [1.0])])
    assert factor.values.tolist() == [0.0]
    assert factor.errors[0] > 0.05
    for empty in ([], [Counts.zeros()], [counts([-1.0], [1.0])]):
        with pytest.raises(DataError, match="the simulation of the control region sums to"):
            normalisation(counts([50.0], [50.0]), empty)
    assert normalise(Uncertain(np.zeros(3)), Uncertain.constant(2.0, 1.0)).errors.tolist() == [0.0, 0.0, 0.0]
