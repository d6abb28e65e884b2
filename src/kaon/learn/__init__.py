"""Strategies of learning, the scikit-learn front door, runs and comparisons."""

from kaon.learn.classifier import Classifier
from kaon.learn.compare import compare
from kaon.learn.config import TrainConfig
from kaon.learn.ensemble import Ensemble, load
from kaon.learn.ensemble_run import ensemble_runs
from kaon.learn.folds import cross_train
from kaon.learn.run import Parts, Run, RunConfig, execute_run
from kaon.learn.tagger import Tagger
from kaon.learn.train import train
from kaon.learn.transfer import Start, StartConfig

__all__ = [
    "Classifier",
    "Ensemble",
    "Parts",
    "Run",
    "RunConfig",
    "Start",
    "StartConfig",
    "Tagger",
    "TrainConfig",
    "compare",
    "cross_train",
    "ensemble_runs",
    "execute_run",
    "load",
    "train",
]
