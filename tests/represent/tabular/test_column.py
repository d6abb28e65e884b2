from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.errors import DataError
from kaon.represent.tabular.column import Column

VALUES = np.array([1.0, -999.0, 3.0, np.nan, 8.0])


def fit(values: Any = VALUES, codes: Any = (-999.0,), fill: bool = True, indicate: bool = True) -> Column:
    return Column.fit("mass", np.asarray(values), "none", codes, fill=fill, indicate=indicate)


def test_missing_values_become_the_median_of_those_that_are_there() -> None:
    column = fit()
    assert column.features == ("mass", "mass_missing")
    filled, indicator = column(VALUES, (-999.0,))
    np.testing.assert_array_equal(filled, [1, 3, 3, 3, 8])
    np.testing.assert_array_equal(indicator, [0, 1, 0, 1, 0])
    assert filled.dtype == indicator.dtype == np.float32


def test_no_indicator_where_nothing_was_missing_in_training() -> None:
    column = fit([1.0, 2.0, 4.0])
    assert column.features == ("mass",)
    (filled,) = column(VALUES, (-999.0,))
    np.testing.assert_array_equal(filled, [1, 2, 3, 2, 8])
    assert fit(indicate=False).features == ("mass",)


def test_kept_missing_values_are_not_numbers() -> None:
    (kept,) = fit(fill=False, indicate=False)(VALUES, (-999.0,))
    np.testing.assert_array_equal(kept, [1, np.nan, 3, np.nan, 8])


def test_codes_of_whole_numbers() -> None:
    column = fit(np.array([5, -999, 7, 7], np.int16))
    np.testing.assert_array_equal(column(np.array([-999, 1], np.int16), (-999.0,)), [[7, 1], [1, 0]])


def test_codes_count_only_where_missing_values_are_expected() -> None:
    (plain,) = fit([1.0, -999.0], codes=None, fill=False, indicate=False)(np.array([-999.0]), None)
    assert plain.tolist() == [-999]
    with pytest.raises(DataError, match=r"'mass' is NaN .* at row 3; .*missing=median or keep"):
        fit(codes=None)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e39])
def test_infinity_is_never_a_missing_value(bad: float) -> None:
    with pytest.raises(DataError, match="infinite"):
        fit([1.0, bad])
    with pytest.raises(DataError, match="infinite"):
        fit()(np.array([bad]), (-999.0,))


def test_nothing_but_missing_values() -> None:
    with pytest.raises(DataError, match="nothing but missing values; leave it out"):
        fit([-999.0, np.nan])
