"""Pairs of charginos against pairs of W bosons, both to two leptons and missing momentum."""

from __future__ import annotations

from kaon.simulate.recipe import Jets, Leptons, Objects, Process, Recipe
from kaon.simulate.spectra import spectrum

__all__ = ["SUSY", "VARIANTS", "chargino_model"]


def chargino_model(chargino: float, neutralino: float) -> str:
    """Spectrum of a simplified model: chargino -> W + stable neutralino, the one all wino, the other all bino.

    See `kaon.simulate.spectra.spectrum`.

    Args:
        chargino: mass of the lighter chargino, GeV.
        neutralino: mass of the lightest neutralino, GeV.
    """
    mixings = "".join(
        f"BLOCK {name}\n" + "".join(f"  {i} {j} {float(i == j)}\n" for i in range(1, n + 1) for j in range(1, n + 1))
        for name, n in (("NMIX", 4), ("UMIX", 2), ("VMIX", 2))
    )
    # without couplings and Higgs parameters Pythia finds no cross-section; only the weak mixing angle matters here
    couplings = "BLOCK GAUGE Q= 91.2\n  1 0.357\n  2 0.652\n  3 1.22\n"
    couplings += "BLOCK HMIX Q= 91.2\n  1 5000.0\n  2 10.0\n  3 246.0\n  4 2.5e7\nBLOCK ALPHA\n  -0.1\n"
    masses = {1000024: chargino, 1000022: neutralino}
    return spectrum(masses, {1000024: (1000022, 24)}, mixings + couplings)


SUSY = Recipe(
    name="susy",
    description="pairs of charginos (200 GeV), each to W and a neutralino (100 GeV), against pairs of W, with two "
    "leptons, as the columns of the SUSY benchmark",
    source="after Baldi, Sadowski, Whiteson, Nature Commun. 5 (2014) 4308, arXiv:1402.4735, at 8 TeV: masses and two "
    "leptons above 20 GeV. Theirs are MadGraph's matrix elements and an ATLAS-like Delphes; ours Pythia's at leading "
    "order, in which the W of a chargino is not polarised and no W pair is made of gluons; no multiple interactions, W "
    "to electron or muon only; energies in GeV, where the public file has columns scaled to mean one",
    energy=8000.0,
    settings=("PartonLevel:MPI = off", "24:onMode = off", "24:onIfAny = 11 13"),
    processes=(
        Process(name="WW", settings=("WeakDoubleBoson:ffbar2WW = on",)),
        Process(
            name="susy",
            settings=("SUSY:qqbar2chi+chi- = on", "SUSY:idVecA = 1000024", "SUSY:idVecB = 1000024"),
            slha=chargino_model(chargino=200.0, neutralino=100.0),
        ),
    ),
    jets=Jets(radius=0.4, pt=(20, None), eta=2.5, leading=12),
    objects=Objects(
        electrons=Leptons(pt=20, efficiency=(0.95, 0.85)),
        muons=Leptons(pt=20, efficiency=(0.95, 0.95)),
        columns="susy",
        select="n_leptons == 2 and lepton_charge == 0",
    ),
    detector="atlas",
)

VARIANTS = {SUSY.name: SUSY}
