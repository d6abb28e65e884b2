from __future__ import annotations

import inspect

import pytest

from kaon.learn.deform import Deformations
from kaon.registry import lookup, origin
from kaon.studies.mnist.contenders import CONTENDERS, DEFORM, SCALES, Contender


@pytest.mark.parametrize("scale", sorted(SCALES))
@pytest.mark.parametrize("one", CONTENDERS, ids=lambda c: c.slug)
def test_every_scale_has_settings_for_every_contender(scale: str, one: Contender) -> None:
    settings = SCALES[scale].settings  # type: ignore[index]  # a plain string
    assert settings["seeds"][one.slug] >= 1
    config = one.config(settings[one.slug])
    assert config.train.epochs == settings[one.slug]["epochs"]
    assert "pictures" in origin(lookup("kaon.models", config.model)).representations
    assert set(config.options) <= set(inspect.signature(lookup("kaon.models", config.model)).parameters)


def test_the_deformed_ones_are_deformed_as_the_paper_says() -> None:
    drawn = {c.slug: c.config({}).train.deform for c in CONTENDERS}
    assert {slug for slug, deform in drawn.items() if deform} == {"conv-deformed", "big-deep"}
    assert drawn["big-deep"] == DEFORM
    assert Deformations.of(DEFORM).active


def test_full_is_as_published_and_quick_is_shorter() -> None:
    full, quick = SCALES["full"].settings, SCALES["quick"].settings
    assert full["dense"]["epochs"] == full["conv"]["epochs"] == 20
    dense, conv, _, big = (c.config(full[c.slug]).train for c in CONTENDERS)
    assert (dense.optimizer, dense.schedule, dense.batch_size) == ("rmsprop", "constant", 128)
    assert (conv.optimizer, conv.schedule, conv.learning_rate) == ("adadelta", "constant", 1.0)
    assert big.optimizer == "sgd"
    for one in CONTENDERS:
        assert quick[one.slug]["epochs"] <= full[one.slug]["epochs"]
