"""The derived variables of the HiggsML challenge: a hadronic tau, a lepton, missing momentum and jets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.errors import DataError
from kaon.observables.masses import total_transverse_momentum, transverse_mass, visible_mass
from kaon.observables.momenta import four_vectors, invariant_mass, missing, plane, pt

__all__ = ["higgsml_variables"]

Floats = NDArray[np.float64]


def higgsml_variables(tau: Any, lepton: Any, met: Any, jets: Any) -> dict[str, Floats]:
    """The twelve `DER_` variables of the HiggsML data by name and in its order, without `DER_mass_MMC`, (events,) each.

    Adam-Bourdarios et al., Learning to discover: the Higgs boson machine learning challenge, appendix B,
    https://doi.org/10.7483/OPENDATA.ATLAS.ZBP2.M5T8. The first two jets are those of the variables on jets, and all of
    them count in `DER_sum_pt`.

    Args:
        tau: the hadronic tau, (events, 4) of (E, px, py, pz), GeV.
        lepton: (events, 4), likewise.
        met: (events, 2) of (px, py), GeV.
        jets: by falling pT, (events, n, 4) of (E, px, py, pz), GeV, with zeros where there are fewer than n.

    Returns:
        NaN where a variable needs two jets and there are fewer (the public file writes -999 there). The ratio of a tau
        without pT is 0, the centrality in phi is 0 where all three directions are one, and that in eta is 1 between
        jets of equal eta if the lepton lies there as well, else 0.

    Raises:
        DataError: the shape of an argument.
    """
    hadronic, other, towards, all_jets = (
        four_vectors(tau, "tau"),
        four_vectors(lepton, "lepton"),
        missing(met),
        four_vectors(jets, "jets"),
    )
    if all_jets.ndim != hadronic.ndim + 1:
        raise DataError(f"jets have the shape {all_jets.shape}; needed: (events, n, 4)")
    first, second = (_jet(all_jets, place) for place in (0, 1))
    two = pt(second) > 0
    eta_tau, eta_lepton, eta1, eta2 = (kin.pseudorapidity(*p.T[1:]).T for p in (hadronic, other, first, second))
    phi_tau, phi_lepton = (kin.phi(p[..., 1], p[..., 2]) for p in (hadronic, other))
    phi_met = kin.phi(towards[..., 0], towards[..., 1])
    total = plane(hadronic + other + first + second) + towards
    return {
        "DER_mass_transverse_met_lep": transverse_mass(other, towards),
        "DER_mass_vis": visible_mass(hadronic, other),
        "DER_pt_h": total_transverse_momentum(hadronic, other, towards),
        "DER_deltaeta_jet_jet": np.where(two, np.abs(eta1 - eta2), np.nan),
        "DER_mass_jet_jet": np.where(two, invariant_mass(first + second), np.nan),
        "DER_prodeta_jet_jet": np.where(two, eta1 * eta2, np.nan),
        "DER_deltar_tau_lep": kin.delta_r(eta_tau, phi_tau, eta_lepton, phi_lepton),
        "DER_pt_tot": np.hypot(total[..., 0], total[..., 1]),
        "DER_sum_pt": pt(hadronic) + pt(other) + pt(all_jets).sum(-1),
        "DER_pt_ratio_lep_tau": pt(other) / np.where(pt(hadronic) > 0, pt(hadronic), np.inf),
        "DER_met_phi_centrality": _phi_centrality(phi_met, phi_lepton, phi_tau),
        "DER_lep_eta_centrality": np.where(two, _eta_centrality(eta_lepton, eta1, eta2), np.nan),
    }


def _jet(jets: Floats, place: int) -> Floats:
    return jets[..., place, :] if jets.shape[-2] > place else np.zeros((*jets.shape[:-2], 4))


def _phi_centrality(met: Floats, lepton: Floats, tau: Floats) -> Floats:
    """Where the missing momentum lies: sqrt(2) midway between lepton and tau, 1 along one of them, less outside."""
    side = np.sign(np.sin(tau - lepton))
    a, b = np.sin(met - lepton) * side, np.sin(tau - met) * side
    size = np.hypot(a, b)
    central: Floats = (a + b) / np.where(size > 0, size, np.inf)
    return central


def _eta_centrality(lepton: Floats, first: Floats, second: Floats) -> Floats:
    """exp(-4 (eta - mean)^2 / (eta_1 - eta_2)^2): 1 midway between the jets, 1/e at one of them."""
    away, apart = lepton - (first + second) / 2, first - second
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exponent = np.where(away == 0, 0.0, 4 * (away / apart) ** 2)
    return np.exp(-exponent)
