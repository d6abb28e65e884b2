"""The search for hyper-parameters, on Optuna."""

from kaon.tune.objective import Objective
from kaon.tune.record import Search, Trial, load
from kaon.tune.search import search
from kaon.tune.space import TRAINING, search_space

__all__ = ["TRAINING", "Objective", "Search", "Trial", "load", "search", "search_space"]
