"""The columns of the search for Z -> tau tau with a lepton and a hadronic tau: those of an ATLAS exercise's ntuples.

The lepton is the hardest isolated one, or the hardest of all where none is isolated; the tau the hardest with a charge
of 1. Written as ntuples, all names begin with `evtsel_`. Flags are 0 or 1; numbers of a missing object are 0.

| column | meaning |
|---|---|
| `is_mu`, `is_el` | the lepton is a muon, an electron |
| `is_isoLep` | it is isolated: less than a tenth of its pT is around it |
| `lep_pt`, `lep_eta`, `lep_phi` | its transverse momentum, GeV, pseudorapidity, azimuth |
| `is_dilepVeto` | there is no other isolated lepton |
| `is_tau` | there is a tau, identified as such (medium) |
| `tau_et`, `tau_eta`, `tau_phi` | its transverse momentum, GeV, pseudorapidity, azimuth |
| `tau_numTrack`, `tau_pi0_n` | its tracks and neutral pions |
| `is_conf_lep_veto`, `is_conf_lep_veto_medium` | it does not look like an electron or a muon; no other is reported |
| `lep_charge`, `tau_charge` | in units of the proton's |
| `is_oppositeSign` | lepton and tau have opposite charges |
| `met_et`, `met_phi` | missing transverse momentum, GeV, and its azimuth |
| `transverseMass` | of the lepton and the missing momentum, GeV |
| `dPhiSum` | sum of the azimuths between the missing momentum and lepton and tau, each 0 to pi |
| `sum_cos_dphi` | sum of their cosines |
| `vis_mass` | mass of lepton and tau, GeV |
| `n_jets` | jets beside them |

`WeightLumi`, the expected number of events that an event stands for, is added where a luminosity is known:
`kaon.simulate.ntuples`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kaon import kinematics
from kaon.observables.angles import sum_cos_delta_phi, sum_delta_phi
from kaon.observables.masses import transverse_mass, visible_mass
from kaon.simulate.objects import ObjectTable

__all__ = ["VARIANTS", "ztautau_columns"]


def ztautau_columns(objects: ObjectTable) -> dict[str, Any]:
    """The columns of this module's table, (events,) each."""
    leptons = objects.are("lepton")
    alone = objects.count(leptons & objects.isolated)
    candidate = leptons & (objects.isolated | (alone[objects.event] == 0))
    taus = objects.are("tau") & (np.abs(objects.charge) == 1)

    def first(name: str, chosen: Any) -> Any:
        return objects.leading(getattr(objects, name), chosen, 1)[:, 0]

    def flag(condition: Any) -> Any:
        return np.asarray(condition, np.int32)

    lepton, tau = (objects.momenta(chosen, 1)[:, 0] for chosen in (candidate, taus))
    met = objects.momenta(objects.are("met"), 1)[:, 0, 1:3]
    species, has_tau = np.abs(first("pid", candidate)), objects.count(taus) > 0
    lepton_charge, tau_charge = (first("charge", chosen).astype(np.int32) for chosen in (candidate, taus))
    pair = (species > 0) & has_tau
    return {
        "is_mu": flag(species == 13),
        "is_el": flag(species == 11),
        "is_isoLep": flag(alone > 0),
        "lep_pt": first("pt", candidate),
        "lep_eta": first("eta", candidate),
        "lep_phi": first("phi", candidate),
        "is_dilepVeto": flag(alone <= 1),
        "is_tau": flag(has_tau),
        "tau_et": first("pt", taus),
        "tau_eta": first("eta", taus),
        "tau_phi": first("phi", taus),
        "tau_numTrack": first("tracks", taus).astype(np.int32),
        "tau_pi0_n": first("pi0s", taus).astype(np.int32),
        "is_conf_lep_veto": flag(has_tau),
        "is_conf_lep_veto_medium": flag(has_tau),
        "lep_charge": lepton_charge,
        "tau_charge": tau_charge,
        "is_oppositeSign": flag(pair & (lepton_charge * tau_charge < 0)),
        "met_et": np.hypot(met[:, 0], met[:, 1]),
        "met_phi": kinematics.phi(met[:, 0], met[:, 1]),
        "transverseMass": transverse_mass(lepton, met),
        "dPhiSum": np.where(pair, sum_delta_phi(lepton, tau, met), 0.0),
        "sum_cos_dphi": np.where(pair, sum_cos_delta_phi(lepton, tau, met), 0.0),
        "vis_mass": np.where(pair, visible_mass(lepton, tau), 0.0),
        "n_jets": objects.count(objects.are("jet", "b-jet")).astype(np.int32),
    }


VARIANTS = {"ztautau": ztautau_columns}
