"""From ntuples to a result: selections, regions, background estimates, histograms, systematic variations, fits."""

from kaon.analysis.config import AnalysisConfig, load_config
from kaon.analysis.counts import Counts
from kaon.analysis.pipeline import Analysis, analyse

__all__ = ["Analysis", "AnalysisConfig", "Counts", "analyse", "load_config"]
