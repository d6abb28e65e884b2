"""H -> tau tau against Z -> tau tau, with one lepton and one hadronic tau."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Leptons, Objects, Process, Recipe, Taus

__all__ = ["HIGGS_TAUTAU", "VARIANTS"]

_LEPTONS, _HADRONS = "11 13", "111 130 211 221 223 310 311 321"
_LEPTON_AND_HADRONS = (
    ("15:onMode = off", f"15:onPosIfAny = {_LEPTONS}", f"15:onNegIfAny = {_HADRONS}"),
    ("15:onMode = off", f"15:onPosIfAny = {_HADRONS}", f"15:onNegIfAny = {_LEPTONS}"),
)
"""The lepton is from the tau- in half of the events, from the tau+ in the others."""
_BRANCHING = 0.352 * 0.648
"""Of each of the two ways, Particle Data Group; Pythia's cross-section knows nothing of decays of taus."""

HIGGS_TAUTAU = Recipe(
    name="higgs-tautau",
    description="H -> tau tau (125 GeV) against Z -> tau tau, with a lepton and a hadronic tau, as the columns of "
    "HiggsML",
    source="after the HiggsML challenge of ATLAS, doi:10.7483/OPENDATA.ATLAS.ZBP2.M5T8, at 8 TeV: one electron or muon "
    "above 26 GeV and one hadronic tau above 20 GeV of opposite charge. The search of Baldi, Sadowski, Whiteson, Phys. "
    "Rev. Lett. 114 (2015) 111801, arXiv:1410.3469, has the same signal and background. Gluon and vector-boson fusion "
    "at Pythia's leading order, jets beside the bosons from the parton shower only, spins of the taus correlated; no "
    "multiple interactions, no backgrounds with jets that pass as taus, b-jets are not counted out",
    energy=8000.0,
    settings=("PartonLevel:MPI = off",),
    processes=(
        Process(
            name="Z",
            settings=(
                "WeakSingleBoson:ffbar2gmZ = on",
                *("23:onMode = off", "23:onIfAny = 15", "PhaseSpace:mHatMin = 60"),
            ),
            alternatives=_LEPTON_AND_HADRONS,
            k_factor=_BRANCHING,
        ),
        Process(
            name="H",
            settings=(
                *("HiggsSM:gg2H = on", "HiggsSM:ff2Hff(t:ZZ) = on", "HiggsSM:ff2Hff(t:WW) = on"),
                *("25:m0 = 125", "25:onMode = off", "25:onIfAny = 15"),
            ),
            alternatives=_LEPTON_AND_HADRONS,
            k_factor=_BRANCHING,
        ),
    ),
    jets=Jets(radius=0.4, pt=(30, None), eta=4.5, leading=12),
    objects=Objects(
        electrons=Leptons(pt=26, eta=2.47, efficiency=(0.95, 0.85)),
        muons=Leptons(pt=26, efficiency=(0.95, 0.95)),
        taus=Taus(pt=20),
        columns="higgs_tautau",
        select="n_leptons == 1 and n_taus == 1 and lepton_charge + tau_charge == 0",
    ),
    detector="atlas",
)

VARIANTS = {HIGGS_TAUTAU.name: HIGGS_TAUTAU}
