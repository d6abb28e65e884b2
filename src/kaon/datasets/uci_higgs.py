"""UCI HIGGS: H -> W H+ -> W W h -> l nu j j b b against pairs of top quarks, 11 million simulated events."""

from __future__ import annotations

from kaon.datasets.base import Dataset
from kaon.datasets.download import RemoteFile

__all__ = ["FEATURES", "HIGH_LEVEL", "LOW_LEVEL", "UCI_HIGGS"]

LOW_LEVEL = (
    "lepton_pT",
    "lepton_eta",
    "lepton_phi",
    "missing_energy_magnitude",
    "missing_energy_phi",
    *(f"jet{i}_{name}" for i in (1, 2, 3, 4) for name in ("pt", "eta", "phi", "btag")),
)
"""What the detector measures: 21 columns."""

HIGH_LEVEL = ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")
"""Seven masses, see `kaon.observables.higgs`."""

FEATURES = LOW_LEVEL + HIGH_LEVEL

UCI_HIGGS = Dataset(
    title="UCI HIGGS",
    remote=RemoteFile(
        "https://archive.ics.uci.edu/ml/machine-learning-databases/00280/HIGGS.csv.gz",
        size=2_816_407_858,
        sha256="ea302c18164d4e3d916a1e2e83a9a8d07069fa6ebc7771e4c0540d54e593b698",
        source="the loader of Ludwig (ludwig.ai), and others that downloaded it from UCI,",
    ),
    rows=11_000_000,
    page="https://archive.ics.uci.edu/dataset/280/higgs",
    licence="CC BY 4.0",
    citation="P. Baldi, P. Sadowski, D. Whiteson, Nature Commun. 5 (2014) 4308, https://arxiv.org/abs/1402.4735; "
    "https://doi.org/10.24432/C5V312",
    low_level=LOW_LEVEL,
    high_level=HIGH_LEVEL,
    units="none: a column that is never negative is divided by its mean, every other has mean 0 and deviation 1; the "
    "lepton's pT is in units of about 54.5 GeV",
    label="label",
    header=("label", *FEATURES),
    held_out=500_000,
)

reading, load, split, download = UCI_HIGGS.reading, UCI_HIGGS.load, UCI_HIGGS.split, UCI_HIGGS.download

VARIANTS = {"uci_higgs": UCI_HIGGS}
