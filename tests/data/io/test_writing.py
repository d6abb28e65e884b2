"""What is written is read back: a law for random events in three formats."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaon.data import Events, Provenance
from kaon.data.io import read, write
from kaon.data.records import momenta, sort_by_pt, table
from kaon.errors import ConfigError, DataError

SELF_DESCRIBING = [".h5", ".root", ".parquet"]


def same(a: Events, b: Events) -> None:
    assert a.fields == b.fields
    for name in a.fields:
        assert a[name].to_list() == b[name].to_list(), name
    for name in ("target", "weight", "index"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.classes == b.classes
    assert a.reserved == b.reserved


@st.composite
def random_events(draw: Any) -> Events:
    n = draw(st.integers(1, 30))
    counts = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    m = sum(counts)
    kind = draw(st.sampled_from([np.float32, np.float64]))
    px, py, pz = random.normal(size=(3, m)).astype(kind)
    extra = {"charge": random.integers(-1, 2, m)} if draw(st.booleans()) else {}
    particles = ak.unflatten(momenta(px, py, pz, np.sqrt(px**2 + py**2 + pz**2), **extra), counts)
    columns: dict[str, Any] = {"constituents": sort_by_pt(particles)}
    if draw(st.booleans()):
        columns["hits"] = ak.unflatten(
            random.integers(0, 9, m).astype(draw(st.sampled_from([np.int32, np.int64]))), counts
        )
    if draw(st.booleans()):
        columns["x"] = draw(st.lists(st.floats(-1e30, 1e30), min_size=n, max_size=n).map(np.array))
    if draw(st.booleans()):
        columns["word"] = ak.Array(
            draw(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=n, max_size=n))
        )
    labelled = draw(st.booleans())
    return Events(
        table(columns),
        target=random.integers(0, 2, n) if labelled else None,
        weight=random.normal(2, 0.1, n) if draw(st.booleans()) else None,
        index=random.integers(-(2**62), 2**62, n) if draw(st.booleans()) else None,  # type: ignore[arg-type]  # None counts
        classes=("a", "b") if labelled else (),
    )


@pytest.mark.parametrize("suffix", SELF_DESCRIBING)
@settings(max_examples=25, deadline=None)
@given(events=random_events())
def test_round_trip_law(suffix: str, events: Events) -> None:
    with tempfile.TemporaryDirectory() as folder:
        same(events, read(write(events, Path(folder) / f"a{suffix}")))


@pytest.mark.parametrize("suffix", SELF_DESCRIBING)
def test_every_kind_of_column_with_its_type(events: Events, suffix: str, tmp_path: Path) -> None:
    back = read(write(events, tmp_path / f"a{suffix}"))
    same(events, back)
    for name in set(events.fields) - {"image"}:
        assert str(back[name].type) == str(events[name].type)
    assert back["image"].to_numpy().shape == (300, 2, 3)
    np.testing.assert_array_equal(back["jet"].pt, events["jet"].pt)


@pytest.mark.parametrize("suffix", SELF_DESCRIBING)
def test_parts_are_one_file(events: Events, suffix: str, tmp_path: Path) -> None:
    parts = (events.take(slice(i, i + 70)) for i in range(0, 300, 70))
    same(events, read(write(parts, tmp_path / f"a{suffix}")))


@pytest.mark.parametrize("suffix", SELF_DESCRIBING)
def test_provenance_is_kept(events: Events, suffix: str, tmp_path: Path) -> None:
    provenance = Provenance("top-tagging", {"pt": [550, 650]}, seed=7, sum_weights=2.5, generated=10, cross_section=3.0)
    back = read(write(replace(events, provenance=provenance), tmp_path / f"a{suffix}"))
    assert back.provenance == provenance.then(f"read from a{suffix}")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".csv.gz"])
def test_text_keeps_flat_columns(flat: Events, suffix: str, tmp_path: Path) -> None:
    path = write(flat, tmp_path / f"a{suffix}")
    back = read(path, label="label", weight="weight", index="event", classes=("qcd", "top"))
    for name in flat.fields:
        if name == "x":  # float32 is written with as many digits as tell it from its neighbours
            np.testing.assert_array_equal(ak.to_numpy(back[name]).astype(np.float32), flat[name])
        else:
            assert back[name].to_list() == flat[name].to_list()
    for name in ("target", "weight", "index"):
        np.testing.assert_array_equal(getattr(back, name), getattr(flat, name))
    assert back.reserved == {"label", "weight", "event"}


def test_lists_do_not_fit_into_text(events: Events, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'constituents' holds lists or records"):
        write(events, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_column_called_label_is_kept_beside_the_target(flat: Events, tmp_path: Path) -> None:
    named = flat.with_columns(label=np.arange(300), event=np.arange(300) * 2)
    same(named, read(write(named, tmp_path / "a.h5")))


@pytest.mark.parametrize("name", ["a.dat", "a", "a.h5.gz"])
def test_unknown_suffixes_write_nothing(events: Events, name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="suffix"):
        write(events, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SELF_DESCRIBING)
def test_a_failure_leaves_the_old_file(events: Events, suffix: str, tmp_path: Path) -> None:
    path = write(events, tmp_path / f"a{suffix}")
    before = path.read_bytes()

    def broken() -> Any:
        yield events
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(broken(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_parts_must_fit_together(events: Events, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot share one file"):
        write([events, replace(events, classes=("a", "b"))], tmp_path / "a.h5")
    with pytest.raises(DataError, match=r"\['x'\] are not in all parts"):
        write([events, replace(events, array=events.array[[f for f in events.fields if f != "x"]])], tmp_path / "a.h5")
    with pytest.raises(DataError, match="no events"):
        write([], tmp_path / "a.h5")
    assert list(tmp_path.iterdir()) == []
