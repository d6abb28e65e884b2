"""Who stands against whom on handwritten digits: networks, their trainings, and what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kaon.learn import RunConfig, TrainConfig
from kaon.studies.base import Scale, ScaleName

__all__ = ["CONTENDERS", "DEFORM", "SCALES", "Contender"]

DEFORM = {"rotate": 15.0, "scale": 0.15, "elastic": 36.0, "elastic_sigma": 6.0}
"""As in 1003.0358: degrees, fraction, and elastic fields of strength alpha smoothed by sigma, both in pixels."""

LAST: Mapping[str, Any] = {"schedule": "constant", "swa": 1e-3, "swa_rate": 1.0}
"""A constant learning rate, and the weights after the last epoch, as published: the mean over that one epoch."""


@dataclass(frozen=True)
class Contender:
    """A network with its training.

    Args:
        title: for the table.
        slug: of its folder, and of its settings in a scale.
        model: registered name.
        train: settings of the training that differ from those of the others.
        published: share of wrong test digits, per cent.
        source: of that number.
    """

    title: str
    slug: str
    model: str
    train: Mapping[str, Any]
    published: float | None = None
    source: str = ""

    def config(self, settings: Mapping[str, Any]) -> RunConfig:
        """Its training, with the settings of a scale."""
        common = {"batch_size": 128, "weight_decay": 0.0, "precision": "bfloat16"}
        train = TrainConfig.model_validate({**common, **self.train, **settings})
        return RunConfig(model=self.model, representation="pictures", spectators=(), train=train)


_ADADELTA = {"optimizer": "adadelta", "learning_rate": 1.0, "warmup": 0.02}

CONTENDERS = (
    Contender(
        "dense",
        "dense",
        "dense_classifier",
        {"optimizer": "rmsprop", "learning_rate": 1e-3, **LAST},
        1.7,
        "the lecture",
    ),
    Contender("convolutions", "conv", "conv_classifier", _ADADELTA, 0.79, "the lecture"),
    Contender("convolutions, deformed digits", "conv-deformed", "conv_classifier", {**_ADADELTA, "deform": DEFORM}),
    Contender(
        "big and deep, deformed digits",
        "big-deep",
        "big_deep_mlp",
        {"optimizer": "sgd", "learning_rate": 0.03, "batch_size": 256, "deform": DEFORM},
        0.35,
        "arXiv:1003.0358",
    ),
)

SCALES: Mapping[ScaleName, Scale] = {
    "smoke": Scale(
        1_200,
        settings={
            "test": 400,
            "seeds": {"dense": 2, "conv": 1, "conv-deformed": 2, "big-deep": 1},
            "dense": {"epochs": 2},
            "conv": {"epochs": 1},
            "conv-deformed": {"epochs": 1},
            "big-deep": {"epochs": 1},
        },
    ),
    "quick": Scale(
        60_000,
        3,
        minutes=10,
        settings={
            "test": 10_000,
            "seeds": {"dense": 2, "conv": 2, "conv-deformed": 3, "big-deep": 1},
            "dense": {"epochs": 20},
            "conv": {"epochs": 3},
            "conv-deformed": {"epochs": 4},
            "big-deep": {"epochs": 6},
        },
    ),
    "full": Scale(
        60_000,
        5,
        settings={
            "test": 10_000,
            "seeds": {"dense": 5, "conv": 5, "conv-deformed": 5, "big-deep": 2},
            "dense": {"epochs": 20},
            "conv": {"epochs": 20, **LAST},
            "conv-deformed": {"epochs": 100},
            "big-deep": {"epochs": 1000},
        },
    ),
}
"""`test`: digits of the test; `seeds`: trainings, by slug; and by slug the settings of each training."""
