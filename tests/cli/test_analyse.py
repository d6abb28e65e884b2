from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
import yaml

Kaon = Callable[..., Any]

SETTINGS: dict[str, Any] = {
    "name": "bump",
    "data": "data.root",
    "weight": "w",
    "processes": {"bkg": {"files": "bkg.root", "label": "Background"}, "sig": {"files": "sig.root", "signal": True}},
    "selection": {"hard": "pt > 20"},
    "regions": {"peak": {"cuts": "80 < m < 100", "label": "Peak"}, "side": "not (80 < m < 100)"},
    "exclusive": True,
    "histograms": {"m": {"bins": [10, 50, 130], "label": "Mass [GeV]", "regions": "peak"}},
    "systematics": {"luminosity": {"normalisation": 0.02}},
    "fit": {"regions": {"peak": "yield"}, "limit": False},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bump of 200 events above 1000; the data have them all."""
    place = tmp_path_factory.mktemp("bump")
    rng = np.random.default_rng(8)

    def events(signal: bool, count: int) -> dict[str, Any]:
        mass = rng.normal(90, 4, count) if signal else rng.uniform(50, 130, count)
        return {"m": mass, "pt": rng.exponential(40, count) + 15}

    made = {"bkg": events(False, 4000), "sig": events(True, 2000)}
    for name, total in (("bkg", 1000), ("sig", 200)):
        made[name]["w"] = np.full(len(made[name]["m"]), total / len(made[name]["m"]))
    drawn = events(False, rng.poisson(1000)), events(True, rng.poisson(200))
    made["data"] = {n: np.concatenate([d[n] for d in drawn]) for n in ("m", "pt")}
    for name, columns in made.items():
        with uproot.recreate(place / f"{name}.root") as file:
            file.mktree("tree", {n: v.dtype for n, v in columns.items()}).extend(columns)
    (place / "bump.yaml").write_text(yaml.safe_dump(SETTINGS))
    return place


def changed(folder: Path, name: str, **more: Any) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(SETTINGS | more))
    return path


def test_everything_is_written(kaon: Kaon, folder: Path, tmp_path: Path) -> None:
    result = kaon("analyse", folder / "bump.yaml", "--json")
    assert result.code == 0, result.err
    home = tmp_path / "bump"
    for name in ("report.html", "yields.md", "yields.csv", "cutflow.md", "workspace.json", "fit.json", "analysis.yaml"):
        assert (home / name).stat().st_size > 0, name
    assert (home / "figures" / "m_peak.pdf").exists()
    assert (home / "figures" / "regions.png").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["bump"]
    found = result.json
    strength = found["fit"]["signal_strength"]
    assert abs(strength["value"] - 1) < 4 * max(strength["errors"])
    assert found["fit"]["significance"]["observed"] > 5
    (data,) = [r for r in found["yields"] if (r["region"], r["process"]) == ("peak", "data")]
    (total,) = [r for r in found["yields"] if (r["region"], r["process"]) == ("peak", "total")]
    assert abs(data["events"] - total["events"]) < 4 * np.sqrt(total["events"])


def test_words_and_an_earlier_result(kaon: Kaon, folder: Path, tmp_path: Path) -> None:
    plain = changed(folder, "plain", fit=None, histograms={})
    elsewhere = tmp_path / "copy.yaml"
    elsewhere.write_text(plain.read_text())
    for _ in range(2):  # the second replaces the first
        result = kaon("analyse", elsewhere, "--data", folder, "-o", "out")
        assert result.code == 0, result.err
    assert "Peak" in result.out
    assert "Data / expected" in result.out
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    refused = kaon("analyse", elsewhere, "--data", folder, "-o", "mine")
    assert refused.code == 2
    assert "not empty" in refused.err
    assert (tmp_path / "mine" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"selection": "ptt > 20"}, 2, "did you mean pt"),
        ({"data": "run_*.root"}, 3, "the data: no file matches"),
        ({"processes": {"bkg": "none.root"}, "fit": None}, 3, "the process bkg:"),
        ({"weight": None}, 2, "has no weight"),
        ({"processes": {"bkg": {"files": "bkg.root", "cross_section": 2}}, "fit": None}, 2, "luminosity"),
        ({"regions": {"peak": "m > 80", "side": "m > 100"}}, 3, "must not overlap"),
        ({"systematics": {"s": {"files": {"up": {"bkg": "data.root"}}}}}, 2, "systematic s (up) of bkg"),
        ({"scores": {"s": {"bundle": "none.kaon"}}}, 3, "none.kaon"),
    ],
)
def test_bad_input_leaves_nothing(kaon: Kaon, folder: Path, tmp_path: Path, more: Any, code: int, words: str) -> None:
    result = kaon("analyse", changed(folder, "bad", **more), "-o", "out")
    assert result.code == code, result.err
    assert words in result.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name(kaon: Kaon) -> None:
    result = kaon("analyse", "ztautao")
    assert result.code == 2
    assert "ztautau" in result.err
