"""A cascade of Higgs bosons against pairs of top quarks, both to one lepton, two light and two b quarks."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Leptons, Objects, Process, Recipe

__all__ = ["HIGGS", "VARIANTS"]

_LEPTONS, _QUARKS = "11 13", "1 2 3 4 5"
_ONE_LEPTON = (
    ("24:onMode = off", f"24:onPosIfAny = {_LEPTONS}", f"24:onNegIfAny = {_QUARKS}"),
    ("24:onMode = off", f"24:onPosIfAny = {_QUARKS}", f"24:onNegIfAny = {_LEPTONS}"),
)
"""The lepton is from the W+ in half of the events, from the W- in the others."""

HIGGS = Recipe(
    name="higgs",
    description="a heavy Higgs boson (425 GeV) -> W H+- (325 GeV) -> W W h (125 GeV) -> l nu j j b b against top "
    "pairs, as the columns of the HIGGS benchmark",
    source="after Baldi, Sadowski, Whiteson, Nature Commun. 5 (2014) 4308, arXiv:1402.4735, at 8 TeV: masses, the "
    "lepton and jets above 20 GeV, |eta| < 2.5, two b-tags. Theirs are MadGraph's matrix elements and an ATLAS-like "
    "Delphes; ours Pythia's at leading order, narrow Higgs bosons that decay evenly in all directions, b-tags of 77%, "
    "no multiple interactions, W to electron or muon only; energies in GeV, where the public file has columns scaled "
    "to mean one",
    energy=8000.0,
    settings=("PartonLevel:MPI = off",),
    processes=(
        Process(
            name="ttbar",
            settings=("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
            alternatives=_ONE_LEPTON,
        ),
        Process(
            name="higgs",
            settings=(
                "Higgs:useBSM = on",
                "HiggsBSM:gg2H2 = on",
                *("35:m0 = 425", "37:m0 = 325", "25:m0 = 125"),
                *("35:doForceWidth = on", "35:mWidth = 1", "37:doForceWidth = on", "37:mWidth = 1"),
                *("35:onMode = off", "35:addChannel = 1 0.5 100 37 -24", "35:addChannel = 1 0.5 100 -37 24"),
                *("37:onMode = off", "37:addChannel = 1 1.0 100 25 24"),
                *("25:onMode = off", "25:onIfAny = 5"),
            ),
            alternatives=_ONE_LEPTON,
        ),
    ),
    jets=Jets(radius=0.4, pt=(20, None), eta=2.5, leading=12),
    objects=Objects(
        electrons=Leptons(pt=20, efficiency=(0.95, 0.85)),
        muons=Leptons(pt=20, efficiency=(0.95, 0.95)),
        columns="higgs",
        select="n_leptons == 1 and n_jets >= 4 and n_b_jets >= 2",
    ),
    detector="atlas",
)

VARIANTS = {HIGGS.name: HIGGS}
