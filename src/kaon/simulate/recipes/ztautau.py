"""Z -> tau tau with a lepton and a hadronic tau, and everything that passes for it."""

from __future__ import annotations

from kaon.simulate.recipe import Isolated, Jets, Leptons, Ntuples, Objects, Process, Recipe, Taus

__all__ = ["VARIANTS", "ZTAUTAU"]

_Z, _W, _TOP = 1150.0, 12_100.0, 253.0
"""pb at 8 TeV: Z/gamma* above 60 GeV and W, each to one flavour of leptons, rounded numbers of the size that NNLO
calculations give; and top pairs (arXiv:1303.6254)."""
_TAU_TO_LEPTON, _BEAUTY_TO_LEPTON = 0.3504, 0.205
"""Branching ratios to an electron or a muon in Pythia: of the tau, and of the mixture of b hadrons."""

_ANTI_B, _B = (511, 521, 531, 541), (5122, 5132, 5232, 5332)
"""Weakly decaying hadrons, by what is in the one with the positive number."""


def _z(flavour: int) -> tuple[str, ...]:
    return (
        "WeakSingleBoson:ffbar2gmZ = on",
        "PhaseSpace:mHatMin = 60",
        "23:onMode = off",
        f"23:onIfAny = {flavour}",
    )


def _w(flavour: int) -> tuple[str, ...]:
    return ("WeakSingleBoson:ffbar2W = on", "24:onMode = off", f"24:onIfAny = {flavour}")


_LEPTONIC_TAUS = ("15:onMode = off", "15:onIfAny = 11 13")
_ONE_LEPTONIC_TAU = (("15:onMode = 3", "15:onPosIfAny = 11 13"), ("15:onMode = 2", "15:onNegIfAny = 11 13"))
"""tau- decays to leptons and tau+ to hadrons; and the reverse."""


def _leptonic(hadrons: tuple[int, ...], anti: tuple[int, ...]) -> tuple[str, ...]:
    """These hadrons, and the antiparticles of those, decay to leptons only; all others as they like."""
    modes = {**dict.fromkeys(hadrons, 3), **dict.fromkeys(anti, 2)}  # which of the two has the other decays too
    return tuple(line for pid, mode in modes.items() for line in (f"{pid}:onMode = {mode}", f"{pid}:onIfAny = 11 13"))


ZTAUTAU = Recipe(
    name="ztautau",
    description="Z -> tau tau with an electron or muon and a hadronic tau, against multijets, W, Z and top",
    source="after the selection of ATLAS, arXiv:1108.2016, at 8 TeV, and an exercise on ATLAS' own ntuples (its "
    "branches, regions and names of processes). No multiple interactions, no pile-up; matrix elements are Pythia's at "
    "leading order, normalised to 1150 pb for Z and 12.1 nb for W to each flavour and to 253 pb for top pairs. "
    "Multijets are pairs of b quarks of leading order, one of which decays to a lepton: no charm, no gluon splitting, "
    "no jets that pass as leptons, so their isolation is that of b decays. Of the signal one tau decays to a lepton, "
    "the other to hadrons. A jet passes as a tau with a weight, see Taus.weighted, and with a probability that is the "
    "same for all",
    energy=8000.0,
    settings=("PartonLevel:MPI = off",),
    processes=(
        Process(
            name="QCD",
            settings=("HardQCD:hardbbbar = on", "PhaseSpace:pTHatMin = 35"),
            alternatives=(_leptonic(_ANTI_B, _B), _leptonic(_B, _ANTI_B)),
            k_factor=_BEAUTY_TO_LEPTON,
            share=7,
        ),
        Process(
            name="Powheg_ttbar", settings=("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"), cross_section=_TOP, share=4
        ),
        Process(name="Wenu", settings=_w(11), cross_section=_W, share=2),
        Process(name="Wmunu", settings=_w(13), cross_section=_W, share=4),
        Process(
            name="Wtaunu", settings=(*_w(15), *_LEPTONIC_TAUS), cross_section=_W, k_factor=_TAU_TO_LEPTON, share=0.3
        ),
        Process(name="Zee", settings=_z(11), cross_section=_Z, share=1.5),
        Process(name="Zmumu", settings=_z(13), cross_section=_Z, share=1.5),
        Process(
            name="Ztautau",
            settings=_z(15),
            alternatives=_ONE_LEPTONIC_TAU,
            cross_section=_Z,
            k_factor=2 * _TAU_TO_LEPTON * (1 - _TAU_TO_LEPTON),
            share=2.2,
        ),
    ),
    jets=Jets(radius=0.4, pt=(20, None), eta=2.5, leading=12),
    objects=Objects(
        electrons=Leptons(pt=10, eta=2.47, radius=0.2, fraction=0.15, efficiency=(0.85, 0.75), anti_isolated=True),
        muons=Leptons(pt=10, radius=0.2, fraction=0.15, efficiency=(0.95, 0.95), anti_isolated=True),
        photons=Isolated(pt=1000),  # photons are not looked for: those near a lepton are what it radiated
        taus=Taus(jet=(0.01, 0.005), muon=0.005, weighted=True),
        columns="ztautau",
        select="is_tau == 1 and lep_pt > 22",
    ),
    detector="atlas",
    chunk_events=2000,
    ntuples=Ntuples(luminosity=3, prefix="evtsel_", hidden={"QCD": (0.7, 1.4), "W": (0.8, 1.25)}),
)

VARIANTS = {ZTAUTAU.name: ZTAUTAU}
