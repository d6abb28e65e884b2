"""ROOT: against uproot itself, and on real files of several experiments."""

from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from kaon.data import Events
from kaon.data.io import read, write
from kaon.data.io.root import NOTE, RootSource, marker_reserving
from kaon.data.io.source import Layout
from kaon.errors import ConfigError, DataError, UnknownName


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A file that kaon did not write: two trees in folders, one of them in two cycles."""
    path = tmp_path / "plain.root"
    with uproot.recreate(path) as file:
        file.mktree("good/events", {"x": "float64"}).extend({"x": np.arange(3.0)})
        file.mktree("other", {"y": "int32"}).extend({"y": np.arange(5, dtype=np.int32)})
        file["title"] = "some words"
    return path


def test_trees_are_chosen_by_name(plain: Path) -> None:
    assert read(plain, tree="good/events").fields == ["x"]
    assert len(read(plain, tree="other;1")) == 5
    with pytest.raises(ConfigError, match=r"several trees: good/events \(3 entries\), other \(5 entries\).*tree="):
        read(plain)
    with pytest.raises(UnknownName, match=r"tree 'othr' in .*did you mean other"):
        read(plain, tree="othr")


def test_the_newest_cycle_counts(tmp_path: Path) -> None:
    path = tmp_path / "cycles.root"
    with uproot.recreate(path) as file:
        for n in (2, 3):
            file.mktree("t", {"x": "float64"}).extend({"x": np.zeros(n)})
    assert sorted(uproot.open(path).keys()) == ["t;1", "t;2"]
    assert len(read(path)) == 3
    assert len(read(path, tree="t;1")) == 2


def test_a_file_without_trees_is_refused(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file["title"] = "some words"
    with pytest.raises(DataError, match=r"no tree; it holds \['TObjString'\]"):
        read(tmp_path / "a.root")


def test_four_branches_are_a_momentum(tmp_path: Path) -> None:
    counts = np.array([2, 0, 1])
    lists = {f"constituents_{c}": ak.unflatten(np.array([1.0, 3.0, 2.0]), counts) for c in ("px", "py", "pz", "E")}
    flat = {f"jet_{c}": np.ones(3) for c in ("px", "py", "pz", "E")}
    incomplete = {f"lep_{c}": np.ones(3) for c in ("px", "py", "pz")}
    mixed = {"mix_px": np.ones(3), "mix_py": np.ones(3), "mix_pz": np.ones(3), "mix_E": lists["constituents_E"]}
    branches = lists | flat | incomplete | mixed | {"constituents_charge": lists["constituents_E"]}
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("t", {n: ak.type(v).content if isinstance(v, ak.Array) else v.dtype for n, v in branches.items()})
        file["t"].extend(branches)
    events = read(tmp_path / "a.root", columns=["constituents*", "jet*", "lep*", "mix*"])
    assert {"constituents", "jet", "lep_px", "mix_px", "mix_E", "constituents_charge"} <= set(events.fields)
    assert "constituents_px" not in events
    assert events["constituents"]["px"].to_list() == [[3.0, 1.0], [], [2.0]]  # by descending pT
    assert events["jet"].pt.to_list() == [2**0.5] * 3


def test_kaon_stores_plain_branches_that_others_can_read(events: Events, tmp_path: Path) -> None:
    tree = uproot.open(write(events, tmp_path / "a.root"))["events"]
    names = {b.name for b in tree.branches}
    assert {"constituents_px", "constituents_charge", "jet_E", "label", "weight", "event", "hits", "nhits"} <= names
    assert tree["constituents_E"].array().to_list() == events["constituents"]["E"].to_list()
    np.testing.assert_array_equal(tree["label"].array(), events.target)


def test_markers(events: Events, plain: Path, tmp_path: Path) -> None:
    with uproot.open(plain) as file:
        assert marker_reserving(file, ["x"], plain) is None
    path = write(events, tmp_path / "a.root")
    with uproot.open(path) as file:
        text = marker_reserving(file, ["x"], path)
    assert text is not None
    assert set(json.loads(json.loads(text)["notes"])["reserved"]) == {"count", "x"}


@pytest.mark.parametrize("text", ["no json", "[1]", "{}", "3"])
def test_a_foreign_object_called_kaon_does_no_harm(text: str, tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("t", {"x": "float64"}).extend({"x": np.zeros(2)})
        file[NOTE] = text
    assert read(tmp_path / "a.root").fields == ["x"]


def test_raw_sources_join_and_hide_nothing(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.root")
    with RootSource(path, Layout(), raw=True) as source:
        assert {"constituents_px", "nconstituents", "nhits", "label"} <= set(source.columns)
        assert source.counters["hits"] == "nhits"
        assert (source.tree, source.trees, source.unreadable) == ("events", ["events"], [])


def test_what_a_tree_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written to a ROOT tree"):
        write(Events(ak.Array({"x": [[[1.0], []], []]})), tmp_path / "a.root")
    assert list(tmp_path.iterdir()) == []


def test_atlas_and_cms_style_files(real: Path) -> None:
    folder = real / "open-data"
    hzz = read(folder / "uproot-HZZ.root")
    tree = uproot.open(folder / "uproot-HZZ.root")["events"]
    assert (len(hzz), len(hzz.fields)) == (2421, 51)
    assert hzz["Muon_Iso"].to_list() == tree["Muon_Iso"].array().to_list()
    passed = read(
        folder / "uproot-HZZ.root", cut="count(Muon_Px) >= 2 & any(abs(Muon_Charge) == 1)", columns=["NMuon", "Muon_*"]
    )
    assert len(passed) == int(ak.sum(tree["NMuon"].array() >= 2))
    zmumu = read(folder / "uproot-Zmumu.root", label="Type == 'GG'")
    assert zmumu.target is not None
    assert zmumu.target.sum() == sum(t == "GG" for t in tree_strings(folder / "uproot-Zmumu.root"))


def tree_strings(path: Path) -> list[str]:
    return list(uproot.open(path)["events"]["Type"].array())


def test_nano_aod(real: Path) -> None:
    path = real / "open-data" / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
    tree = uproot.open(path)["Events"]
    events = read(path, columns=["Jet_*", "MET_pt"], index="event", cut="count(Jet_pt > 30) >= 4")
    wanted = ak.sum(tree["Jet_pt"].array() > 30, axis=1) >= 4
    np.testing.assert_array_equal(events.index, tree["event"].array()[wanted])
    jets = read(path, columns=["Jet_pt", "Jet_eta"], explode="Jet")
    assert len(jets) == int(ak.sum(tree["nJet"].array()))
    assert len(read(real / "open-data" / "coffea_nano_dy.root", tree="Events", columns="Muon_*")) == 40
