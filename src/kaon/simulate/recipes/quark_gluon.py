"""Light quarks against gluons, both recoiling against an invisible Z."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Matching, Process, Recipe

__all__ = ["QUARK_GLUON", "VARIANTS"]

QUARK_GLUON = Recipe(
    name="quark-gluon",
    description="quark (u, d, s) against gluon jets, 500 < pT < 550 GeV, with multiple interactions, no detector",
    source="Komiske, Metodiev, Thaler, JHEP 01 (2019) 121, arXiv:1810.05165, data at Zenodo 3164691 (the files without "
    "charm and bottom). The limits of the hard scattering (pT-hat 475 to 600 GeV) are ours",
    settings=(
        "WeakZ0:gmZmode = 2",
        "23:onMode = off",
        "23:onIfAny = 12 14 16",
        "PhaseSpace:pTHatMin = 475",
        "PhaseSpace:pTHatMax = 600",
    ),
    processes=(
        Process(
            name="gluon",
            settings=("WeakBosonAndParton:qqbar2gmZg = on",),
            matching=Matching(partons=(21,)),
        ),
        Process(
            name="quark",
            settings=("WeakBosonAndParton:qg2gmZq = on",),
            matching=Matching(partons=(1, 2, 3)),
        ),
    ),
    jets=Jets(radius=0.4, pt=(500, 550), rapidity=1.7, leading=1),
    detector="none",
)

VARIANTS = {QUARK_GLUON.name: QUARK_GLUON}
