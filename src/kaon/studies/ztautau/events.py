"""The preselected simulated events of the exercise, with everything that a model may read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kaon.analysis import AnalysisConfig, load_config
from kaon.analysis.samples import samples_of
from kaon.data import Events, Provenance
from kaon.data.cuts import parse
from kaon.data.records import table
from kaon.errors import DataError
from kaon.simulate import Recipe, load_recipe, simulate_to_ntuples
from kaon.studies.base import Context

__all__ = ["ADDED", "CLASSES", "FIVE", "PREFIX", "SPECTATOR", "configuration", "ntuples", "preselected"]

FIVE = ("tau_et", "dPhiSum", "tau_pi0_n", "transverseMass", "sum_cos_dphi")
"""What the exercise trains on."""

ADDED: Mapping[str, str] = {
    "lep_pt": "lep_pt",
    "tau_eta": "abs(tau_eta)",
    "met": "evtsel_met_et",
    "jets": "evtsel_n_jets",
    "cos_lepton": "cos(evtsel_lep_phi - evtsel_met_phi)",
    "cos_tau": "cos(evtsel_tau_phi - evtsel_met_phi)",
}
"""What may be added: name -> expression. The last two are the parts of sum_cos_dphi."""

SPECTATOR = "vis_mass"
PREFIX = "evtsel_"
_LEFT_OUT = ("Wenu", "Zee")
"""The exercise wants a muon, which these do not make."""
CLASSES = ("background", "signal")
_MULTIJET = {"files": "**/QCD.root", "label": "Multijet (simulated)"}


def configuration(folder: Path, *, multijet: bool, changes: Mapping[str, Any] | None = None) -> AnalysisConfig:
    """The analysis that ships with kaon, on these ntuples.

    Args:
        folder: of the ntuples.
        multijet: add the simulated multijets, which the analysis itself takes from data.
        changes: entries of the configuration that are replaced; None takes one out.
    """
    shipped = load_config("ztautau", folder)
    tree = shipped.settings_tree()
    for name in _LEFT_OUT:
        del tree["processes"][name]
        tree["estimates"]["W"]["processes"] = [n for n in tree["estimates"]["W"]["processes"] if n != name]
    if multijet:
        tree["processes"] = {"QCD": _MULTIJET, **tree["processes"]}
    for name, entry in (changes or {}).items():
        if entry is None:
            tree.pop(name, None)
        else:
            tree[name] = entry
    return AnalysisConfig.from_mapping(tree, "the configuration of the study").located(folder, folder)


def ntuples(context: Context, count: int, seed: int, signal_share: float | None = None) -> Path:
    """The folder of ntuples of the recipe, simulated once.

    Args:
        context: of the study.
        count: events, see `kaon.simulate.simulate_to_ntuples`.
        seed: of the simulation.
        signal_share: of the selected events, as `Process.share`; that of the recipe by default.
    """
    folder = context.folder / "ntuples" / f"{count}-seed{seed}"
    if not folder.exists():
        context.reporter.stage(f"simulating {count:,} events of the recipe ztautau, and pseudo-data (seed {seed})")
        with context.reporter.simulation("ztautau") as report:
            simulate_to_ntuples(
                _with_muon(signal_share), count, folder, seed=seed, workers=context.workers, progress=report
            )
    return folder


def _with_muon(signal_share: float | None) -> Recipe:
    """The recipe without events that the exercise drops at once."""
    recipe = load_recipe("ztautau")
    assert recipe.objects is not None
    objects = recipe.objects.model_copy(update={"select": f"{recipe.objects.select} and is_mu == 1"})
    *others, signal = (p for p in recipe.processes if p.name not in _LEFT_OUT)
    if signal_share is not None:
        signal = signal.model_copy(update={"share": signal_share})
    return recipe.model_copy(update={"objects": objects, "processes": (*others, signal)})


def preselected(folder: Path) -> tuple[Events, AnalysisConfig]:
    """Simulated events of all processes that pass the exercise's preselection, weighted to the luminosity.

    Returns:
        Events with the columns of `FIVE`, `ADDED`, the spectator, `process` (its number in the configuration) and
        `cuts` (whether the event lies in the signal region); and the configuration.

    Raises:
        DataError: no process has such an event.
    """
    settings = configuration(folder, multijet=True)
    cuts, signal = (
        [parse(text) for text in settings.regions[name].cuts.values()] for name in ("preselection", "signal")
    )
    wanted = {name: parse(name) for name in (*FIVE, SPECTATOR)} | {n: parse(text) for n, text in ADDED.items()}
    samples, found = samples_of(settings), []
    for number, name in enumerate(settings.processes):
        for kept in samples[name].passing(cuts, [*signal, *wanted.values()]):
            columns = {n: np.asarray(e.values(kept.columns), np.float64) for n, e in wanted.items()}
            columns["process"] = np.full(len(kept), number)
            columns["cuts"] = np.logical_and.reduce([c.mask(kept.columns) for c in signal])
            target = np.full(len(kept), int(settings.processes[name].signal))
            found.append(
                Events(table(columns), target, kept.weight, kept.index, CLASSES, provenance=Provenance("ztautau"))
            )
    if not found:
        raise DataError(f"no event of {folder} passes the preselection; simulate more")
    return Events.concatenate(found), settings
