"""The columns of any whole event: its objects, and the numbers that an analysis would cut on.

| column | meaning |
|---|---|
| `objects` | all of them, see `kaon.data.objects` |
| `n_leptons`, `n_photons`, `n_jets`, `n_b_jets` | how many; leptons are isolated; b-jets count as jets |
| `met`, `met_phi` | missing transverse momentum, GeV, and its azimuth |
| `ht` | scalar sum of the pT of all jets, GeV |
| `m_eff` | `ht` + `met` + pT of all leptons, GeV |
| `lepton_pt`, `lepton_eta` | of the hardest lepton; 0 without one |
| `mt` | transverse mass of the hardest lepton and the missing momentum, GeV; 0 without a lepton |
| `jet1_pt` ... `jet4_pt` | of the four hardest jets, GeV; 0 where there are fewer |
| `b_jet_pt` | of the hardest b-jet, GeV; 0 without one |
| `m_b_lepton` | smallest mass of a b-jet and the hardest lepton, GeV; 0 without a pair |
| `dphi_min` | smallest azimuth between the missing momentum and one of the four hardest jets; pi without jets |
"""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.data.objects import KINDS
from kaon.simulate.objects import ObjectTable
from kaon.simulate.pairs import pairs

__all__ = ["VARIANTS", "event_columns"]

Floats = NDArray[np.float64]

_JETS = 4
"""Jets whose pT is a column."""


def event_columns(objects: ObjectTable) -> dict[str, Any]:
    """The columns of this module's table, (events,) each."""
    objects = objects.take(objects.isolated | ~objects.are("lepton"))
    count, leading = objects.count, objects.leading
    kind = {name: objects.are(name) for name in KINDS}
    jets, pt, eta, phi = kind["jet"] | kind["b-jet"], objects.pt, objects.eta, objects.phi
    met, met_phi = pt[kind["met"]], phi[kind["met"]]  # one an event, in their order
    n = objects.events
    ht, leptons = (np.bincount(objects.event[chosen], pt[chosen], n) for chosen in (jets, kind["lepton"]))
    lepton_pt, lepton_phi = leading(pt, kind["lepton"], 1)[:, 0], leading(phi, kind["lepton"], 1)[:, 0]
    jet_pt, jet_phi = leading(pt, jets, _JETS), leading(phi, jets, _JETS)
    apart = np.where(jet_pt > 0, np.abs(kinematics.delta_phi(jet_phi, met_phi[:, None])), np.pi)
    transverse = 2 * lepton_pt * met * (1 - np.cos(kinematics.delta_phi(lepton_phi, met_phi)))
    return {
        "objects": _listed(objects),
        "n_leptons": count(kind["lepton"]),
        "n_photons": count(kind["photon"]),
        "n_jets": count(jets),
        "n_b_jets": count(kind["b-jet"]),
        "met": met,
        "met_phi": met_phi,
        "ht": ht,
        "m_eff": ht + met + leptons,
        "lepton_pt": lepton_pt,
        "lepton_eta": leading(eta, kind["lepton"], 1)[:, 0],
        "mt": np.sqrt(np.maximum(transverse, 0)),
        **{f"jet{i + 1}_pt": jet_pt[:, i] for i in range(_JETS)},
        "b_jet_pt": leading(pt, kind["b-jet"], 1)[:, 0],
        "m_b_lepton": _mass_with_lepton(objects, kind["b-jet"], kind["lepton"]),
        "dphi_min": apart.min(axis=1),
    }


def _mass_with_lepton(objects: ObjectTable, b: NDArray[np.bool_], leptons: NDArray[np.bool_]) -> Floats:
    _, first = np.unique(objects.event[leptons], return_index=True)
    lepton = np.flatnonzero(leptons)[first]
    rows = np.flatnonzero(b)
    one, other = pairs(objects.event[lepton], objects.event[rows])
    one, other = lepton[one], rows[other]
    p = [getattr(objects, name)[one] + getattr(objects, name)[other] for name in ("E", "px", "py", "pz")]
    smallest = np.full(objects.events, np.inf)
    np.minimum.at(smallest, objects.event[one], kinematics.mass(*p))
    return np.where(np.isfinite(smallest), smallest, 0.0)


def _listed(objects: ObjectTable) -> Any:
    names = ("px", "py", "pz", "E", "kind", "charge")
    contents = [ak.contents.NumpyArray(np.ascontiguousarray(getattr(objects, name))) for name in names]
    record = ak.contents.RecordArray(contents, list(names), parameters={"__record__": "Momentum4D"})
    offsets = np.searchsorted(objects.event, np.arange(objects.events + 1))
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), record))


VARIANTS = {"event": event_columns}
