"""Hadronic Z bosons against light quarks and gluons, as the N-subjettiness basis was studied."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Matching, Process, Recipe

__all__ = ["VARIANTS", "Z_TAGGING"]

Z_TAGGING = Recipe(
    name="z-tagging",
    description="hadronic Z jets against quark and gluon jets, pT > 500 GeV, no detector",
    source="after Datta, Larkoski, JHEP 06 (2017) 073, arXiv:1704.08249: ZZ against Z + jet, anti-kT R = 0.8. Here both"
    " Z of the signal decay to quarks, and the Z of the background is invisible",
    energy=13000.0,
    settings=("WeakZ0:gmZmode = 2", "PhaseSpace:pTHatMin = 475", "23:onMode = off"),
    processes=(
        Process(
            name="qcd",
            settings=(
                "WeakBosonAndParton:qqbar2gmZg = on",
                "WeakBosonAndParton:qg2gmZq = on",
                "23:onIfAny = 12 14 16",
            ),
            matching=Matching(partons=(1, 2, 3, 4, 5, 21), radius=0.8, required=False),
        ),
        Process(
            name="z",
            settings=("WeakDoubleBoson:ffbar2gmZgmZ = on", "23:onIfAny = 1 2 3 4 5"),
            matching=Matching(partons=(23,), origin="decayed", radius=0.8, products_radius=0.8),
        ),
    ),
    jets=Jets(radius=0.8, pt=(500, None), eta=2.5, leading=2),
    detector="none",
)

VARIANTS = {Z_TAGGING.name: Z_TAGGING}
