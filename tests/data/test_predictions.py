from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kaon.data import Predictions
from kaon.errors import DataError


def predictions(count: int = 5, **changes: Any) -> Predictions:
    random = np.random.default_rng(count)
    p = random.random(count).astype(np.float32)
    made: dict[str, Any] = {
        "score": np.stack([1 - p, p], axis=1),
        "target": np.arange(count) % 2,
        "weight": random.normal(size=count),
        "index": np.arange(count) + 2**40,
        "classes": ("qcd", "top"),
        "spectators": {"jet_pt": random.random(count) * 600, "tagged": random.random(count) > 0.5},
        "info": {"model": "pfn", "seed": 3, "metrics": {"auc": 0.98}},
    }
    return Predictions(**(made | changes))


def same(one: Predictions, two: Predictions) -> None:
    for name in ("score", "target", "weight", "index"):
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype, name
    assert one.classes == two.classes
    assert set(one.spectators) == set(two.spectators)
    for name, values in one.spectators.items():
        np.testing.assert_array_equal(values, two.spectators[name])
        assert values.dtype == two.spectators[name].dtype
    assert dict(one.info) == dict(two.info)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    score=st.tuples(st.integers(0, 6), st.integers(1, 4)).flatmap(
        lambda shape: hnp.arrays(np.float32, shape, elements=st.floats(0, 1, width=32))
    ),
    names=st.lists(st.text(st.characters(codec="utf-8"), max_size=6), unique=True, min_size=4, max_size=4),
    bare=st.booleans(),
)
def test_parquet_keeps_every_bit(tmp_path: Path, score: Any, names: list[str], bare: bool) -> None:
    n, c = score.shape
    more: dict[str, Any] = (
        {} if bare else {"target": np.arange(n), "weight": -np.ones(n), "spectators": {"m": np.ones(n)}}
    )
    one = Predictions(score, classes=tuple(names[:c]), **more)
    same(Predictions.load(one.save(tmp_path / "p.parquet")), one)


def test_parquet_keeps_the_whole(tmp_path: Path) -> None:
    one = predictions()
    path = one.save(tmp_path / "model=pfn" / "test.parquet")
    same(Predictions.load(path), one)


def test_the_file_can_be_read_without_kaon(tmp_path: Path) -> None:
    table = pq.read_table(predictions().save(tmp_path / "p.parquet"))
    assert table.column_names == [
        "index", "target", "weight", "score_qcd", "score_top", "spectator.jet_pt", "spectator.tagged",
    ]  # fmt: skip


def test_a_damaged_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    path = predictions().save(tmp_path / "p.parquet")
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"p\.parquet is not a file of kaon predictions"):
            Predictions.load(path)


NO_NOTES = [
    None,
    "",
    "[]",
    "null",
    "{}",
    '{"classes": ["qcd"]}',
    '{"classes": ["a"], "info": {}}',
    '{"classes": 3, "info": {}}',
    '{"classes": ["qcd"], "info": 7}',
    '{"classes": [], "info": {}}',
]


@pytest.mark.parametrize("note", NO_NOTES)
def test_another_parquet_file_is_refused(tmp_path: Path, note: str | None) -> None:
    table = pa.table({"score_qcd": [0.5]}).replace_schema_metadata(None if note is None else {"kaon_predictions": note})
    pq.write_table(table, tmp_path / "other.parquet")
    with pytest.raises(DataError):
        Predictions.load(tmp_path / "other.parquet")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.parquet"):
        Predictions.load(tmp_path / "gone.parquet")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"score": np.zeros(5)}, r"needed: \(events, classes\)"),
        ({"classes": ("a", "b", "c")}, "2 scores an event"),
        ({"classes": ("a", "a")}, "different class names"),
        ({"target": np.zeros(4, int)}, "target has 4 values for 5 events"),
        ({"spectators": {"jet_pt": np.zeros(6)}}, "jet_pt has 6 values"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        predictions(**changes)


def test_what_is_left_out() -> None:
    bare = Predictions(np.zeros((3, 2)))
    assert bare.classes == ("class_0", "class_1")
    assert bare.weights.tolist() == [1.0] * 3
    with pytest.raises(DataError, match="cannot be evaluated"):
        _ = bare.labels


def test_the_signal_is_the_last_class() -> None:
    three = Predictions(np.arange(6.0).reshape(2, 3))
    assert three.signal_score.tolist() == [2.0, 5.0]


def test_taking_the_parts_and_joining_them_gives_the_whole() -> None:
    one = predictions(7)
    same(Predictions.concatenate([one.take(slice(0, 3)), one.take(np.arange(3, 7)), one.take(np.zeros(7, bool))]), one)


def test_joining_keeps_what_all_parts_have() -> None:
    one, two = predictions(3), predictions(2, weight=None, index=None, spectators={"jet_pt": np.zeros(2)})
    both = Predictions.concatenate([one, two])
    assert both.weights.tolist() == [*one.weights.tolist(), 1.0, 1.0]
    assert both.index is None, "some numbers are unknown"
    assert list(both.spectators) == ["jet_pt"]
    for parts in ([], [one, replace(two, classes=("a", "b"))]):
        with pytest.raises(DataError, match="same classes"):
            Predictions.concatenate(parts)
