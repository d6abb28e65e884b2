from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data.io import read
from kaon.simulate import load_recipe
from kaon.simulate.toys import draw

pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")


def test_jets_and_their_repetition(kaon: Any) -> None:
    quick = load_recipe("top-tagging").model_copy(update={"chunk_events": 40})
    Path("quick.yaml").write_text(quick.to_yaml())
    shares = ("--fraction", "qcd=0.25", "--fraction", "top=0.75")
    words = ("simulate", "quick.yaml", "-n", 12, "--seed", 5, "--detector", "none", *shares)
    result = kaon(*words, "-o", "a.h5", "--json")
    assert result.code == 0, result.err
    assert result.json["path"] == "a.h5"
    made = read("a.h5")
    assert made.classes == ("qcd", "top")
    assert np.bincount(made.labels).tolist() == [3, 9]
    assert made.provenance.seed == 5
    assert made.provenance.settings["recipe"]["detector"] == "none"

    again = kaon(*words, "-o", "a.h5")
    assert again.code == 3
    assert "exists already" in again.err
    assert kaon(*words, "-o", "a.h5", "--overwrite").code == 0
    assert read("a.h5")["jet_pt"].to_list() == made["jet_pt"].to_list()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("bottom-tagging", "-o", "a.h5"), "top-tagging"),
        (("top-tagging", "-o", "a.xyz"), ".xyz"),
        (("top-tagging", "-n", "0", "-o", "a.h5"), "at least 1"),
        (("top-tagging", "--detector", "lhcb", "-o", "a.h5"), "atlas"),
        (("top-tagging", "--fraction", "b=1", "-o", "a.h5"), "qcd"),
        (("top-tagging",), "--output"),
        (("top-tagging", "--luminosity", "5", "-o", "a.h5"), "ztautau"),
        (("ztautau", "--hidden", "W=2", "-o", "a.h5"), "a folder as --output"),
        (("ztautau", "--hidden", "W", "-o", "a"), "NAME=VALUE"),
        (("ztautau", "--layout", "kaon", "-o", "a"), "HDF5"),
        (("ztautau", "--luminosity", "-1", "-o", "a"), "in 1/pb"),
    ],
)
def test_errors(words: tuple[str, ...], says: str, kaon: Any) -> None:
    result = kaon("simulate", *words)
    assert result.code == 2
    assert says in result.err
    assert not list(Path().iterdir())


def test_toys_and_their_options(kaon: Any) -> None:
    words = ("simulate", "shapes", "-n", 12, "--seed", 3, "--option", "size=20", "--option", "filled=false")
    result = kaon(*words, "-o", "a.h5", "--json")
    assert result.code == 0, result.err
    made, drawn = read("a.h5"), draw("shapes", 12, seed=3, size=20, filled=False)
    assert (np.asarray(made["image"]) == np.asarray(drawn["image"])).all()
    assert made.classes == ("circle", "square", "triangle")
    assert kaon(*words, "-o", "a.h5").code == 3
    assert kaon(*words, "-o", "a.h5", "--overwrite").code == 0
    for wrong, says in (
        (("shapes", "--option", "noise=2"), "probability"),
        (("shapes", "--option", "nois=1"), "did you mean noise"),
        (("shapes", "--shower", "vincia"), "is a toy"),
        (("top-tagging", "--option", "noise=1"), "is of a toy"),
    ):
        refused = kaon("simulate", *wrong, "-o", "b.h5")
        assert refused.code == 2
        assert says in refused.err
    assert not Path("b.h5").exists()


def test_ntuples_in_a_folder(kaon: Any) -> None:
    full = load_recipe("ztautau")
    kept = tuple(process for process in full.processes if process.name in ("Wmunu", "Zmumu"))
    quick = full.model_copy(update={"processes": kept, "chunk_events": 150})
    Path("quick.yaml").write_text(quick.to_yaml())
    words = ("simulate", "quick.yaml", "-n", 20, "--seed", 5, "--luminosity", 1.5, "--hidden", "W=1.2", "-o", "made")
    result = kaon(*words, "--json")
    assert result.code == 0, result.err
    assert result.json["path"] == "made"
    assert {path.name for path in Path("made").glob("*.root")} == {"Wmunu.root", "Zmumu.root", "data.root"}
    truth = json.loads(Path("made/truth/truth.json").read_text())
    assert truth["luminosity"] == 1.5
    assert truth["hidden"] == {"Wmunu": 1.2, "Zmumu": 1.0}
    again = kaon(*words)
    assert again.code == 3
    assert "exists already" in again.err
