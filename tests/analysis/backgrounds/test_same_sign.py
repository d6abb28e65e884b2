from __future__ import annotations

import numpy as np
import pytest

from kaon.analysis.backgrounds.normalise import normalisation, normalise
from kaon.analysis.backgrounds.same_sign import same_sign, transfer_factor
from kaon.analysis.counts import Counts
from kaon.errors import DataError, KaonWarning


def poisson(*values: float) -> Counts:
    return Counts(np.array(values), np.array(values))


def test_estimate_and_errors_agree_with_toys() -> None:
    """Two bins, W normalised in a control region of its own, and a transfer factor from elsewhere."""
    rng, toys = np.random.default_rng(4), 100_000
    w_data, w_sim, w_ss = 2000.0, 1000.0, np.array([60.0, 40.0])
    data, os, ss = np.array([400.0, 300.0]), 2300.0, 2000.0
    k = rng.poisson(w_data, toys) / (rng.poisson(4 * w_sim, toys) / 4)
    w = rng.poisson(4 * w_ss, (toys, 2)) / 4 * k[:, None]
    drawn = (rng.poisson(data, (toys, 2)) - w) * (rng.poisson(os, toys) / rng.poisson(ss, toys))[:, None]

    factor = normalisation(poisson(w_data), [Counts(np.array([w_sim]), np.array([w_sim / 4]))])
    others = [normalise(Counts(w_ss, w_ss / 4), factor)]
    made = same_sign(poisson(*data), others, transfer_factor(poisson(os), poisson(ss)))
    np.testing.assert_allclose(made.values, drawn.mean(axis=0), rtol=0.005)
    np.testing.assert_allclose(made.covariance, np.cov(drawn.T), rtol=0.05)
    assert made.covariance[0, 1] > 0  # the transfer factor is common


def test_others_are_subtracted_everywhere() -> None:
    transfer = transfer_factor(poisson(130.0), poisson(110.0), [poisson(10.0)], [poisson(4.0), poisson(6.0)])
    assert transfer.values[0] == pytest.approx(1.2)
    assert same_sign(poisson(20.0, 30.0), [poisson(5.0, 5.0)], transfer).values == pytest.approx([18.0, 30.0])
    assert same_sign(poisson(20.0), []).values.tolist() == [20.0]
    assert same_sign(poisson(20.0), [], 1.5).errors[0] == pytest.approx(1.5 * 20**0.5)


def test_negative_bins_stay_and_nonsense_is_told() -> None:
    made = same_sign(poisson(1.0, 50.0), [poisson(3.0, 5.0)])
    assert made.values.tolist() == [-2.0, 45.0]
    with pytest.warns(KaonWarning, match="more than two standard deviations"):
        same_sign(poisson(10.0), [Counts(np.array([60.0]), np.array([1.0]))])
    with pytest.raises(DataError, match="multijet of the same-sign control region"):
        transfer_factor(poisson(10.0), poisson(10.0), [], [poisson(10.0)])
    with pytest.raises(DataError, match="1 bins cannot be summed"):
        same_sign(poisson(10.0, 20.0), [poisson(1.0)])
