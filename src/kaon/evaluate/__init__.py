"""How good is it: pure functions on arrays, each also taking one `Predictions`; all of them weighted.

Scores are (N,), growing with signal, or (N, C); the signal is the last class unless `signal=` says otherwise, and
everything else is background. A single score whose signal is class 0 is taken with the opposite sign.
"""

from kaon.evaluate.ams import AmsScan, ams, best_ams
from kaon.evaluate.best_cut import CutScan, best_cut
from kaon.evaluate.binned import BinnedEfficiency, BinnedRejection, efficiency_against, rejection_against
from kaon.evaluate.binning import Binning, best_binning, binned_significance
from kaon.evaluate.bootstrap import Interval, bootstrap
from kaon.evaluate.calibration import CalibrationCurve, calibration_curve, expected_calibration_error
from kaon.evaluate.confusion import Mistake, accuracy, confusion_matrix, mistakes, surest_mistakes
from kaon.evaluate.correlation import column_correlation, score_correlation
from kaon.evaluate.curves import RocCurve, auc, macro_auc, roc_curve
from kaon.evaluate.estimate import Estimate
from kaon.evaluate.overtraining import KolmogorovSmirnov, kolmogorov_smirnov, overtraining_check
from kaon.evaluate.rejection import RejectionCurve, background_rejection, rejection_curve
from kaon.evaluate.sculpting import Sculpting, jensen_shannon, mass_sculpting
from kaon.evaluate.significance import SignificanceImprovement, asimov_significance, significance_improvement
from kaon.evaluate.working_point import WorkingPoint, working_point

__all__ = [
    "AmsScan",
    "BinnedEfficiency",
    "BinnedRejection",
    "Binning",
    "CalibrationCurve",
    "CutScan",
    "Estimate",
    "Interval",
    "KolmogorovSmirnov",
    "Mistake",
    "RejectionCurve",
    "RocCurve",
    "Sculpting",
    "SignificanceImprovement",
    "WorkingPoint",
    "accuracy",
    "ams",
    "asimov_significance",
    "auc",
    "background_rejection",
    "best_ams",
    "best_binning",
    "best_cut",
    "binned_significance",
    "bootstrap",
    "calibration_curve",
    "column_correlation",
    "confusion_matrix",
    "efficiency_against",
    "expected_calibration_error",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "macro_auc",
    "mass_sculpting",
    "mistakes",
    "overtraining_check",
    "rejection_against",
    "rejection_curve",
    "roc_curve",
    "score_correlation",
    "significance_improvement",
    "surest_mistakes",
    "working_point",
]
