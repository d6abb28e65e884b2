"""How good is it: pure functions on arrays, each also taking one `Predictions`; all of them weighted.

Scores are (N,), growing with signal, or (N, C); the signal is the last class unless `signal=` says otherwise, and
everything else is background.
"""

from kaon.evaluate.confusion import accuracy, confusion_matrix
from kaon.evaluate.curves import RocCurve, auc, roc_curve
from kaon.evaluate.estimate import Estimate
from kaon.evaluate.rejection import RejectionCurve, background_rejection, rejection_curve

__all__ = [
    "Estimate",
    "RejectionCurve",
    "RocCurve",
    "accuracy",
    "auc",
    "background_rejection",
    "confusion_matrix",
    "rejection_curve",
    "roc_curve",
]
