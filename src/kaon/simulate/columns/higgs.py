"""The columns of the HIGGS benchmark: a lepton, missing momentum, four jets, and seven masses made of them.

Names and order are those of the public data set (`kaon.datasets.uci_higgs`), Baldi, Sadowski, Whiteson,
https://arxiv.org/abs/1402.4735. Energies are in GeV here; the public file has each column divided by its mean.

| column | meaning |
|---|---|
| `lepton_pT`, `lepton_eta`, `lepton_phi` | the hardest isolated lepton |
| `missing_energy_magnitude`, `missing_energy_phi` | missing transverse momentum |
| `jet1_pt`, `jet1_eta`, `jet1_phi` ... `jet4_phi` | the four hardest jets |
| `jet1_btag` ... `jet4_btag` | 1 for a b-jet, else 0; the public file has a few scaled values |
| `m_jj` ... `m_wwbb` | see `kaon.observables.higgs` |

Numbers of missing objects are 0.
"""

from __future__ import annotations

from typing import Any

from kaon.observables.higgs import higgs_masses
from kaon.simulate.objects import ObjectTable

__all__ = ["VARIANTS", "higgs_columns"]

_JETS = 4


def higgs_columns(objects: ObjectTable) -> dict[str, Any]:
    """The columns of this module's table, (events,) each."""
    lepton, met, jet = objects.isolated & objects.are("lepton"), objects.are("met"), objects.are("jet", "b-jet")
    pt, eta, phi = objects.pt, objects.eta, objects.phi
    tag = objects.leading(objects.are("b-jet"), jet, _JETS)
    jets = {name: objects.leading(values, jet, _JETS) for name, values in (("pt", pt), ("eta", eta), ("phi", phi))}
    columns: dict[str, Any] = {
        f"lepton_{name}": objects.leading(values, lepton, 1)[:, 0]
        for name, values in (("pT", pt), ("eta", eta), ("phi", phi))
    }
    columns |= {"missing_energy_magnitude": pt[met], "missing_energy_phi": phi[met]}
    for place in range(_JETS):
        columns |= {f"jet{place + 1}_{name}": values[:, place] for name, values in (jets | {"btag": tag}).items()}
    missing = objects.momenta(met, 1)[:, 0, 1:3]
    return columns | higgs_masses(objects.momenta(lepton, 1)[:, 0], missing, objects.momenta(jet, _JETS), tag)


VARIANTS = {"higgs": higgs_columns}
