from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from kaon.data.io import read
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.simulate import Recipe, load_recipe, simulate, simulate_to_ntuples
from kaon.simulate.ntuples import luminosity_weights
from kaon.simulate.parts import parts_folder
from kaon.simulate.progress import Progress
from kaon.simulate.recipe import Ntuples

pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")

LUMINOSITY, HIDDEN = 2.0, {"W": 1.5}


@pytest.fixture(scope="module")
def quick() -> Recipe:
    """Without taus, whose spins take time: jets that pass as taus beside W and Z."""
    full = load_recipe("ztautau")
    processes = tuple(process for process in full.processes if process.name in ("Wmunu", "Zmumu"))
    assert full.ntuples is not None
    wide = full.ntuples.model_copy(update={"hidden": {"W": (0.5, 2.0)}})
    return full.model_copy(update={"processes": processes, "chunk_events": 250, "ntuples": wide})


@pytest.fixture(scope="module")
def folder(quick: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("ntuples") / "made"
    return simulate_to_ntuples(quick, 200, target, seed=1, luminosity=LUMINOSITY, hidden=HIDDEN)


def branches(path: Path) -> dict[str, NDArray[Any]]:
    with uproot.open(path) as file:
        return dict(file["events"].arrays(library="np"))


def told(folder: Path, name: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((folder / name).read_text())
    return tree


def test_a_file_per_process_and_the_truth_apart(folder: Path) -> None:
    assert {path.name for path in folder.glob("*")} == {
        "Wmunu.root",
        "Zmumu.root",
        "data.root",
        "simulation.json",
        "truth",
    }
    assert {path.name for path in (folder / "truth").glob("*")} == {"data.parquet", "truth.json"}
    assert not list(folder.parent.glob(".*")), "nothing is left beside it"


def test_branches_have_the_names_of_the_exercise(folder: Path) -> None:
    words = "is_dilepVeto is_tau tau_eta tau_et tau_numTrack tau_pi0_n is_conf_lep_veto is_conf_lep_veto_medium lep_pt "
    words += "lep_eta transverseMass is_oppositeSign is_mu is_el is_isoLep dPhiSum vis_mass sum_cos_dphi WeightLumi"
    simulated = set(branches(folder / "Wmunu.root"))
    assert {f"evtsel_{word}" for word in words.split()} <= simulated
    assert set(branches(folder / "Zmumu.root")) == simulated
    assert set(branches(folder / "data.root")) == simulated - {"evtsel_WeightLumi", "weight"}


def test_without_cuts_the_weights_add_up_to_luminosity_times_cross_section(quick: Recipe) -> None:
    assert quick.objects is not None
    everything = quick.objects.model_copy(update={"select": "", "taus": None})
    recipe = quick.model_copy(update={"objects": everything, "chunk_events": 40})
    events = simulate(recipe, 100, seed=1)
    weights = luminosity_weights(events, 10.0)
    assert weights[events.labels == 0].sum() == pytest.approx(10 * 12_100)
    assert weights[events.labels == 1].sum() == pytest.approx(10 * 1150)


def test_pythias_cross_section_is_taken_where_none_is_better_known_and_multiplied(quick: Recipe) -> None:
    assert quick.objects is not None
    everything = quick.objects.model_copy(update={"select": "", "taus": None})
    process = quick.processes[1].model_copy(update={"cross_section": None, "k_factor": 2.0})
    recipe = quick.model_copy(update={"objects": everything, "processes": (process,), "chunk_events": 40})
    events = simulate(recipe, 40, seed=1)
    assert events.provenance.cross_section is not None
    assert luminosity_weights(events, 3.0).sum() == pytest.approx(6 * events.provenance.cross_section)


def test_weights_are_those_of_the_events_and_grow_with_the_luminosity(quick: Recipe, folder: Path) -> None:
    events = simulate(quick, 200, seed=1)
    made = read(folder / "Zmumu.root")
    chosen = events.labels == 1
    assert sorted(made.index) == sorted(events.index[chosen])
    one, two = luminosity_weights(events, LUMINOSITY), luminosity_weights(events, 2 * LUMINOSITY)
    np.testing.assert_allclose(two, 2 * one)
    np.testing.assert_allclose(np.sort(made.weights), np.sort(one[chosen]))
    np.testing.assert_array_equal(made["evtsel_WeightLumi"], made.weights)
    assert "evtsel_WeightLumi" in made.reserved
    notes = told(folder, "simulation.json")
    assert notes["luminosity"] == LUMINOSITY
    assert notes["processes"]["Zmumu"]["expected"] == pytest.approx(one[chosen].sum())
    assert one.max() < 1, "so that nothing is repeated in the data"


def test_data_have_the_composition_of_the_truth_and_the_rates_of_the_weights(folder: Path) -> None:
    data, truth, notes = (
        read(folder / "data.root"),
        read(folder / "truth/data.parquet"),
        told(folder, "truth/truth.json"),
    )
    assert len(data) == len(truth)
    assert data.index.tolist() == truth.index.tolist()
    counts = dict(zip(truth.classes, np.bincount(truth.labels, minlength=2).tolist(), strict=True))
    assert notes["drawn"] == counts
    assert notes["hidden"] == {"Wmunu": 1.5, "Zmumu": 1.0}
    assert notes["repeats"] == 0
    for name, factor in notes["hidden"].items():
        weight = branches(folder / f"{name}.root")["evtsel_WeightLumi"]
        error = np.sqrt(counts[name] + factor**2 * (weight**2).sum())
        assert abs(counts[name] - factor * weight.sum()) < 4 * error, name
    z = truth.labels == 1
    assert np.mean(np.asarray(data["evtsel_is_isoLep"])[z]) > 0.8, "the rows of both files belong together"


def test_data_tell_no_process_no_weight_and_no_number_of_a_collision(folder: Path) -> None:
    data = read(folder / "data.root")
    assert data.target is None
    assert data.weight is None
    assert data.classes == ()
    assert data.index.tolist() == list(range(len(data)))
    assert data.provenance.settings == {}
    text = (folder / "data.root").read_bytes()
    assert b"munu" not in text
    assert b"hidden" not in text


def test_data_and_simulation_share_no_collision(folder: Path) -> None:
    data = set(branches(folder / "data.root")["evtsel_lep_pt"])
    for name in ("Wmunu", "Zmumu"):
        simulated = branches(folder / f"{name}.root")["evtsel_lep_pt"]
        assert len(set(simulated)) == len(simulated)
        assert not data & set(simulated)


def test_the_same_seed_makes_the_same_and_a_kill_does_not_matter(quick: Recipe, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "again"
    words: dict[str, Any] = {"seed": 1, "luminosity": LUMINOSITY, "hidden": HIDDEN}

    def stop(now: Progress) -> None:
        if now.jets > 220:  # while it makes the pseudo-data
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_to_ntuples(quick, 200, target, progress=stop, **words)
    assert not target.exists()
    assert parts_folder(target).is_dir()
    seen: list[Progress] = []
    simulate_to_ntuples(quick, 200, target, progress=seen.append, **words)
    assert seen[0].resumed >= 200
    assert {now.wanted for now in seen} == {400}
    for name in ("Wmunu.root", "data.root"):
        for branch, values in branches(folder / name).items():
            np.testing.assert_array_equal(branches(target / name)[branch], values)
    assert told(target, "truth/truth.json") == told(folder, "truth/truth.json")
    assert [path.name for path in tmp_path.glob("*")] + list(tmp_path.glob(".*")) == ["again"]


def test_by_default_the_luminosity_suits_the_count_and_the_factors_are_drawn(quick: Recipe, tmp_path: Path) -> None:
    assert quick.ntuples is not None
    a, b = (
        simulate_to_ntuples(quick, 25, tmp_path / str(seed), seed=seed, luminosity=lumi)
        for seed, lumi in ((1, None), (2, 0.3))
    )
    assert told(a, "simulation.json")["luminosity"] == pytest.approx(quick.ntuples.luminosity * 0.025)
    one, two = (told(made, "truth/truth.json")["hidden"]["Wmunu"] for made in (a, b))
    assert one != two
    assert 0.5 <= min(one, two) <= max(one, two) <= 2


def test_a_folder_that_is_there_is_kept_unless_it_may_be_replaced(quick: Recipe, tmp_path: Path) -> None:
    target = simulate_to_ntuples(quick, 20, tmp_path / "made", seed=1, luminosity=0.3)
    before = (target / "truth/truth.json").read_text()
    with pytest.raises(DataError, match="exists already"):
        simulate_to_ntuples(quick, 20, target, seed=2)
    assert (target / "truth/truth.json").read_text() == before
    simulate_to_ntuples(quick, 20, target, seed=2, luminosity=0.3, overwrite=True)
    assert (target / "truth/truth.json").read_text() != before
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter.txt").write_text("do not lose")
    with pytest.raises(DataError, match="holds no ntuples"):
        simulate_to_ntuples(quick, 20, mine, overwrite=True)
    assert (mine / "chapter.txt").read_text() == "do not lose"


@pytest.mark.parametrize(("words", "error", "says"), [
    ({"luminosity": 0.0}, ConfigError, "positive number, in 1/pb"),
    ({"luminosity": float("nan")}, ConfigError, "positive number, in 1/pb"),
    ({"hidden": {"X": 1.0}}, UnknownName, "Wmunu"),
    ({"hidden": {"W": -1.0}}, ConfigError, "0 or more"),
    ({"luminosity": 1e-9}, DataError, "give a higher luminosity"),
    ({"fractions": {"W": 1.0}}, UnknownName, "Wmunu"),
])  # fmt: skip
def test_what_cannot_be_made_is_said_and_leaves_no_folder(
    words: dict[str, Any], error: type[Exception], says: str, quick: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        simulate_to_ntuples(quick, 20, tmp_path / "made", **words)
    assert not (tmp_path / "made").exists()


def test_other_recipes_have_no_ntuples(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="top-tagging is not made for a folder of ntuples"):
        simulate_to_ntuples("top-tagging", 20, tmp_path / "made")


def test_a_class_without_events_is_left_out(quick: Recipe, tmp_path: Path) -> None:
    made = simulate_to_ntuples(quick, 30, tmp_path / "made", fractions={"Zmumu": 1.0}, luminosity=2.0)
    assert {path.name for path in made.glob("*.root")} == {"Zmumu.root", "data.root"}
    assert told(made, "truth/truth.json")["drawn"]["Wmunu"] == 0
    assert Ntuples(luminosity=1).prefix == ""
