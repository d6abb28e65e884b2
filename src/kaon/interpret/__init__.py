"""What a trained model has learned: which variables it needs, and what a network sees in a picture."""

from kaon.interpret.convolutions import Convolved, ReceptiveField, convolutions, receptive_field
from kaon.interpret.filters import Filters, first_filters
from kaon.interpret.gradients import Gradients, integrated_gradients, saliency
from kaon.interpret.occlusion import Occlusion, occlusion
from kaon.interpret.patches import Patches, top_patches
from kaon.interpret.permutation import Importance, permutation_importance
from kaon.interpret.pixel_correlation import pixel_correlation
from kaon.interpret.retraining import Retrained, retrain
from kaon.interpret.variables import variable_groups

__all__ = [
    "Convolved",
    "Filters",
    "Gradients",
    "Importance",
    "Occlusion",
    "Patches",
    "ReceptiveField",
    "Retrained",
    "convolutions",
    "first_filters",
    "integrated_gradients",
    "occlusion",
    "permutation_importance",
    "pixel_correlation",
    "receptive_field",
    "retrain",
    "saliency",
    "top_patches",
    "variable_groups",
]
