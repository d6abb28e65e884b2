"""Hadronic W bosons against light quarks and gluons, as jet images were first studied."""

from __future__ import annotations

from kaon.simulate.recipe import Grooming, Jets, Matching, Process, Recipe

__all__ = ["VARIANTS", "W_TAGGING"]

W_TAGGING = Recipe(
    name="w-tagging",
    description="trimmed hadronic W jets against QCD jets, 250 < pT < 300 GeV, 65 < mass < 95 GeV",
    source="de Oliveira et al., JHEP 07 (2016) 069, arXiv:1511.05190: W' -> WZ with an invisible Z against QCD dijets, "
    "calorimeter cells of 0.1 x 0.1, anti-kT R = 1.0, trimmed with kT R = 0.3 and f = 0.05. The mass of the W' "
    "(600 GeV, half of it near the upper pT edge) and the limits of the hard scattering are ours",
    processes=(
        Process(
            name="qcd",
            settings=("HardQCD:all = on", "PhaseSpace:pTHatMin = 200", "PhaseSpace:pTHatMax = 450"),
            matching=Matching(partons=(1, 2, 3, 4, 5, 21), radius=1.0, required=False),
        ),
        Process(
            name="w",
            settings=(
                "NewGaugeBoson:ffbar2Wprime = on",
                "Wprime:coup2WZ = 1",
                "34:m0 = 600",
                "34:onMode = off",
                "34:onIfAll = 24 23",
                "24:onMode = off",
                "24:onIfAny = 1 2 3 4",
                "23:onMode = off",
                "23:onIfAny = 12",
            ),
            matching=Matching(partons=(24,), origin="decayed", radius=1.0, products_radius=1.0),
        ),
    ),
    jets=Jets(
        radius=1.0, pt=(250, 300), eta=2.0, mass=(65, 95), leading=2, grooming=Grooming(radius=0.3, fraction=0.05)
    ),
    detector="towers",
)

VARIANTS = {W_TAGGING.name: W_TAGGING}
