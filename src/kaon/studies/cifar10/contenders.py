"""The networks of the study of small photographs, how they are trained, and at which scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kaon.learn import RunConfig, TrainConfig
from kaon.studies.base import Scale, ScaleName

__all__ = ["CONTENDERS", "MOVED", "PADDED", "SCALES", "Contender"]

MOVED = {"flip": 0.5, "crop": 2, "reflect": 1}
"""Of 2404.00498."""
PADDED = {"flip": 0.5, "crop": 4}
"""Of 1512.03385, section 4.2."""

_FAST = {
    "optimizer": "sgd",
    "learning_rate": 0.3,
    "weight_decay": 5e-4,
    "schedule": "one_cycle",
    "warmup": 0.25,
    "label_smoothing": 0.2,
    "batch_size": 250,
}
_RESNET = {
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "weight_decay": 1e-4,
    "schedule": "cosine",
    "warmup": 0.02,
    "batch_size": 128,
}


@dataclass(frozen=True)
class Contender:
    """A network that is trained on pictures as they are, or moved.

    Args:
        slug: folder of its trainings.
        title: row of the table.
        model: registered name.
        train: settings of the training, but for what the scale says.
        deform: of the training pictures.
        accuracy: published, of the original pictures and the full training.
        source: of the published number.
    """

    slug: str
    title: str
    model: str
    train: Mapping[str, Any]
    deform: Mapping[str, float] = field(default_factory=dict)
    accuracy: float | None = None
    source: str = ""

    def config(self, settings: Mapping[str, Any]) -> RunConfig:
        """At a scale, whose settings hold `options`, `epochs` and changes of `train` by model, and the `precision`."""
        train = TrainConfig.model_validate(
            {
                **self.train,
                **settings["train"].get(self.model, {}),
                "deform": dict(self.deform),
                "epochs": settings["epochs"][self.model],
                "precision": settings["precision"],
            }
        )
        return RunConfig(model=self.model, options=settings["options"].get(self.model, {}), train=train)


CONTENDERS = (
    Contender("fast", "resnet_fast, plain", "resnet_fast", _FAST),
    Contender(
        "fast-moved",
        "resnet_fast, moved",
        "resnet_fast",
        _FAST,
        MOVED,
        0.94,
        "arXiv:2404.00498: 50,000 pictures, 9.9 epochs, 3.29 s on an A100",
    ),
    Contender("resnet", "resnet, plain", "resnet", _RESNET),
    Contender(
        "resnet-moved",
        "resnet, moved",
        "resnet",
        _RESNET,
        PADDED,
        0.9125,
        "ResNet-20 of arXiv:1512.03385: 45,000 pictures, 182 epochs",
    ),
)

SCALES: dict[ScaleName, Scale] = {
    "smoke": Scale(
        300,
        2,
        settings={
            "models": ("resnet_fast",),
            "held": {"validation": 100, "test": 200},
            "epochs": {"resnet_fast": 1, "resnet": 1},
            "options": {
                "resnet_fast": {"widths": [8, 8, 8], "depth": 1},
                "resnet": {"n": 1, "widths": [4, 4, 4]},
            },
            "train": {},
            "precision": "float32",
        },
    ),
    "quick": Scale(
        5_000,
        3,
        minutes=6,
        settings={
            "models": ("resnet_fast",),
            "held": {"validation": 2_000, "test": 10_000},
            "epochs": {"resnet_fast": 20, "resnet": 20},
            "options": {"resnet_fast": {"widths": [32, 64, 128]}, "resnet": {"n": 1}},
            "train": {"resnet_fast": {"batch_size": 125, "learning_rate": 0.15}},
            "precision": "bfloat16",
        },
    ),
    "full": Scale(
        45_000,
        5,
        settings={
            "models": ("resnet_fast", "resnet"),
            "held": {"validation": 5_000, "test": 10_000},
            "epochs": {"resnet_fast": 30, "resnet": 182},
            "options": {},
            "train": {},
            "precision": "bfloat16",
        },
    ),
}
