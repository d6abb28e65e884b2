from __future__ import annotations

import numpy as np
import pytest

from kaon.analysis.backgrounds.ratio import measured_ratio
from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.errors import DataError, KaonWarning


def test_ratio_and_its_error() -> None:
    made = measured_ratio(Uncertain.constant(100.0, 10.0), Uncertain.constant(50.0, 2.0), "it")
    assert made.values[0] == 2
    assert made.errors[0] == pytest.approx(2 * np.hypot(0.1, 0.04))


def test_denominators_that_vanish_are_refused_and_uncertain_ones_are_told() -> None:
    one = Uncertain.constant(1.0)
    for below in (0.0, -3.0, np.nan):
        with pytest.raises(DataError, match=r"the region sums to .* nothing can be divided"):
            measured_ratio(one, Uncertain.constant(below, 1.0), "the region")
    with pytest.warns(KaonWarning, match="known to 50% only"):
        measured_ratio(one, Uncertain.constant(2.0, 1.0), "the region")
