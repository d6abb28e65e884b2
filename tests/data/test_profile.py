from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import read, write
from kaon.data.profile import Column, profile
from kaon.errors import DataError, UnknownName


@pytest.fixture
def path(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    n = 3000
    lists = ak.unflatten(random.exponential(2, 2 * n), np.full(n, 2) + np.where(np.arange(n) % 2 == 0, 1, -1))
    columns = {"x": random.normal(100, 3, n), "count": random.integers(0, 5, n), "tracks": lists}
    target = random.integers(0, 2, n)
    events = Events(ak.Array(columns), target, random.normal(1, 1, n), classes=("qcd", "top"))
    return write(events, tmp_path / "events.h5")


def column(name: str, path: Path, step: int = 700) -> Column:
    return {c.name: c for c in profile(path, step=step).columns}[name]


@pytest.mark.parametrize("step", [97, 700, 100_000])
def test_the_numbers_are_those_of_the_whole_column_whatever_the_step(path: Path, step: int) -> None:
    events = read(path)
    for name in ("x", "count", "tracks"):
        values = ak.to_numpy(ak.flatten(events[name], axis=None))
        found = column(name, path, step)
        assert found.values == len(values)
        wanted = (values.min(), values.max(), values.mean(), values.std(ddof=1))
        got = (found.minimum, found.maximum, found.mean, found.deviation)
        assert got == pytest.approx(wanted)
    lengths = ak.num(events["tracks"])
    low_mean_high = column("tracks", path, step).lengths
    assert low_mean_high is not None
    np.testing.assert_allclose(low_mean_high, (ak.min(lengths), ak.mean(lengths), ak.max(lengths)))
    assert column("x", path, step).lengths is None


def test_classes_and_weights(path: Path) -> None:
    events, found = read(path), profile(path)
    assert set(found.classes) == {"qcd", "top"}
    for i, name in enumerate(events.classes):
        weights = events.weights[events.labels == i]
        share = found.classes[name]
        assert (share.events, share.negative) == (len(weights), (weights < 0).sum())
        assert share.weight == pytest.approx(weights.sum())
    assert found.weights == pytest.approx((events.weights.min(), events.weights.max(), events.weights.sum()))


def test_the_sample_is_uniform_over_the_file(tmp_path: Path) -> None:
    """Of sorted values 0, 1, 2, ... a uniform sample has the mean (n - 1) / 2 within 5 of its standard errors."""
    n = 100_000
    write(Events(ak.Array({"x": np.arange(n, dtype=float)})), tmp_path / "x.parquet")
    sample = column("x", tmp_path / "x.parquet", 9999).sample
    assert len(sample) == len(np.unique(sample)) == 20_000
    assert abs(sample.mean() - (n - 1) / 2) < 5 * n / np.sqrt(12 * 20_000)
    counts, edges = column("x", tmp_path / "x.parquet").histogram(10)
    assert len(edges) == 11
    np.testing.assert_allclose(counts, counts.mean(), atol=5 * np.sqrt(counts.mean()))


def test_invalid_values_and_texts_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\nnan,y\n-inf,x\n,x\n3,\n")
    found = {c.name: c for c in profile(path, step=2).columns}
    assert (found["a"].values, found["a"].missing, found["a"].infinite) == (5, 2, 1)
    assert (found["a"].minimum, found["a"].maximum, found["a"].mean) == (1, 3, 2)
    assert dict(found["b"].texts)["x"] == 3
    assert found["b"].minimum is None
    assert found["b"].histogram(4)[0].tolist() == [0, 0, 0, 0]


def test_a_column_of_one_value(tmp_path: Path) -> None:
    write(Events(ak.Array({"x": np.full(10, -1.0)})), tmp_path / "x.parquet")
    found = column("x", tmp_path / "x.parquet")
    counts, _ = found.histogram(5)
    assert (found.deviation, counts.sum(), counts.max()) == (0.0, 10, 10)


def test_cut_limit_and_columns(path: Path) -> None:
    events = read(path)
    cut = profile(path, cut="x > 100", columns=["x"], label="count > 2")
    assert cut.events == int((np.asarray(events["x"]) > 100).sum())
    assert [c.name for c in cut.columns] == ["x"]
    assert cut.columns[0].minimum is not None
    assert cut.columns[0].minimum > 100
    assert set(cut.classes) == {"background", "signal"}
    assert profile(path, limit=10, step=7).events == 10
    assert {c.name: c.role for c in profile(path, label="count > 2").columns}["count"] == "label"


def test_files_of_signal_and_background(path: Path, tmp_path: Path) -> None:
    bare = Events(read(path).array[["x"]])
    write(bare, tmp_path / "s.parquet")
    for name in ("b1", "b2"):
        write(bare.take(slice(0, 50)), tmp_path / f"{name}.parquet")
    files: dict[str, Any] = {
        "signal": tmp_path / "s.parquet",
        "background": [tmp_path / "b1.parquet", tmp_path / "b2.parquet"],
    }
    found = profile(**files)
    assert {name: share.events for name, share in found.classes.items()} == {"signal": 3000, "background": 100}
    few = profile(**files, limit=80)
    assert {name: share.events for name, share in few.classes.items()} == {"signal": 80, "background": 80}


def test_exploded_lists(path: Path) -> None:
    tracks = ak.num(read(path)["tracks"])
    assert profile(path, explode="tracks").events == ak.sum(tracks)


def test_errors(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="tracks"):
        profile(path, columns=["track"])
    with pytest.raises(DataError, match="no events that pass the cut"):
        profile(path, cut="x < 0")
    with pytest.raises(DataError, match="does not exist"):
        profile(tmp_path / "absent.h5")


def test_a_number_for_missing_values_is_counted_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,z\n-999,1\n2,3\n4,5\n")
    (x, z) = profile(path, missing=-999).columns
    assert (x.missing, x.minimum, x.mean, z.missing) == (1, 2.0, 3.0, 0)
