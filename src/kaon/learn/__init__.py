"""Strategies of learning, the scikit-learn front door, runs and comparisons."""

from kaon.learn.classifier import Classifier
from kaon.learn.compare import compare
from kaon.learn.config import TrainConfig
from kaon.learn.folds import cross_train
from kaon.learn.run import Parts, Run, RunConfig, execute_run
from kaon.learn.tagger import Tagger, load
from kaon.learn.train import train

__all__ = [
    "Classifier",
    "Parts",
    "Run",
    "RunConfig",
    "Tagger",
    "TrainConfig",
    "compare",
    "cross_train",
    "execute_run",
    "load",
    "train",
]
