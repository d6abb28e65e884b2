from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import jets_of

from kaon.data import Provenance
from kaon.data.io import write
from kaon.registry import lookup
from kaon.report.study import Value
from kaon.studies.base import perform
from kaon.studies.jet_images.quark_gluon import ENERGIES, _summary, in_colour, recipe


def test_the_smoke_scale_runs(tmp_path: Path) -> None:
    study = lookup("kaon.studies", "quark-gluon-color")
    smoke = study.scales["smoke"]
    few = smoke.settings["shower_events"]
    for seed, (energy, count, told) in enumerate(
        [(200, smoke.events, ""), (1000, smoke.events, ""), (200, few, "-vincia")]
    ):
        name = recipe(energy, interactions=False).name
        events = replace(jets_of(count, seed, ("gluon", "quark")), provenance=Provenance(name, seed=1))
        write(events, tmp_path / study.name / "smoke" / "events" / f"{name}-{count}-seed1{told}.h5")
    result, folder = perform(study, "smoke", tmp_path)
    methods = ["number of particles", "jet width", "five observables, BDT", "CNN, without colour", "CNN, with colour"]
    assert [row.name for row in result.rows[:5]] == methods
    assert [row.name for row in result.rows[5:]] == [
        f"{a} → {b}" for a in ("Pythia's simple shower", "Vincia") for b in ("Pythia's simple shower", "Vincia")
    ]
    assert (result.rows[1].values["auc_200_gev"].obtained or 0) > 0.9, "the signal of these jets is wide"
    assert set(result.rows[0].values) == {c.key for c in result.columns}
    charts = [item.name for section in result.sections for item in section.items]  # type: ignore[union-attr]
    assert len(set(charts)) == len(charts)
    assert sum(name.startswith("pixels-") for name in charts) == 3 * len(ENERGIES)
    assert (folder / "report.html").exists()


@pytest.mark.parametrize("energy", list(ENERGIES))
def test_the_hard_scattering_reaches_beyond_the_window_of_the_jets(energy: int) -> None:
    made = recipe(energy)
    (low, high), (least, most) = ENERGIES[energy]
    assert least < low < high < most
    assert list(made.jets.pt) == [low, high]
    assert made.jets.radius == 0.4
    assert f"PhaseSpace:pTHatMin = {least}" in made.settings
    assert sum("pTHat" in line for line in made.settings) == 2
    assert "PartonLevel:MPI = off" not in made.settings
    alone = recipe(energy, interactions=False)
    assert alone.settings == (*made.settings, "PartonLevel:MPI = off")
    assert alone.name != made.name


def test_colours_are_relative_to_the_brightest_pixel() -> None:
    images = np.zeros((2, 3, 4, 4), np.float32)
    images[0, 1, 3, 0] = 16.0  # large eta, low phi: bottom right
    images[0, 1, 0, 3] = 1.0  # top left
    drawn = in_colour(images)
    assert drawn[0, 1, 3, 3] == 1
    assert drawn[0, 1, 0, 0] == pytest.approx(0.5)
    assert not drawn[1].any(), "an empty jet stays black"
    assert drawn.sum() == pytest.approx(1.5)


def test_words_follow_the_numbers() -> None:
    def values(low: float, high: float | None = None) -> dict[str, Value]:
        found = {"auc_200_gev": Value(low, 0.003, 3)}
        return found if high is None else found | {"auc_1000_gev": Value(high, 0.004, 3)}

    simple, vincia = "Pythia's simple shower", "Vincia"
    rows = {"CNN, without colour": values(0.8, 0.82), "CNN, with colour": values(0.81, 0.86)}
    crossed = {(simple, simple): 0.84, (simple, vincia): 0.80, (vincia, simple): 0.838, (vincia, vincia): 0.802}
    said = _summary(rows | {f"{a} → {b}": values(x) for (a, b), x in crossed.items()})
    assert "+0.010 ± 0.004 at 200 GeV, +0.040 ± 0.006 at 1,000 GeV" in said[0]
    assert said[1].startswith(f"On jets of {simple} the AUC is 0.840, and changes by −0.002 ± 0.004 if")
    assert said[2].endswith(f"changes by −0.002 ± 0.004 if the network was trained on {simple}.")
    once = {title: {key: Value(v.obtained) for key, v in found.items()} for title, found in rows.items()}
    assert "by +0.010 at 200 GeV, +0.040 at 1,000 GeV" in _summary(once)[0], "one seed has no spread"
    assert _summary({}) == []
