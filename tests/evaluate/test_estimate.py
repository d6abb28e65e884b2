from __future__ import annotations

import math

import numpy as np
import pytest

from kaon.evaluate import Estimate
from kaon.evaluate.estimate import binomial_variance


def test_unit_weights_give_the_binomial_variance() -> None:
    for passed, n in ((0, 7), (3, 10), (10, 10)):
        e = passed / n
        assert binomial_variance(e, passed, n, n) == pytest.approx(e * (1 - e) / n)


def test_variance_matches_the_spread_of_weighted_fractions() -> None:
    rng = np.random.default_rng(0)
    n, toys = 400, 4000
    weight = rng.choice([-0.5, 1.0, 3.0], (toys, n), p=[0.1, 0.6, 0.3])
    passed = rng.random((toys, n)) < 0.2
    total = weight.sum(1)
    fraction = (weight * passed).sum(1) / total
    stated = binomial_variance(fraction, (weight**2 * passed).sum(1), (weight**2).sum(1), total)
    # relative error of a variance from T toys is about sqrt(2 / T) = 2.2%; 5 sigma allowed, plus O(1/n) terms
    assert stated.mean() == pytest.approx(fraction.var(), rel=0.12)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.98123, 0.0012), "0.9812 ± 0.0012"),
        (Estimate(812.0, 31.0), "812 ± 31"),
        (Estimate(81234.0, 3100.0), "81200 ± 3100"),
        (Estimate(1.0, 0.0), "1"),
        (Estimate(math.inf, math.inf, 1234.5), "> 1.23e+03 (95% CL)"),
        (Estimate(math.nan, math.nan), "nan"),
    ],
)
def test_text_shows_two_digits_of_the_error(estimate: Estimate, text: str) -> None:
    assert str(estimate) == text


def test_an_estimate_is_also_a_number() -> None:
    assert float(Estimate(2.5, 0.1)) == 2.5
    assert Estimate(2.5, 0.1).finite
    assert not Estimate(math.inf, math.inf, 3.0).finite
