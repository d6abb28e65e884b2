from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.checks import check_classes, check_weights
from kaon.errors import DataError


def events(target: list[int] | None, weight: list[float] | None = None) -> Events:
    n = len(target if target is not None else weight or [])
    return Events(
        ak.Array({"x": np.zeros(n)}),
        target=None if target is None else np.array(target),
        weight=None if weight is None else np.array(weight),
        classes=("qcd", "top") if target is not None else (),
    )


def test_two_classes_pass() -> None:
    check_classes(events([0, 1, 1]))


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"one class \(0 qcd, 2 top\)"):
        check_classes(events([1, 1]))


def test_unlabelled_is_refused() -> None:
    with pytest.raises(DataError, match="no labels"):
        check_classes(events(None, [1.0]))


def test_negative_weights_pass_while_the_sums_are_positive() -> None:
    check_weights(events([0, 0, 1], [2.0, -1.0, 1.0]))
    check_weights(events([0, 1]))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, -1.0, 1.0, -1.0], "all events"),
        ([1.0, -1.0, 2.0, 0.0], "class 'qcd'"),
        ([1.0, 1.0, 0.1, -0.2], "class 'top'.*-0.1"),
        ([1.0, np.nan, 1.0, 1.0], "NaN"),
    ],
)
def test_sums_that_are_not_positive_are_refused(weight: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_weights(events([0, 0, 1, 1], weight))
