from __future__ import annotations

import numpy as np
import pytest

from kaon.analysis.backgrounds.abcd import abcd
from kaon.analysis.backgrounds.closure import closure, summarise_pulls
from kaon.analysis.backgrounds.same_sign import same_sign, transfer_factor
from kaon.analysis.counts import Counts
from kaon.errors import DataError, KaonWarning


def poisson(*values: float) -> Counts:
    return Counts(np.array(values), np.array(values))


def test_independent_cuts_close_with_pulls_of_unit_width() -> None:
    rng = np.random.default_rng(5)
    pulls = []
    for _ in range(400):
        x, y = rng.exponential(size=(2, rng.poisson(4000)))  # independent of one another
        a, b, c, d = ((p & q).sum() for p in (x > 1.2, x <= 1.2) for q in (y > 1.0, y <= 1.0))
        pulls.append(closure({"a": abcd(poisson(b), poisson(c), poisson(d))}, {"a": poisson(a)}).pulls[0])
    found = summarise_pulls(pulls)
    assert abs(found.mean) < 4 * found.mean_error
    assert abs(found.width - 1) < 4 * found.width_error


def test_signal_in_the_control_regions_is_subtracted() -> None:
    b, c, d = poisson(130.0), poisson(92.0), poisson(164.0)  # of which 30, 12 and 4 are signal
    assert abcd(b, c, d).values[0] > 70
    made = abcd(b, c, d, [poisson(30.0)], [poisson(12.0)], [poisson(4.0)])
    assert made.values[0] == pytest.approx(100 * 80 / 160)
    assert made.errors[0] > abcd(poisson(100.0), poisson(80.0), poisson(160.0)).errors[0]


def test_the_shape_is_that_of_b_and_same_sign_is_a_special_case() -> None:
    b, c, d, other = poisson(10.0, 30.0), poisson(30.0, 20.0), poisson(25.0), poisson(2.0, 4.0)
    made, special = abcd(b, c, d, [other]), same_sign(b, [other], transfer_factor(c, d))
    assert made.values.tolist() == [16.0, 52.0]
    np.testing.assert_allclose(made.covariance, special.covariance)


def test_empty_denominators_are_refused_and_negative_regions_told() -> None:
    with pytest.raises(DataError, match="region D"):
        abcd(poisson(1.0), poisson(1.0), poisson(0.0))
    with pytest.warns(KaonWarning, match="region C holds -5 "):
        assert abcd(poisson(10.0), poisson(5.0), poisson(50.0), (), [poisson(10.0)]).values[0] == -1
