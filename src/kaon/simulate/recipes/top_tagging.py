"""Hadronic top quarks against light quarks and gluons: the recipe of the reference data set."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Matching, Process, Recipe

__all__ = ["TOP_TAGGING", "VARIANTS"]

TOP_TAGGING = Recipe(
    name="top-tagging",
    description="hadronic top jets against QCD jets, 550 < pT < 650 GeV, no multiple interactions",
    source="Kasieczka et al., SciPost Phys. 7 (2019) 014, arXiv:1902.09914, data at Zenodo 2603256. The limits of the "
    "hard scattering (pT-hat 500 to 750 GeV) are not published; here two jets of an event may enter",
    settings=("PartonLevel:MPI = off", "PhaseSpace:pTHatMin = 500", "PhaseSpace:pTHatMax = 750"),
    processes=(
        Process(
            name="qcd",
            settings=("HardQCD:all = on",),
            matching=Matching(partons=(1, 2, 3, 4, 5, 21), radius=0.8, required=False),
        ),
        Process(
            name="top",
            settings=(
                "Top:gg2ttbar = on",
                "Top:qqbar2ttbar = on",
                "24:onMode = off",
                "24:onIfAny = 1 2 3 4 5",
            ),
            matching=Matching(partons=(6,), origin="decayed", radius=0.8, products_radius=0.8),
        ),
    ),
    jets=Jets(radius=0.8, pt=(550, 650), eta=2.0, leading=2),
    detector="atlas",
)

VARIANTS = {TOP_TAGGING.name: TOP_TAGGING}
