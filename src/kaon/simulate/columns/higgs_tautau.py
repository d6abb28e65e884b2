"""The columns of the HiggsML challenge: a lepton, a hadronic tau, missing momentum, jets, and variables made of them.

Names are those of the public data set (`kaon.datasets.higgsml`), https://doi.org/10.7483/OPENDATA.ATLAS.ZBP2.M5T8,
without `DER_mass_MMC`, whose likelihood is ATLAS' own. Momenta are in GeV, angles in radians.

| column | meaning |
|---|---|
| `DER_...` | see `kaon.observables.ditau` |
| `PRI_tau_pt`, `PRI_tau_eta`, `PRI_tau_phi` | the hardest hadronic tau |
| `PRI_lep_pt`, `PRI_lep_eta`, `PRI_lep_phi` | the hardest isolated lepton |
| `PRI_met`, `PRI_met_phi`, `PRI_met_sumet` | missing transverse momentum; scalar sum of all pT that is seen |
| `PRI_jet_num` | number of jets, 3 for more |
| `PRI_jet_leading_pt` ... `PRI_jet_subleading_phi` | the two hardest jets |
| `PRI_jet_all_pt` | scalar sum of the pT of the jets |

-999 stands where there are fewer jets than a column needs, as in the public file; numbers of a missing tau or lepton
are 0. Jets that lie farther forward than the recipe's limit do not count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kaon.observables.ditau import higgsml_variables
from kaon.simulate.objects import ObjectTable

__all__ = ["VARIANTS", "higgs_tautau_columns"]

_UNDEFINED = -999.0
_MOST = 3
"""The public file counts jets up to this."""
_JETS = 12
"""Jets that count in sums; hardly an event has more."""


def higgs_tautau_columns(objects: ObjectTable) -> dict[str, Any]:
    """The columns of this module's table, (events,) each."""
    tau, lepton = objects.are("tau"), objects.isolated & objects.are("lepton")
    met, jet = objects.are("met"), objects.are("jet", "b-jet")
    pt, phi, number = objects.pt, objects.phi, objects.count(jet)
    places = (("pt", pt), ("eta", objects.eta), ("phi", phi))
    first, second = objects.momenta(tau, 1)[:, 0], objects.momenta(lepton, 1)[:, 0]
    derived = higgsml_variables(first, second, objects.momenta(met, 1)[:, 0, 1:3], objects.momenta(jet, _JETS))
    columns: dict[str, Any] = {name: np.nan_to_num(values, nan=_UNDEFINED) for name, values in derived.items()}
    for thing, chosen in (("tau", tau), ("lep", lepton)):
        columns |= {f"PRI_{thing}_{name}": objects.leading(values, chosen, 1)[:, 0] for name, values in places}
    columns |= {"PRI_met": pt[met], "PRI_met_phi": phi[met], "PRI_met_sumet": objects.sum_et}
    columns["PRI_jet_num"] = np.minimum(number, _MOST)
    for place, which in enumerate(("leading", "subleading")):
        for name, values in places:
            column = objects.leading(values, jet, 2)[:, place]
            columns[f"PRI_jet_{which}_{name}"] = np.where(number > place, column, _UNDEFINED)
    return columns | {"PRI_jet_all_pt": np.bincount(objects.event[jet], pt[jet], objects.events)}


VARIANTS = {"higgs_tautau": higgs_tautau_columns}
