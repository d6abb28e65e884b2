"""Pairs of top squarks against pairs of top quarks, as whole events with one lepton."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Objects, Process, Recipe
from kaon.simulate.spectra import spectrum

__all__ = ["STOP_SEARCH", "VARIANTS", "simplified_model"]


def simplified_model(stop: float, neutralino: float) -> str:
    """Spectrum and decays of a simplified model: stop -> top + stable neutralino, nothing else within reach.

    See `kaon.simulate.spectra.spectrum`.

    Args:
        stop: mass of the lighter top squark, GeV.
        neutralino: mass of the lightest neutralino, GeV.
    """
    return spectrum({1000006: stop, 1000022: neutralino}, {1000006: (1000022, 6)})


STOP_SEARCH = Recipe(
    name="stop-search",
    description="whole events with one lepton: stop pairs (600 GeV, to a top and a neutralino of 100 GeV) against top "
    "pairs",
    source="after Abdughani, Ren, Wu, Yang, JHEP 08 (2019) 055, arXiv:1807.09088: stop pairs against top pairs at "
    "13 TeV as graphs of objects. Masses, cuts and b-tagging (77% for b, 1/6 for c, 1/134 for light jets) are ours; "
    "matrix elements are Pythia's at leading order, tops from stops are not polarised, no multiple interactions",
    energy=13000.0,
    settings=("PartonLevel:MPI = off",),
    processes=(
        Process(name="ttbar", settings=("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")),
        Process(
            name="stop",
            settings=(
                "SUSY:gg2squarkantisquark = on",
                "SUSY:qqbar2squarkantisquark = on",
                "SUSY:idVecA = 1000006",
                "SUSY:idVecB = 1000006",
            ),
            slha=simplified_model(stop=600.0, neutralino=100.0),
        ),
    ),
    jets=Jets(radius=0.4, pt=(25, None), eta=2.5, leading=12),
    objects=Objects(select="n_leptons == 1 and n_jets >= 4 and n_b_jets >= 1 and met > 100"),
    detector="atlas",
)

VARIANTS = {STOP_SEARCH.name: STOP_SEARCH}
