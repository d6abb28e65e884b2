from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import xlogy

from kaon.analysis.backgrounds.abcd import abcd
from kaon.analysis.backgrounds.abcd_fit import fit_abcd
from kaon.analysis.counts import Counts
from kaon.errors import DataError


def q(n: tuple[float, float, float], a: float) -> float:
    """The likelihood ratio of a background a, by hand: d solves (b + d - x)(c + d - x) = a x."""
    b, c, d = n
    x = ((b + c + 2 * d + a) - math.sqrt((b + c + 2 * d + a) ** 2 - 4 * (b + d) * (c + d))) / 2
    mean = np.array([b + d - x, c + d - x, x])
    return float(2 * (mean - np.array(n) - xlogy(n, mean) + xlogy(n, n)).sum())


@pytest.mark.parametrize("n", [(100.0, 50.0, 25.0), (5.0, 4.0, 3.0), (2.0, 900.0, 800.0)])
def test_intervals_are_those_of_the_closed_form(n: tuple[float, float, float]) -> None:
    found, best = fit_abcd(n), n[0] * n[1] / n[2]
    assert found.background == pytest.approx(best, rel=1e-5)
    assert found.low == pytest.approx(brentq(lambda a: q(n, a) - 1, 1e-3 * best, best), rel=1e-3)
    assert found.high == pytest.approx(brentq(lambda a: q(n, a) - 1, best, 1e3 * best), rel=1e-3)
    assert found.upper == pytest.approx(brentq(lambda a: q(n, a) - 1.6448536**2, best, 1e3 * best), rel=1e-3)


def test_many_events_make_it_linear() -> None:
    n = [40_000.0, 20_000.0, 30_000.0]
    b, c, d = (Counts(np.array([x]), np.array([x])) for x in n)
    linear = abcd(b, c, d)
    found = fit_abcd(n)
    assert (found.high - found.low) / 2 == pytest.approx(linear.errors[0], rel=0.002)


def test_empty_regions_give_limits() -> None:
    nothing = fit_abcd((0, 50_000, 50_000))
    assert (nothing.background, nothing.low) == (0.0, 0.0)
    assert nothing.upper == pytest.approx(1.6448536**2 / 2, rel=0.001)  # of exp(-b): 2b = 1.645^2
    unbounded = fit_abcd((100, 50, 0))
    assert unbounded.background == unbounded.high == unbounded.upper == math.inf
    assert unbounded.low == pytest.approx(brentq(lambda a: q((100, 50, 1e-9), a) - 1, 100, 1e6), rel=0.01)
    assert fit_abcd((0, 0, 0)).upper == math.inf


def test_known_backgrounds_widen_the_interval_by_their_uncertainty() -> None:
    n, others = [10_400.0, 20_000.0, 30_000.0], np.array([400.0, 0.0, 0.0])
    exact = fit_abcd(n, others=Counts(others, np.zeros(3)))
    rough = fit_abcd(n, others=Counts(others, np.array([300.0**2, 0.0, 0.0])))
    assert exact.background == pytest.approx(rough.background, rel=1e-4) == pytest.approx(10_000 * 2 / 3)
    widths = [(f.high - f.low) / 2 for f in (exact, rough)]
    assert math.sqrt(widths[1] ** 2 - widths[0] ** 2) == pytest.approx(200, rel=0.02)


def test_leaking_signal_is_found_with_the_background() -> None:
    """Expected counts give back what went in; without leakage the signal is A minus B C / D."""
    background, signal, leakage = np.array([50.0, 100.0, 80.0, 160.0]), 60.0, np.array([0.3, 0.1, 0.05])
    found = fit_abcd(background + signal * np.append(1, leakage), leakage=leakage)
    assert found.background == pytest.approx(50, rel=1e-3)
    assert found.signal == pytest.approx(60, rel=1e-3)
    plain = fit_abcd((110, 100, 80, 160))
    assert plain.background + (plain.signal or 0) == pytest.approx(110, rel=1e-4)
    assert fit_abcd((20, 100, 80, 160)).signal == 0.0


@pytest.mark.parametrize(
    ("observed", "more", "words"),
    [
        ((1, 2), {}, "takes the counts"),
        ((1, 2, -3), {}, "must be finite and not negative"),
        ((1, 2, math.nan), {}, "must be finite"),
        ((1, 2, 3), {"leakage": (0.1, 0, 0)}, "only with the count of region A"),
        ((1, 2, 3), {"others": Counts.zeros(2)}, "as many of other backgrounds"),
    ],
)
def test_nonsense_is_refused(observed: tuple[float, ...], more: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit_abcd(observed, **more)  # type: ignore[arg-type] # wrong on purpose
