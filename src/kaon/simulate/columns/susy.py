"""The columns of the SUSY benchmark: two leptons, missing momentum, and ten variables made of them.

Names and order are those of the public data set (`kaon.datasets.uci_susy`), Baldi, Sadowski, Whiteson,
https://arxiv.org/abs/1402.4735. Energies are in GeV here; the public file has each column divided by its mean.

| column | meaning |
|---|---|
| `lepton1_pT`, `lepton1_eta`, `lepton1_phi`, `lepton2_pT` ... | the two hardest isolated leptons |
| `missing_energy_magnitude`, `missing_energy_phi` | missing transverse momentum |
| `met_rel` ... `cos_theta_r1` | see `kaon.observables.susy` |

Numbers of missing objects are 0.
"""

from __future__ import annotations

from typing import Any

from kaon.observables.susy import susy_variables
from kaon.simulate.objects import ObjectTable

__all__ = ["VARIANTS", "susy_columns"]


def susy_columns(objects: ObjectTable) -> dict[str, Any]:
    """The columns of this module's table, (events,) each."""
    lepton, met = objects.isolated & objects.are("lepton"), objects.are("met")
    pt, phi = objects.pt, objects.phi
    columns: dict[str, Any] = {}
    for place in range(2):
        columns |= {
            f"lepton{place + 1}_{name}": objects.leading(values, lepton, 2)[:, place]
            for name, values in (("pT", pt), ("eta", objects.eta), ("phi", phi))
        }
    columns |= {"missing_energy_magnitude": pt[met], "missing_energy_phi": phi[met]}
    leptons = objects.momenta(lepton, 2)
    return columns | susy_variables(leptons[:, 0], leptons[:, 1], objects.momenta(met, 1)[:, 0, 1:3])


VARIANTS = {"susy": susy_columns}
