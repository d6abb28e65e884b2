from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import torch

from kaon.data import Events, Provenance
from kaon.errors import ConfigError, DataError
from kaon.interpret.overview import overview
from kaon.interpret.pixel_correlation import pixel_correlation
from kaon.learn.tagger import Tagger
from kaon.registry import lookup
from kaon.represent.pictures import Pictures

pytest.importorskip("captum")


def lights(count: int) -> Events:
    """A light in the upper left or in the lower right."""
    random = np.random.default_rng(0)
    target = np.arange(count) % 2
    image = random.integers(0, 60, (count, 1, 14, 14), np.uint8)
    image[target == 0, :, :5, :5] += 180
    image[target == 1, :, 9:, 9:] += 180
    return Events(ak.Array({"image": image}), target, classes=("left", "right"), provenance=Provenance("lights"))


def tagger(model: str, events: Events, **options: object) -> Tagger:
    torch.manual_seed(1)
    fitted = Pictures()
    fitted.fit(events)
    net = lookup("kaon.models", model)(fitted.spec, 2, **options).eval()
    return Tagger(net, model, fitted, "pictures", events.classes, options)


def test_everything_of_a_convolutional_network_is_there() -> None:
    events = lights(24)
    made = tagger("conv_classifier", events, filters=[4, 5], hidden=8)
    steps: list[tuple[str, int, int]] = []
    found = overview(made, events, patches=3, right=2, wrong=3, steps=4, progress=lambda *a: steps.append(a))
    assert found.filters is not None
    assert found.filters.weights.shape == (4, 1, 3, 3)
    assert [p.value.shape for p in found.patches] == [(4, 3), (5, 3)]
    score = made.predict_batch(made.representation.transform(events))
    expected = pixel_correlation(made.representation.transform(events).inputs["image"], score[:, 1])
    np.testing.assert_allclose(found.correlation[1], expected)
    shown = found.shown
    assert (score[shown.event].argmax(1) == shown.predicted).all()
    fine = shown.predicted == shown.truth
    assert np.bincount(shown.predicted[fine], minlength=2).max() <= 2
    assert (~fine).sum() <= 3
    assert shown.occlusion.maps.shape == shown.saliency.maps[:, 0].shape == (len(shown.event), 14, 14)
    np.testing.assert_allclose(shown.occlusion.score, shown.probability, rtol=1e-5)
    assert [number for _, number, _ in steps] == list(range(steps[0][2] + 1))


def test_a_dense_network_has_filters_and_no_patches() -> None:
    events = replace(lights(6), target=None)
    found = overview(tagger("dense_classifier", events, hidden=[8]), events, right=1, wrong=0, steps=2)
    assert found.patches == ()
    assert found.filters is not None
    assert found.filters.kind == "dense"
    assert (found.shown.truth == -1).all(), "nobody has told"


def test_it_refuses_what_makes_no_sense() -> None:
    events = lights(4)
    made = tagger("conv_classifier", events, filters=[2], hidden=4)
    with pytest.raises(DataError, match="no events"):
        overview(made, events.take(slice(0, 0)))
    with pytest.raises(ConfigError, match="at least one"):
        overview(made, events, right=0, wrong=0)
    with pytest.raises(ConfigError, match="layer 7"):
        overview(made, events, layers=[7])


def test_a_patch_larger_than_the_image_is_found_out_before_what_takes_long() -> None:
    events = lights(6)
    told: list[str] = []
    made = tagger("conv_classifier", events, filters=[4], hidden=8)
    with pytest.raises(ConfigError, match="a patch of 99 x 99"):
        overview(made, events, size=99, stride=1, progress=lambda what, *_: told.append(what))
    assert not [what for what in told if "patches" in what]
