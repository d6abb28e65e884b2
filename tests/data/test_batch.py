from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Batch
from kaon.errors import DataError


def batch() -> Batch:
    return Batch(
        {"features": np.arange(12.0).reshape(4, 3), "mask": np.eye(4, dtype=bool)},
        target=np.array([0, 1, 1, 0]),
        weight=np.array([1.0, -2.0, 3.0, 4.0]),
        index=np.array([5, 6, 7, 8]),
    )


def test_length_is_the_number_of_events() -> None:
    assert len(batch()) == 4
    assert len(batch().take(slice(4, None))) == 0


@pytest.mark.parametrize("chosen", [np.array([3, 1]), slice(1, 3), np.array([True, False, False, True])])
def test_take_keeps_the_rows_of_an_event_together(chosen: np.ndarray | slice) -> None:
    part, rows = batch().take(chosen), np.arange(4)[chosen]
    np.testing.assert_array_equal(part.inputs["features"][:, 0], 3 * rows)
    np.testing.assert_array_equal(part.inputs["mask"].argmax(1), rows)
    np.testing.assert_array_equal(part.labels, batch().labels[rows])
    np.testing.assert_array_equal(part.weights, batch().weights[rows])
    assert part.index is not None
    np.testing.assert_array_equal(part.index, rows + 5)


def test_a_slice_shares_memory_so_that_slicing_costs_nothing() -> None:
    whole = batch()
    part = whole.take(slice(1, 3))
    assert np.shares_memory(part.inputs["features"], whole.inputs["features"])


def test_without_weights_every_event_counts_once_and_without_labels_that_is_said() -> None:
    bare = Batch({"x": np.zeros((2, 1))})
    assert bare.weights.tolist() == [1.0, 1.0]
    assert bare.take(slice(0, 1)).target is None
    with pytest.raises(DataError, match="training and evaluation need labels"):
        _ = bare.labels


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match=r"differ in length: \{'x': 3, 'target': 2\}"):
        Batch({"x": np.zeros((3, 1))}, target=np.zeros(2, np.int64))


def test_a_batch_without_inputs_is_refused() -> None:
    with pytest.raises(DataError, match="at least one input"):
        Batch({})
