from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kaon.analysis.config import AnalysisConfig, load_config, shipped
from kaon.errors import ConfigError, UnknownName

SMALL: dict[str, Any] = {
    "data": "data.root",
    "weight": "w",
    "processes": {"z": {"files": "z_*.root", "signal": True}, "tt": {"files": ["a.root", "/b.root"]}},
    "regions": {"peak": "80 < M < 100", "side": {"cuts": {"low": "M < 80"}, "label": "Side band"}},
    "histograms": {"M": {"bins": [10, 60, 120]}},
}


def changed(**more: Any) -> dict[str, Any]:
    return {**SMALL, **more}


def test_short_forms_mean_the_long_ones() -> None:
    config = AnalysisConfig.from_mapping(SMALL)
    assert config.regions["peak"].cuts == {"80 < M < 100": "80 < M < 100"}
    assert config.processes["tt"].files == ("a.root", "/b.root")
    assert config.data is not None
    assert config.data.files == ("data.root",)
    assert config.signals == ("z",)
    assert config.all_names == ("z", "tt", "data")
    assert [config.region_label(n) for n in config.regions] == ["peak", "Side band"]


def test_paths_lie_beside_the_file_or_in_the_folder_of_the_data(tmp_path: Path) -> None:
    place = tmp_path / "small.yaml"
    tree = changed(
        scores={"dnn": {"bundle": "dnn.kaon"}},
        systematics={"scale": {"files": {"up": {"z": "z_up.root"}}}},
    )
    place.write_text(yaml.safe_dump(tree))
    here, there = load_config(place), load_config(place, "/elsewhere")
    assert here.processes["tt"].files == (str(tmp_path / "a.root"), "/b.root")
    assert there.processes["tt"].files == ("/elsewhere/a.root", "/b.root")
    assert there.data is not None
    assert there.data.files == ("/elsewhere/data.root",)
    assert there.scores["dnn"].bundle == str(tmp_path / "dnn.kaon")
    varied = there.systematics["scale"].files
    assert varied is not None
    assert varied.up == {"z": ("/elsewhere/z_up.root",)}


def test_yaml_comes_back_as_it_was() -> None:
    for name in shipped():
        config = load_config(name)
        assert AnalysisConfig.from_mapping(yaml.safe_load(config.to_yaml())) == config


def test_the_lecture_s_selection_variables_and_regions() -> None:
    """Lecture of 2017, lines 225 to 323: cuts, the five variables and the table of regions, written down again."""
    config = load_config("ztautau")
    assert set(config.selection.values()) == {
        "is_dilepVeto > 0",
        "is_tau > 0",
        "abs(tau_eta) < 2.47",
        "is_conf_lep_veto == 1",
        "tau_numTrack == 1",
        "lep_pt > 26",
        "abs(lep_eta) < 2.4",
        "is_mu > 0",
    }
    assert set(config.regions["preselection"].cuts.values()) == {
        "transverseMass < 70",
        "is_oppositeSign > 0",
        "is_isoLep > 0",
    }
    train = config.scores["bdt"].train
    assert train is not None
    assert train.features == ("tau_et", "dPhiSum", "tau_pi0_n", "transverseMass", "sum_cos_dphi")
    opposite = {"opposite": "is_oppositeSign > 0", "same": "not is_oppositeSign > 0"}
    isolated, not_isolated = "is_isoLep > 0", "not is_isoLep > 0"
    low, high = "transverseMass < 30", "transverseMass > 70"
    table = {
        "signal": {isolated, low, "dPhiSum < 3.5", opposite["opposite"]},
        "same_sign": {isolated, low, "dPhiSum < 3.5", opposite["same"]},
    }
    for sign, cut in opposite.items():
        table[f"w_{sign}"] = {isolated, high, "dPhiSum > 3.5", cut}
        table[f"qcd_{sign}"] = {not_isolated, low, "dPhiSum < 3.5", cut}
        table[f"qcd_w_{sign}"] = {not_isolated, high, "dPhiSum < 3.5", cut}
    assert {name: set(config.regions[name].cuts.values()) for name in table} == table
    assert set(config.disjoint) == set(table)
    for names in config.variables.values():
        assert {name.startswith("evtSel_") for name in names} == {True, False}


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"regions": {"all": "M > 0"}}, "neither data nor processes"),
        (
            {"data": "run.root", "regions": {"all": {"cuts": "M > 0", "blind": True}}},
            "only data, and every region is blind",
        ),
        (changed(weight=None), r"process z has no weight: name it \(weight: WeightLumi\), or count events"),
        (
            changed(processes={"z": {"files": "z.root", "cross_section": 5}}),
            "cross_section, so luminosity .* is needed",
        ),
        (changed(processes={"data": "z.root"}), "a process cannot be called data"),
        (changed(regions={"peak": "M >"}), "a value is missing"),
        (changed(regions={}), "at least 1"),
        (changed(regon={}), "regon"),
        (changed(histograms={"M": {}}), "give bins"),
        (changed(histograms={"M": {"edges": [1, 0]}}), "must be finite and rise"),
        (changed(histograms={"M": {"bins": [10, 60, 120], "regions": ["peek"]}}), "did you mean peak"),
        (changed(exclusive=["peak", "sides"]), "did you mean side"),
        (changed(fit={"regions": {"peak": "mm"}}), "unknown histogram"),
        (
            changed(fit={"regions": {"peak": "M"}}, processes={"tt": "tt.root"}),
            "a fit needs a process with signal: true",
        ),
        (changed(systematics={"x": {"normalisation": 0.1, "weight": {"up": "w"}}}), "give one of"),
        (changed(systematics={"mu": {"normalisation": 0.1}}), "a parameter of every fit"),
        (changed(systematics={"stat_peak": {"normalisation": 0.1}}), "a parameter of every fit"),
        (changed(histograms={"yield": {"variable": "M", "bins": [1, 0, 1]}}), "cannot be called yield"),
        (changed(processes={"total": "tt.root"}), "total is the sum"),
        (
            changed(selection={"good": "M > 1"}, data={"files": "run.root", "select": {"good": "M < 9"}}),
            "the cut 'good' of data has the name of another one",
        ),
        (changed(systematics={"x": {}}), "give one of"),
        (changed(systematics={"x": {"normalisation": 0.1, "processes": ["zz"]}}), "unknown process"),
        (changed(scores={"s": {}}), "give bundle: FILE or train"),
        (changed(scores={"s": {"train": {"model": "bdt", "features": ["a"], "signal": ["t"]}}}), "unknown process"),
        (changed(scores={"M2": {"bundle": "a"}}, variables={"M2": "M"}), "both a score and a variable"),
        (changed(estimates={"q": {"method": "guess"}}), "normalise"),
        (
            changed(estimates={"q": {"method": "normalise", "processes": ["tt"], "control": {"peak": "no"}}}),
            "unknown region",
        ),
        (
            changed(data=None, estimates={"q": {"method": "same_sign", "regions": {"peak": "side"}}}),
            "estimates are made from data",
        ),
        (
            changed(estimates={"tt": {"method": "same_sign", "regions": {"peak": "side"}}}),
            "has the name of a process",
        ),
        ([1, 2], "must be a mapping"),
    ],
)
def test_what_makes_no_sense_is_told(tree: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        AnalysisConfig.from_mapping(tree)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(tmp_path / "bad.yaml")
    with pytest.raises(UnknownName, match="did you mean ztautau"):
        load_config("ztautu")
