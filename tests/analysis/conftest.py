"""Small ntuples of a Z -> tau tau analysis: random numbers with known yields, in the lecture's branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

W_FACTOR = 1.4
"""How much more W there is in the data than in the simulation."""
OPPOSITE_OVER_SAME = 1.2
"""Of multijet events."""

PROCESSES: Mapping[str, tuple[float, float, float]] = {
    # expected events, share of opposite sign, share of isolated leptons
    "Ztautau": (3000, 0.97, 0.95),
    "Zee": (30, 0.8, 0.95),
    "Zmumu": (200, 0.8, 0.95),
    "Powheg_ttbar": (150, 0.7, 0.95),
    "Wenu": (20, 0.7, 0.95),
    "Wmunu": (4000, 0.75, 0.95),
    "Wtaunu": (300, 0.75, 0.95),
    "QCD": (6000, OPPOSITE_OVER_SAME / (1 + OPPOSITE_OVER_SAME), 0.2),
}


@dataclass(frozen=True)
class Ntuples:
    """A folder of ntuples and what is in the data.

    Args:
        folder: `Ztautau.root`, ..., `data.root`.
        truth: region -> multijet events in the data.
    """

    folder: Path
    multijet: float


def events_of(process: str, count: int, rng: np.random.Generator) -> Columns:
    """Random events of a process, before any selection."""
    _, opposite, isolated = PROCESSES[process]
    signal, w, qcd = process == "Ztautau", process[0] == "W" and process != "Powheg_ttbar", process == "QCD"
    mt = rng.normal(75, 18, count) if w else rng.exponential(16 if signal else 22, count)
    phi = rng.normal(4.2, 0.8, count) if w else rng.uniform(1, 3.6 if signal or qcd else 5, count)
    return {
        "is_dilepVeto": (rng.random(count) < 0.97).astype(np.int32),
        "is_tau": (rng.random(count) < 0.9).astype(np.int32),
        "is_mu": np.full(count, int(process != "Wenu" and process != "Zee") or 1, np.int32),
        "is_isoLep": (rng.random(count) < isolated).astype(np.int32),
        "is_oppositeSign": (rng.random(count) < opposite).astype(np.int32),
        "is_conf_lep_veto": np.ones(count, np.int32),
        "tau_et": 20 + rng.exponential(15 if signal else 12, count),
        "tau_eta": rng.uniform(-2.6, 2.6, count),
        "tau_numTrack": rng.choice([1, 3], count, p=[0.9, 0.1]).astype(np.int32),
        "tau_pi0_n": rng.poisson(1.2 if signal else 0.6, count).astype(np.int32),
        "lep_pt": 24 + rng.exponential(12, count),
        "lep_eta": rng.uniform(-2.5, 2.5, count),
        "transverseMass": np.abs(mt),
        "dPhiSum": np.clip(phi, 0, 6.28),
        "sum_cos_dphi": rng.normal(0.2 if signal else -0.2, 0.5, count),
        "vis_mass": rng.normal(65, 12, count) if signal else 20 + rng.exponential(40, count),
    }


def passes(columns: Columns, *, isolated: bool, opposite: bool) -> NDArray[np.bool_]:
    """The lecture's signal region, or the one with isolation or sign turned around; written down a second time."""
    c = columns
    common = (c["is_dilepVeto"] > 0) & (c["is_tau"] > 0) & (np.abs(c["tau_eta"]) < 2.47) & (c["tau_numTrack"] == 1)
    common &= (c["lep_pt"] > 26) & (np.abs(c["lep_eta"]) < 2.4) & (c["transverseMass"] < 30) & (c["dPhiSum"] < 3.5)
    found: NDArray[np.bool_] = common & (c["is_isoLep"] == isolated) & (c["is_oppositeSign"] == opposite)
    return found


def write_tree(path: Path, columns: Columns) -> Path:
    """One flat tree."""
    with uproot.recreate(path) as file:
        file.mktree("tree", {name: values.dtype for name, values in columns.items()}).extend(columns)
    return path


def write_ntuples(folder: Path, prefix: str = "evtsel_", events: int = 4000, seed: int = 1) -> Ntuples:
    """All processes with weights, and data with more W than these say and with multijet events."""
    rng = np.random.default_rng(seed)
    bare = ("sum_cos_dphi", "vis_mass") if prefix == "evtSel_" else ()
    data: list[Columns] = []
    multijet = 0.0

    def named(columns: Columns) -> Columns:
        return {n if n in bare else f"{prefix}{n}": v for n, v in columns.items()}

    for process, (expected, *_) in PROCESSES.items():
        drawn = events_of(process, rng.poisson(expected * (W_FACTOR if process in _WS else 1)), rng)
        data.append(drawn)
        if process == "QCD":
            multijet = float(passes(drawn, isolated=True, opposite=True).sum())
        else:
            made = events_of(process, events, rng)
            weight = np.full(events, expected / events)
            write_tree(folder / f"{process}.root", named(made) | {"WeightLumi": weight})
    write_tree(folder / "data.root", named({n: np.concatenate([d[n] for d in data]) for n in data[0]}))
    return Ntuples(folder, multijet)


_WS = ("Wenu", "Wmunu", "Wtaunu")


@pytest.fixture(scope="session")
def ntuples(tmp_path_factory: pytest.TempPathFactory) -> Ntuples:
    """The ntuples of a whole analysis."""
    return write_ntuples(tmp_path_factory.mktemp("ntuples"))
