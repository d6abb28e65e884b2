"""What a trained model has learned: which variables it needs."""

from kaon.interpret.permutation import Importance, permutation_importance
from kaon.interpret.retraining import Retrained, retrain
from kaon.interpret.variables import variable_groups

__all__ = ["Importance", "Retrained", "permutation_importance", "retrain", "variable_groups"]
