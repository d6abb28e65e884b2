from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
import yaml
from tests.analysis.conftest import OPPOSITE_OVER_SAME, W_FACTOR, Ntuples, write_ntuples

from kaon.analysis import analyse, load_config
from kaon.errors import ConfigError, DataError, KaonWarning, MissingExtra, UnknownName

FEW = {"vis_mass": {"bins": [10, 20, 120]}, "bdt": {"bins": [10, 0, 1]}}


def settings(**more: Any) -> dict[str, Any]:
    """The shipped configuration with a small BDT, few histograms and no fit."""
    tree: dict[str, Any] = yaml.safe_load(load_config("ztautau", ".").to_yaml())
    for sample in (tree["data"], *tree["processes"].values()):
        sample["files"] = [Path(name).name for name in sample["files"]]
    tree["scores"]["bdt"]["train"] |= {"folds": 2, "options": {"trees": 30}}
    del tree["fit"]
    return tree | {"histograms": FEW} | more


@pytest.fixture(scope="module")
def result(ntuples: Ntuples, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("whole") / "result"
    return analyse(settings(), folder, data=ntuples.folder), folder


def test_estimates_find_what_was_put_into_the_data(result: Any, ntuples: Ntuples) -> None:
    found, _ = result
    for region, factor in found.factors["W"].items():
        assert abs(factor.values[0] - W_FACTOR) < 4 * factor.errors[0], region
    transfer = found.factors["multijet"]["signal"]
    assert abs(transfer.values[0] - OPPOSITE_OVER_SAME) < 4 * transfer.errors[0]
    multijet = found.yields["signal"]["multijet"]
    assert abs(multijet.values[0] - ntuples.multijet) < 3 * np.hypot(multijet.errors[0], np.sqrt(ntuples.multijet))
    assert multijet.errors[0] < 0.3 * multijet.values[0]


def test_expectation_and_data_agree_in_every_region(result: Any) -> None:
    found, _ = result
    for region, processes in found.yields.items():
        expected, seen = found.expected(region), processes["data"].values[0]
        error = np.hypot(expected.errors[0], np.sqrt(max(expected.values[0], 1)))
        assert abs(expected.values[0] - seen) < 4 * error, region


def test_histograms_sum_to_the_yields(result: Any) -> None:
    found, _ = result
    for region, histograms in found.histograms.items():
        for histogram in histograms.values():
            for process, counts in histogram.items():
                total = counts.total
                np.testing.assert_allclose(total.values, found.yields[region][process].values, atol=1e-9)
                if process in ("data", "Ztautau") or region == "signal":  # of others, W's factor is from yields
                    np.testing.assert_allclose(total.errors, found.yields[region][process].errors, atol=1e-9)


def test_the_score_tells_signal_from_background(result: Any) -> None:
    found, _ = result
    shapes = found.histograms["signal"]["bdt"]
    signal, multijet = (shapes[name].values / shapes[name].values.sum() for name in ("Ztautau", "multijet"))
    assert np.dot(signal, np.arange(10)) > np.dot(multijet, np.arange(10)) + 1


def test_the_folder_is_whole(result: Any) -> None:
    _, folder = result
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert names == {
        "analysis.yaml",
        "analysis.json",
        "cutflow.csv",
        "cutflow.md",
        "yields.csv",
        "yields.md",
        "models/bdt/fold0.kaon",
        "models/bdt/fold1.kaon",
    }
    assert [p.name for p in folder.parent.iterdir()] == ["result"]


def test_both_spellings_give_the_same(tmp_path: Path) -> None:
    found = []
    for name in ("evtsel_", "evtSel_"):
        (tmp_path / name).mkdir()
        few = write_ntuples(tmp_path / name, name, events=200, seed=2)
        tree = settings(scores={}, histograms={}, estimates={})
        tree["processes"] = {"Ztautau": tree["processes"]["Ztautau"]}
        found.append(analyse(tree, data=few.folder))
    for region, processes in found[0].yields.items():
        for name, counts in processes.items():
            assert counts.values[0] == found[1].yields[region][name].values[0]
    assert found[0].yields["signal"]["data"].values[0] > 0


def refused(ntuples: Ntuples, error: type[Exception], words: str, **more: Any) -> None:
    with pytest.raises(error, match=words):
        analyse(settings(**({"scores": {}, "histograms": {}} | more)), ntuples.folder / "never", data=ntuples.folder)
    assert not (ntuples.folder / "never").exists()
    assert not [p for p in ntuples.folder.iterdir() if p.suffix == ".part"]


def test_an_unknown_branch_in_a_cut(ntuples: Ntuples) -> None:
    refused(ntuples, UnknownName, "unknown column 'lep_ptt'.*did you mean lep_pt", selection={"a": "lep_ptt > 1"})
    refused(ntuples, UnknownName, "'mvis'", histograms={"mvis": {"bins": [2, 0, 1]}})
    refused(ntuples, UnknownName, "'is_isolep'", regions={"a": "is_isolep"}, exclusive=False, estimates={})


def test_a_missing_data_file(ntuples: Ntuples) -> None:
    refused(ntuples, DataError, "the data: no file matches", data="run_*.root")


def test_regions_that_overlap(ntuples: Ntuples) -> None:
    regions = settings()["regions"]
    regions["same_sign"]["cuts"].pop("same sign")
    refused(ntuples, DataError, "in the regions signal and same_sign, which must not overlap", regions=regions)


def test_a_region_without_events_is_told(ntuples: Ntuples) -> None:
    tree = settings(scores={}, histograms={}, estimates={})
    tree["regions"]["nowhere"] = {"cuts": {"too high": "tau_et > 1e6"}}
    with pytest.warns(KaonWarning, match="no event at all is in the region nowhere: tau_et > 1e6"):
        analyse(tree, data=ntuples.folder)


def test_a_control_region_without_events_is_refused(ntuples: Ntuples) -> None:
    regions = settings()["regions"]
    regions["w_same"]["cuts"]["too high"] = "tau_et > 1e6"
    with pytest.warns(KaonWarning, match="w_same"):
        refused(ntuples, DataError, "the estimate W: .*simulation of the control region", regions=regions)


def test_a_score_is_no_variable_of_the_selection(ntuples: Ntuples) -> None:
    scores = settings()["scores"]
    refused(ntuples, ConfigError, "uses the score bdt; only regions can", scores=scores, selection={"a": "bdt > 0.5"})


def test_a_model_trained_on_other_variables(ntuples: Ntuples, result: Any) -> None:
    _, folder = result
    bundle = {"bundle": str(folder / "models" / "bdt" / "fold0.kaon")}
    variables = {name: texts for name, texts in settings()["variables"].items() if name != "tau_pi0_n"}
    with pytest.raises(UnknownName, match="'tau_pi0_n'") as caught:
        analyse(settings(scores={"old": bundle}, histograms={}, variables=variables), data=ntuples.folder)
    assert "model of the score old reads tau_et, dPhiSum, tau_pi0_n" in caught.value.__notes__[0]
    tree = settings(scores={"old": bundle}, histograms={"old": {"bins": [5, 0, 1]}}, estimates={})
    found = analyse(tree, data=ntuples.folder)
    assert found.histograms["signal"]["old"]["Ztautau"].values.sum() > 0


def test_negative_bins_are_told(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "z.root") as file:
        file.mktree("tree", {"x": np.float64, "w": np.float64}).extend(
            {"x": np.array([0.5, 1.5, 1.5]), "w": np.array([1.0, 1.0, -2.0])}
        )
    tree = {
        "processes": {"z": {"files": "z.root", "weight": "w"}},
        "regions": {"all": "x > 0"},
        "histograms": {"x": {"bins": [3, 0, 3]}},
    }
    with pytest.warns(KaonWarning) as told:
        analyse(tree, data=tmp_path)
    assert [str(one.message) for one in told] == [
        "yield: the total weight is zero or negative in the bins [0] of all",
        "x: the total weight is zero or negative in the bins [1] of all",
    ]


def test_a_fit_without_pyhf_is_refused_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyhf", None)
    with pytest.raises(MissingExtra, match=r"kaon\[stats\]"):
        analyse(settings(fit={"regions": {"signal": "yield"}}), data="/nowhere")


def test_a_blind_region_is_never_filled(ntuples: Ntuples) -> None:
    tree = settings(scores={}, histograms={}, estimates={})
    tree["regions"]["signal"]["blind"] = True
    found = analyse(tree, data=ntuples.folder)
    assert "data" not in found.yields["signal"]
    assert not [step for step in found.cut_flow["data"] if step.region == "signal"]
    assert "data" in found.yields["same_sign"]


@pytest.mark.skipif(not os.environ.get("KAON_DATA"), reason="KAON_DATA names no folder of public data sets")
class TestRealFiles:
    """The dimuon mass of public files has its peak at the Z boson, 91.19 GeV."""

    def peak(self, found: Any, region: str, sample: str, histogram: str = "mass") -> float:
        counts = found.histograms[region][histogram][sample].values
        edges = found.config.histograms[histogram].binning
        return float((edges[:-1] + edges[1:])[counts.argmax()] / 2)

    def test_flat_branches(self, kaon_data: Path) -> None:
        tree = {
            "data": "uproot-Zmumu.root",
            "variables": {"mass": "mass(E1 + E2, px1 + px2, py1 + py2, pz1 + pz2)"},
            "selection": {"opposite charges": "Q1 * Q2 < 0"},
            "regions": {"all": "min(pt1, pt2) > 20"},
            "histograms": {"mass": {"bins": [40, 60, 120]}, "M": {"bins": [40, 60, 120]}},
        }
        found = analyse(tree, data=kaon_data / "open-data")
        assert self.peak(found, "all", "data") == pytest.approx(91.2, abs=1.5)
        np.testing.assert_allclose(
            found.histograms["all"]["mass"]["data"].values, found.histograms["all"]["M"]["data"].values, atol=8
        )

    def test_nano_aod_and_vectors(self, kaon_data: Path) -> None:
        muons = ", ".join(f"Muon_{q}[{i}]" for i in (0, 1) for q in ("pt", "eta", "phi", "mass"))
        cartesian = ", ".join(f"Muon_{q}[0] + Muon_{q}[1]" for q in ("E", "Px", "Py", "Pz"))
        tree = {
            "luminosity": 1,
            "variables": {
                "mass": [f"invariant_mass({muons})", f"mass({cartesian})"],
                "charge": ["Muon_charge[0] * Muon_charge[1]", "Muon_Charge[0] * Muon_Charge[1]"],
                "muons": ["nMuon", "NMuon"],
            },
            "processes": {
                "ttbar": {
                    "files": "nanoAOD_2015_CMS_Open_Data_ttbar.root",
                    "weight": "genWeight",
                    "cross_section": 831.8,
                },
                "dy": {"files": "coffea_nano_dy.root", "tree": "Events", "weight": "genWeight", "cross_section": 6077},
                "hzz": {"files": "uproot-HZZ.root", "weight": "EventWeight"},
            },
            "regions": {"dimuon": "muons >= 2 & charge < 0"},
            "histograms": {"mass": {"bins": [12, 60, 120]}},
        }
        found = analyse(tree, data=kaon_data / "open-data")
        assert self.peak(found, "dimuon", "hzz") == pytest.approx(92.5, abs=5)
        assert self.peak(found, "dimuon", "dy") == pytest.approx(92.5, abs=5)
        # all events together are the cross-section at the luminosity: pb times 1/fb
        assert found.cut_flow["dy"][0].weighted.values[0] == pytest.approx(6077 * 1000)


def test_the_result_is_json_without_nan(result: Any) -> None:
    _, folder = result
    read = json.loads((folder / "analysis.json").read_text())
    assert read["edges"]["vis_mass"][-1] == 120
    assert load_config(folder / "analysis.yaml").name == "ztautau"
