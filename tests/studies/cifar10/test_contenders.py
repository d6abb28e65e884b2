from __future__ import annotations

import inspect

import pytest

from kaon.learn.deform import Deformations
from kaon.registry import lookup, origin
from kaon.studies.cifar10.contenders import CONTENDERS, SCALES, Contender


@pytest.mark.parametrize("scale", sorted(SCALES))
@pytest.mark.parametrize("one", CONTENDERS, ids=lambda c: c.slug)
def test_every_scale_has_settings_for_every_contender(scale: str, one: Contender) -> None:
    settings = SCALES[scale].settings  # type: ignore[index]  # a plain string
    config = one.config(settings)
    assert config.train.epochs == settings["epochs"][one.model]
    assert config.train.deform == dict(one.deform)
    assert "pictures" in origin(lookup("kaon.models", config.model)).representations
    assert set(config.options) <= set(inspect.signature(lookup("kaon.models", config.model)).parameters)


def test_each_network_is_there_without_and_with_moved_pictures_and_all_else_alike() -> None:
    for plain, moved in zip(CONTENDERS[::2], CONTENDERS[1::2], strict=True):
        assert plain.model == moved.model
        assert plain.train is moved.train
        assert not Deformations.of(plain.deform).active
        assert Deformations.of(moved.deform).active
        assert moved.accuracy is not None


def test_full_is_the_published_training() -> None:
    """He et al.: 64,000 steps of 128 pictures out of 45,000."""
    settings = SCALES["full"].settings
    config = CONTENDERS[3].config(settings)
    assert config.train.epochs * SCALES["full"].events / config.train.batch_size == pytest.approx(64_000, rel=0.01)
    assert not config.options
