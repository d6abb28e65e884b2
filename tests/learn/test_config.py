from __future__ import annotations

import pytest
from pydantic import ValidationError

from kaon.learn.config import TrainConfig


def test_a_config_survives_json() -> None:
    config = TrainConfig(epochs=3, flatten=("jet_pt",), gradient_clip=1.0)
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"learning_rate": -1},
        {"optimizer": "adan"},
        {"no_such": 1},
        {"flatten": ("a", "b", "c")},
        {"deform": {"flop": 1}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainConfig.model_validate(wrong)
