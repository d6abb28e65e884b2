from __future__ import annotations

import numpy as np

from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.counts import Counts
from kaon.analysis.templates import Statistical, Templates, uncertain


def counts(*values: float) -> Counts:
    """Of events without weights."""
    return Counts(np.array(values), np.array(values))


def exact(value: float) -> Counts:
    """Without a statistical error."""
    return Counts(np.array([value]), np.zeros(1))


def test_errors_are_statistical_and_systematic_in_quadrature() -> None:
    nominal = counts(100.0, 50.0)
    up, down = nominal.scaled(1.1), nominal.scaled(0.9)
    found = uncertain(nominal, Statistical("z", "sr", "m"), {"xs": (up, down)})
    np.testing.assert_allclose(found.variances, [100 + 10.0**2, 50 + 5.0**2])
    np.testing.assert_allclose(found.covariance[0, 1], 10.0 * 5.0)  # the bins move together


def test_without_a_down_the_other_side_is_the_mirror_image() -> None:
    nominal, up = exact(10.0), exact(12.0)
    source = Statistical("z", "sr", "m")
    one, two = (uncertain(nominal, source, {"s": sides}) for sides in ((up, None), (up, exact(8.0))))
    np.testing.assert_allclose(one.errors, two.errors)
    assert "s" not in uncertain(nominal, source, {"s": (nominal, nominal)}).responses


def test_an_uncertainty_that_two_processes_share_adds_up_linearly() -> None:
    def of(process: str) -> Uncertain:
        nominal = exact(10.0)
        return uncertain(nominal, Statistical(process, "sr", "m"), {"lumi": (nominal.scaled(1.1), None)})

    made = Templates({"m": {"sr": {"a": of("a"), "b": of("b"), "data": Uncertain(np.array([25.0]))}}})
    total = made.expected("m", "sr")
    assert total.values[0] == 20
    np.testing.assert_allclose(total.errors, [2.0])
    assert made.expected("m", "sr", without=["a"]).values[0] == 10


def test_replacing_leaves_the_rest_as_it_was() -> None:
    old, new = Uncertain(np.array([1.0])), Uncertain(np.array([2.0]))
    before = Templates({"m": {"sr": {"a": old}, "cr": {"a": old}}})
    after = before.replacing({"m": {"sr": {"a": new, "q": new}}})
    assert after.histograms["m"]["sr"] == {"a": new, "q": new}
    assert after.histograms["m"]["cr"] == {"a": old}
    assert before.histograms["m"]["sr"] == {"a": old}
