from __future__ import annotations

import numpy as np
import pytest

from kaon.data.io.labels import Labels
from kaon.errors import ConfigError, DataError


def discover(*chunks: object, names: tuple[str, ...] | None = None) -> Labels:
    return Labels.discover([np.asarray(c) for c in chunks], "y", "a.csv", names)


@pytest.mark.parametrize("values", [[True, False], [0, 1], [1.0, 0.0], np.array([1, 0], np.uint8)])
def test_binary_labels_are_background_and_signal(values: object) -> None:
    assert discover(values).classes == ("background", "signal")


def test_other_values_are_classes_in_sorted_order() -> None:
    labels = discover([21, 1], [2.0])
    assert labels.classes == ("1", "2", "21")
    np.testing.assert_array_equal(labels.numbers(np.array([2, 21, 1, 1]), "a.csv"), [1, 2, 0, 0])
    assert discover([-1, 1]).classes == ("-1", "1")


def test_texts_are_classes() -> None:
    labels = discover(["signal", "background"], ["background"])
    assert labels.classes == ("background", "signal")
    np.testing.assert_array_equal(labels.numbers(np.array(["signal", "background"]), "a.csv"), [1, 0])


def test_given_names() -> None:
    assert discover([21, 1], names=("quark", "gluon")).classes == ("quark", "gluon")
    ordered = discover(["tt", "ww", "qcd"], names=("ww", "qcd", "tt"))
    np.testing.assert_array_equal(ordered.numbers(np.array(["qcd", "tt", "ww"]), "a.csv"), [1, 2, 0])
    with pytest.raises(ConfigError, match="3 class names"):
        discover([0, 1], names=("a", "b", "c"))


def test_chunks_in_any_order_give_the_same_classes() -> None:
    assert discover([3], [1], [2]) == discover([2, 1], [3])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 1], "only the value 1; two or more"),
        ([], "no values"),
        ([True], "only the value True"),
        ([0.0, 0.5], "0.5"),
        ([0.0, np.nan], "nan"),
        (np.arange(500), "more than 200 values"),
        (np.array([1j]), "complex128"),
    ],
)
def test_what_numbers_no_classes_is_refused(values: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        discover(values)


def test_a_value_that_was_not_there_before_is_refused() -> None:
    with pytest.raises(DataError, match=r"7, which is none of \[0, 1\]"):
        Labels.stored(("a", "b")).numbers(np.array([0, 7]), "a.csv")
