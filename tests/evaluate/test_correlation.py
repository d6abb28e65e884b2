from __future__ import annotations

import numpy as np
import pytest

from kaon.errors import DataError
from kaon.evaluate import score_correlation


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
