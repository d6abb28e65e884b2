"""Stand-in for the simulated ntuples of the exercise: random numbers with known yields, in the recipe's branches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events, Provenance
from kaon.data.io import write

Columns = dict[str, NDArray[Any]]
MakeNtuples = Callable[..., Path]
Keep = Callable[[Columns], Any]

W_FACTOR = 1.4
"""How much more W there is in the pseudo-data than in the simulation."""

PROCESSES: Mapping[str, tuple[float, float, float]] = {
    # expected events, share of opposite sign, share of isolated leptons
    "QCD": (1500, 0.55, 0.3),
    "Powheg_ttbar": (60, 0.7, 0.95),
    "Wmunu": (2500, 0.75, 0.95),
    "Wtaunu": (150, 0.75, 0.95),
    "Zmumu": (150, 0.6, 0.95),
    "Ztautau": (900, 0.97, 0.95),
}


def events_of(process: str, count: int, rng: np.random.Generator) -> Columns:
    """Random events of a process; sign and isolation know nothing of the rest, as the estimates suppose."""
    _, opposite, isolated = PROCESSES[process]
    signal, w = process == "Ztautau", process in ("Wmunu", "Wtaunu")
    return {
        "is_dilepVeto": np.ones(count, np.int32),
        "is_tau": np.ones(count, np.int32),
        "is_mu": np.ones(count, np.int32),
        "is_isoLep": (rng.random(count) < isolated).astype(np.int32),
        "is_oppositeSign": (rng.random(count) < opposite).astype(np.int32),
        "is_conf_lep_veto": np.ones(count, np.int32),
        "tau_et": 20 + rng.exponential(15 if signal else 12, count),
        "tau_eta": rng.uniform(-2.5, 2.5, count),
        "tau_phi": rng.uniform(-np.pi, np.pi, count),
        "tau_numTrack": rng.choice([1, 3], count, p=[0.9, 0.1]).astype(np.int32),
        "tau_pi0_n": rng.poisson(1.2 if signal else 0.6, count).astype(np.int32),
        "lep_pt": 24 + rng.exponential(15, count),
        "lep_eta": rng.uniform(-2.5, 2.5, count),
        "lep_phi": rng.uniform(-np.pi, np.pi, count),
        "met_et": rng.exponential(25, count),
        "met_phi": rng.uniform(-np.pi, np.pi, count),
        "transverseMass": np.abs(rng.normal(75, 25, count)) if w else rng.exponential(16 if signal else 25, count),
        "dPhiSum": np.clip(rng.normal(4, 0.8, count) if w else rng.uniform(1, 3.6 if signal else 5, count), 0, 6.28),
        "sum_cos_dphi": rng.normal(0.2 if signal else -0.2, 0.5, count),
        "vis_mass": rng.normal(65, 12, count) if signal else 20 + rng.exponential(40, count),
        "n_jets": rng.poisson(0.5, count).astype(np.int32),
    }


def write_stand_in(folder: Path, events: int = 1200, seed: int = 1, keep: Keep = lambda columns: True) -> Path:
    """The folder as `kaon.simulate.simulate_to_ntuples` makes it, with so many events of each process.

    Args:
        folder: to write.
        events: simulated of each process; the pseudo-data are as many as expected.
        seed: of the random numbers.
        keep: which of the simulated events are written.
    """
    rng = np.random.default_rng(seed)
    drawn, labels = [], []
    for number, (process, (expected, *_)) in enumerate(PROCESSES.items()):
        made = events_of(process, events, rng) | {"WeightLumi": np.full(events, expected / events)}
        kept = np.broadcast_to(keep(made), events)
        _write({name: values[kept] for name, values in made.items()}, folder / f"{process}.root")
        drawn.append(events_of(process, rng.poisson(expected * (W_FACTOR if process[0] == "W" else 1)), rng))
        labels += [number] * len(drawn[-1]["is_mu"])
    mixed = rng.permutation(len(labels))
    _write({name: np.concatenate([d[name] for d in drawn])[mixed] for name in drawn[0]}, folder / "data.root")
    truth = Events(ak.Array({"expected": np.ones(len(labels))}), np.array(labels)[mixed], classes=tuple(PROCESSES))
    write(truth, folder / "truth" / "data.parquet")
    (folder / "simulation.json").write_text(json.dumps({"luminosity": 3.0}))
    return folder


def _write(columns: Columns, path: Path) -> None:
    array = ak.Array({f"evtsel_{name}": values for name, values in columns.items()})
    write(Events(array, provenance=Provenance("random numbers")), path)


@pytest.fixture(scope="session")
def make_ntuples() -> MakeNtuples:
    """`make_ntuples(folder, events, seed, keep)`: see `write_stand_in`."""
    return write_stand_in


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of such ntuples, to be read only."""
    return write_stand_in(tmp_path_factory.mktemp("ztautau") / "ntuples")
