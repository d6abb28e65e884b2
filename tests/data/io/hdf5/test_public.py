from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pandas as pd
import pytest

from kaon.data import Events, Provenance
from kaon.data.io import iterate, read, write
from kaon.data.records import momenta, table
from kaon.errors import ConfigError, DataError

pytest.importorskip("tables", reason="PyTables, with which pandas writes HDF5, is not installed")


@pytest.fixture
def top_frame() -> pd.DataFrame:
    """Three jets of two, zero and one constituents in the public layout, made by pandas."""
    values = np.zeros((3, 4, 4))  # (jets, constituents, [E, px, py, pz])
    values[0, 0], values[0, 1] = (10, 6, 8, 0), (5, 3, 4, 0)
    values[2, 0] = (2, 0, 1, 1)
    names = [f"{c}_{i}" for i in range(4) for c in ("E", "PX", "PY", "PZ")]
    frame = pd.DataFrame(values.reshape(3, 16).astype(np.float32), columns=names)
    return frame.assign(
        truthE=np.float32(0),
        truthPX=np.float32(0),
        truthPY=np.float32(0),
        truthPZ=np.float32(0),
        ttv=[0, 1, 2],
        is_signal_new=[1, 0, 1],
    )


def test_the_public_top_tagging_table(top_frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "train.h5"
    top_frame.to_hdf(path, key="table", format="table", complib="blosc", complevel=5)
    events = read(path)
    assert events.fields[:2] == ["constituents", "jet"]
    assert events["constituents"]["E"].to_list() == [[10, 5], [], [2]]
    assert events["constituents"].pt.to_list() == [[10, 5], [], [1]]
    assert events["jet"]["px"].to_list() == [9, 0, 0]
    assert events["jet"].pt.to_list() == [15, 0, 1]
    np.testing.assert_array_equal(events.target, [1, 0, 1])
    assert events.classes == ("background", "signal")
    assert events.reserved == {"truthE", "truthPX", "truthPY", "truthPZ", "ttv", "is_signal_new"}
    np.testing.assert_array_equal(events.index, [0, 1, 2])
    assert len(read(path, cut="ttv == 2")) == 1
    assert [len(e) for e in iterate(path, 2)] == [2, 1]
    assert read(path, columns="ttv").fields == ["ttv"]
    assert "E_0" in read(path, layout="pandas").fields


@pytest.fixture
def unweighted(events: Events) -> Events:
    """The public layout has no place for weights."""
    return replace(events, weight=np.ones(len(events)))


def test_writing_the_public_layout_for_pandas(unweighted: Events, tmp_path: Path) -> None:
    events = unweighted
    path = write((events.take(slice(i, i + 100)) for i in (0, 100, 200)), tmp_path / "a.h5", layout="top-tagging")
    frame = pd.read_hdf(path, "table")
    assert list(frame.columns[:5]) == ["E_0", "PX_0", "PY_0", "PZ_0", "E_1"]
    assert list(frame.columns[-6:]) == ["truthE", "truthPX", "truthPY", "truthPZ", "ttv", "is_signal_new"]
    assert frame.shape == (300, 806)
    assert frame.index.tolist() == list(range(300))
    np.testing.assert_array_equal(frame["is_signal_new"], events.target)
    first = ak.fill_none(ak.firsts(events["constituents"]["px"]), 0)
    np.testing.assert_array_equal(frame["PX_0"], ak.to_numpy(first).astype(np.float32))
    frame.to_hdf(tmp_path / "pandas.h5", key="table", format="table")
    with pd.HDFStore(path, "r") as ours, pd.HDFStore(tmp_path / "pandas.h5", "r") as theirs:
        assert ours.keys() == theirs.keys(), "what kaon adds is no table"
    assert pd.read_hdf(path, "table", start=150, stop=152).index.tolist() == [150, 151]


def test_kaon_reads_its_own_public_layout(unweighted: Events, tmp_path: Path) -> None:
    made = Provenance("top-tagging", {"recipe": {"pt_min": 550.0}}, seed=3, sum_weights=7.0, generated=9)
    events = replace(unweighted, provenance=made)
    path = write((events.take(slice(i, i + 100)) for i in (0, 100, 200)), tmp_path / "a.h5", layout="top-tagging")
    back = read(path)
    assert back.fields == read(path, columns="*").fields
    assert "event" not in back.fields
    np.testing.assert_array_equal(back.index, events.index)
    np.testing.assert_array_equal(np.concatenate([p.index for p in iterate(path, 70)]), events.index)
    assert back.classes == ("qcd", "top")
    assert back.provenance == made.then("read from a.h5")
    for name in ("px", "py", "pz", "E"):
        expected = ak.values_astype(events["constituents"][name], np.float32)
        assert back["constituents"][name].to_list() == expected.to_list()
    np.testing.assert_array_equal(back.target, events.target)


def test_the_200_hardest_are_kept_and_truth_is_passed_on(tmp_path: Path) -> None:
    pt = np.linspace(3, 1, 250)
    zero = np.zeros(250)
    one = momenta(*(ak.Array([v]) for v in (pt, zero, zero, pt)))
    jets = Events(table({"constituents": one, "truthE": np.array([7.0]), "ttv": np.array([2])}))
    back = read(write(jets, tmp_path / "a.h5", layout="top-tagging"))
    np.testing.assert_allclose(back["constituents"]["px"][0], pt[:200], rtol=1e-6)
    assert (back["truthE"][0], back["ttv"][0]) == (7.0, 2)


def test_truth_is_that_of_the_parton(unweighted: Events, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    px, py, pz, energy = random.normal(size=(4, 300)).astype(np.float32)
    events = unweighted.with_columns(parton=momenta(px, py, pz, energy), truthE=np.full(300, 5.0))
    path = write((events.take(slice(i, i + 150)) for i in (0, 150)), tmp_path / "a.h5", layout="top-tagging")
    back, frame = read(path), pd.read_hdf(path, "table")
    for name, expected in (("truthE", energy), ("truthPX", px), ("truthPY", py), ("truthPZ", pz)):
        np.testing.assert_array_equal(back[name], expected)
        np.testing.assert_array_equal(frame[name], expected)
        assert name in back.reserved
    again = read(write(back, tmp_path / "b.h5", layout="top-tagging"))
    np.testing.assert_array_equal(again["truthPX"], px)
    np.testing.assert_array_equal(again.index, events.index)
    unknown = read(write(unweighted, tmp_path / "c.h5", layout="top-tagging"))
    np.testing.assert_array_equal(unknown["truthE"], 0)


def test_weights_have_no_place_in_it(events: Events, unweighted: Events, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no place for weights.*use kaon's own layout"):
        write(events, tmp_path / "a.h5", layout="top-tagging")
    late = [unweighted, events]
    with pytest.raises(DataError, match=r"no place for weights"):
        write(late, tmp_path / "a.h5", layout="top-tagging")
    assert list(tmp_path.iterdir()) == []


def test_event_numbers_must_fit_the_table(unweighted: Events, tmp_path: Path) -> None:
    path = write(unweighted, tmp_path / "a.h5", layout="top-tagging")
    with h5py.File(path, "r+") as file:
        file["kaon/event"].resize(299, axis=0)
    with pytest.raises(DataError, match="one event number for each of its 300 rows"):
        read(path)


def test_without_constituents_there_is_no_such_layout(flat: Events, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs the column 'constituents'"):
        write(flat, tmp_path / "a.h5", layout="top-tagging")
    assert list(tmp_path.iterdir()) == []


def test_layouts_must_fit(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1.0]}).to_hdf(tmp_path / "a.h5", key="df")
    with pytest.raises(ConfigError, match="does not have the layout 'top-tagging'"):
        read(tmp_path / "a.h5", layout="top-tagging")
    with pytest.raises(ConfigError, match="does not have the layout 'lhco'"):
        read(tmp_path / "a.h5", layout="lhco")


@pytest.mark.parametrize("labelled", [True, False])
def test_lhco_layout(labelled: bool, tmp_path: Path) -> None:
    values = np.zeros((2, 2100 + labelled))
    values[0, :6] = (10.0, 1.0, 2.0, 20.0, -1.0, 0.5)
    values[1, :3] = (5.0, 0.0, 0.0)
    if labelled:
        values[1, -1] = 1
    pd.DataFrame(values).to_hdf(tmp_path / "a.h5", key="df")
    events = read(tmp_path / "a.h5")
    particles = events["constituents"]
    np.testing.assert_allclose(particles.pt[0], [20, 10])
    np.testing.assert_allclose(particles.eta[0], [-1, 1])
    np.testing.assert_allclose(particles.phi[0], [0.5, 2])
    np.testing.assert_allclose(ak.flatten(particles["E"] ** 2 - particles.p**2), 0, atol=1e-9)  # massless
    assert ak.num(particles).to_list() == [2, 1]
    assert (None if events.target is None else events.target.tolist()) == ([0, 1] if labelled else None)


def test_the_real_lhco_file(real: Path) -> None:
    events = read(real / "lhco" / "events_anomalydetection_tiny.h5")
    assert len(events) == 1000
    assert events.labels.sum() == 93
    assert events.reserved == {"label"}
    assert bool(ak.all(events["constituents"].pt > 0))
