from __future__ import annotations

import numpy as np
import pytest

from kaon.errors import DataError
from kaon.evaluate import column_correlation, score_correlation


def scores(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    random = np.random.default_rng(seed)
    common = random.normal(size=500)
    return np.stack([common + k * random.normal(size=500) for k in (0.1, 1.0, 3.0)])


def test_agrees_with_numpy() -> None:
    np.testing.assert_allclose(score_correlation(list(scores())), np.corrcoef(scores()))


def test_a_whole_weight_counts_an_event_so_many_times() -> None:
    weight = np.random.default_rng(1).integers(0, 4, 500)
    np.testing.assert_allclose(
        score_correlation(list(scores()), weight), np.corrcoef(np.repeat(scores(), weight, axis=1))
    )


def test_scale_and_offset_do_not_matter_and_a_sign_turns_it() -> None:
    a, b, _ = scores()
    found = score_correlation([a, b, 7 - 3 * b])
    np.testing.assert_allclose(found[0, 2], -found[0, 1])
    np.testing.assert_allclose(found[1, 2], -1)


def test_a_constant_score_has_no_correlation() -> None:
    found = score_correlation([scores()[0], np.full(500, 0.3)])
    assert found[0, 0] == pytest.approx(1)
    assert np.isnan(found[[0, 1, 1], [1, 0, 1]]).all()


@pytest.mark.parametrize(
    ("given", "weight"),
    [([], None), ([[1.0, 2.0], [1.0]], None), ([[]], None), ([[1.0, np.nan]], None), ([[1.0, 2.0]], [1.0, -1.0]),
     ([[1.0, 2.0]], [1.0])],
)  # fmt: skip
def test_what_cannot_be_correlated(given: list[list[float]], weight: list[float] | None) -> None:
    with pytest.raises(DataError):
        score_correlation(given, weight)


def test_columns_without_gaps_correlate_as_scores() -> None:
    random = np.random.default_rng(4)
    columns, weight = random.normal(size=(4, 300)) + 1e6, random.normal(1, 1, 300)
    columns[1] += 0.5 * columns[0]
    expected = score_correlation(list(columns), weight)
    assert column_correlation(columns, weight) == pytest.approx(expected, abs=1e-6)


def test_a_pair_is_correlated_where_both_are_there() -> None:
    random = np.random.default_rng(5)
    columns = random.normal(size=(3, 400))
    columns[1] += columns[0]
    columns[0, :100], columns[1, 50:150] = np.nan, np.nan
    both = np.isfinite(columns[:2]).all(0)
    found = column_correlation(columns)
    assert found[0, 1] == pytest.approx(np.corrcoef(columns[0, both], columns[1, both])[0, 1])
    assert found == pytest.approx(found.T)
    assert np.diag(found) == pytest.approx(1)


def test_what_does_not_vary_or_never_meets_has_no_correlation() -> None:
    columns = np.array([[1.0, 2.0, np.nan, np.nan], [np.nan, np.nan, 3.0, 5.0], [7.0, 7.0, 7.0, 7.0]])
    found = column_correlation(columns)
    assert np.isnan(found[0, 1])
    assert np.isnan(found[2]).all()
    with pytest.raises(DataError, match="needed"):
        column_correlation(np.array([[1.0, np.inf]]))
