"""HiggsML: H -> tau tau against Z, top and W, 818,238 events of ATLAS's full simulation, from the challenge of 2014.

Read are the file of the CERN Open Data Portal and those of Kaggle (training.csv, and test.csv without label). The
weights are `KaggleWeight` where there is one, whose sums in each of the challenge's samples are the expected events of
2012, otherwise `Weight`; `kaon.evaluate.ams` is the figure of merit.
"""

from __future__ import annotations

from kaon.datasets.base import Dataset
from kaon.datasets.download import RemoteFile

__all__ = ["FEATURES", "HIGGSML", "HIGH_LEVEL", "LOW_LEVEL"]

HIGH_LEVEL = (
    "DER_mass_MMC",
    "DER_mass_transverse_met_lep",
    "DER_mass_vis",
    "DER_pt_h",
    "DER_deltaeta_jet_jet",
    "DER_mass_jet_jet",
    "DER_prodeta_jet_jet",
    "DER_deltar_tau_lep",
    "DER_pt_tot",
    "DER_sum_pt",
    "DER_pt_ratio_lep_tau",
    "DER_met_phi_centrality",
    "DER_lep_eta_centrality",
)
"""Derived quantities, see `kaon.observables.ditau`; the first is ATLAS's missing mass calculator."""

LOW_LEVEL = (
    *(f"PRI_{particle}_{name}" for particle in ("tau", "lep") for name in ("pt", "eta", "phi")),
    "PRI_met",
    "PRI_met_phi",
    "PRI_met_sumet",
    "PRI_jet_num",
    *(f"PRI_jet_{place}_{name}" for place in ("leading", "subleading") for name in ("pt", "eta", "phi")),
    "PRI_jet_all_pt",
)
"""Primitive quantities."""

FEATURES = HIGH_LEVEL + LOW_LEVEL

HIGGSML = Dataset(
    title="HiggsML",
    remote=RemoteFile(
        "https://opendata.cern.ch/record/328/files/atlas-higgs-challenge-2014-v2.csv.gz",
        size=65_630_848,
        adler32="e4717bbe",
        source="the CERN Open Data Portal",
    ),
    rows=818_238,
    page="https://opendata.cern.ch/record/328",
    licence="CC0 1.0",
    citation="ATLAS Collaboration, Dataset from the ATLAS Higgs Boson Machine Learning Challenge 2014, "
    "https://doi.org/10.7483/OPENDATA.ATLAS.ZBP2.M5T8",
    low_level=LOW_LEVEL,
    high_level=HIGH_LEVEL,
    units="GeV and radians; -999 where a quantity does not exist",
    label="Label",
    weight=("KaggleWeight", "Weight"),
    index="EventId",
    missing=-999.0,
    sets=("KaggleSet", "t", "v"),
)

reading, load, split, download = HIGGSML.reading, HIGGSML.load, HIGGSML.split, HIGGSML.download

VARIANTS = {"higgsml": HIGGSML}
