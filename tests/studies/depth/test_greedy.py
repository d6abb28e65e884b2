from __future__ import annotations

import re

import pytest

from kaon.report.study import Value
from kaon.studies.depth.greedy import _sentence


@pytest.mark.parametrize(
    ("first", "spread", "words"),
    [
        (80.0, 1.0, r"from 20.0% to 80.0% \(\+60.0 points, more\)"),
        (21.0, 5.0, r"\(\+1.0 points, within the uncertainty\)"),
        (10.0, 0.5, r"\(-10.0 points, less\)"),
    ],
)
def test_a_difference_is_judged_by_its_uncertainty(first: float, spread: float, words: str) -> None:
    found = {"sigmoid, end to end": Value(20.0, spread, 3, 0.5), "sigmoid, pre-trained": Value(first, spread, 3, 0.5)}
    assert re.search(words, _sentence("sigmoid", found))
