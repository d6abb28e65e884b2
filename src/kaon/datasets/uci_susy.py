"""UCI SUSY: chargino pairs that decay to two leptons and unseen particles, against WW, 5 million simulated events."""

from __future__ import annotations

from kaon.datasets.base import Dataset
from kaon.datasets.download import RemoteFile

__all__ = ["FEATURES", "HIGH_LEVEL", "LOW_LEVEL", "UCI_SUSY"]

LOW_LEVEL = (
    *(f"lepton{i}_{name}" for i in (1, 2) for name in ("pT", "eta", "phi")),
    "missing_energy_magnitude",
    "missing_energy_phi",
)
"""What the detector measures: 8 columns."""

HIGH_LEVEL = (
    "met_rel",
    "axial_met",
    "m_r",
    "m_tr_2",
    "r",
    "mt2",
    "s_r",
    "m_delta_r",
    "dphi_r_b",
    "cos_theta_r1",
)
"""Ten variables, see `kaon.observables.susy`."""

FEATURES = LOW_LEVEL + HIGH_LEVEL

UCI_SUSY = Dataset(
    title="UCI SUSY",
    remote=RemoteFile(
        "https://archive.ics.uci.edu/ml/machine-learning-databases/00279/SUSY.csv.gz",
        sha256="be56cb5598da8ece4b13912230ee713bab8b3431a7d118e0054ffdf3a2f25664",
        source="the loader of scikit-learn_bench (github.com/IntelPython/scikit-learn_bench)",
    ),
    rows=5_000_000,
    page="https://archive.ics.uci.edu/dataset/279/susy",
    licence="CC BY 4.0",
    citation="P. Baldi, P. Sadowski, D. Whiteson, Nature Commun. 5 (2014) 4308, https://arxiv.org/abs/1402.4735; "
    "https://doi.org/10.24432/C54606",
    low_level=LOW_LEVEL,
    high_level=HIGH_LEVEL,
    units="none: columns that are never negative are divided by their mean (cos_theta_r1 is not), every other "
    "has mean 0 and deviation 1",
    label="label",
    header=("label", *FEATURES),
    held_out=500_000,
)

reading, load, split, download = UCI_SUSY.reading, UCI_SUSY.load, UCI_SUSY.split, UCI_SUSY.download

VARIANTS = {"uci_susy": UCI_SUSY}
