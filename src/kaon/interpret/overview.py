"""Everything that is looked at in a trained network on images, in one value: filters, patches, maps, correlations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.evaluate import surest_mistakes
from kaon.interpret.convolutions import convolutions
from kaon.interpret.filters import Filters, first_filters
from kaon.interpret.gradients import Gradients, integrated_gradients, saliency
from kaon.interpret.occlusion import Occlusion, occlusion
from kaon.interpret.patches import Patches, top_patches
from kaon.interpret.picture_net import IMAGE, image_net, tensors
from kaon.interpret.pixel_correlation import pixel_correlation
from kaon.learn.tagger import Tagger

__all__ = ["Overview", "Shown", "overview"]

Step = Callable[[str, int, int], None]
"""Called with what is done next, how many of the steps are done, and how many there are."""


@dataclass(frozen=True)
class Shown:
    """Events that are looked at one by one.

    Args:
        event: places in the sample, (shown,).
        images: as the network reads them, (shown, channels, height, width) float32.
        truth: class, (shown,); -1 where it is not known.
        predicted: class, (shown,).
        probability: of the predicted class, (shown,).
        occlusion: what covering a patch takes from the probability of the predicted class.
        saliency: gradient of the predicted class's logit.
        integrated: each pixel's share of that logit, compared with an image of nothing.
    """

    event: NDArray[np.int64]
    images: NDArray[np.float32]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probability: NDArray[np.float32]
    occlusion: Occlusion
    saliency: Gradients
    integrated: Gradients


@dataclass(frozen=True)
class Overview:
    """What was found in a network.

    Args:
        model: its registered name.
        representation: registered name of what it reads.
        classes: names.
        events: in the sample.
        filters: of its first layer; None if they are no pictures.
        patches: for the layers asked for; empty without convolutions.
        correlation: of each pixel with the probability of each class, (classes, channels, height, width).
        shown: single events.
    """

    model: str
    representation: str
    classes: tuple[str, ...]
    events: int
    filters: Filters | None
    patches: tuple[Patches, ...]
    correlation: NDArray[np.float64]
    shown: Shown


def overview(
    tagger: Tagger,
    events: Events,
    *,
    layers: Sequence[int] | None = None,
    patches: int = 9,
    right: int = 2,
    wrong: int = 4,
    size: int | None = None,
    stride: int | None = None,
    steps: int = 50,
    progress: Step | None = None,
) -> Overview:
    """Look into a trained network on images.

    Shown one by one are, of each class, the first events that are recognised, and then those that are taken for another
    class with the highest probability; without labels the first events that are taken for each class.

    Args:
        tagger: trained.
        events: the sample, best one that it was not trained on.
        layers: convolutions whose patches are wanted; by default the first two. Ignored without convolutions.
        patches: for each filter.
        right: events of each class.
        wrong: events.
        size: of the patch that is covered, pixels; by default a seventh of the image.
        stride: from one patch to the next; by default a third of the patch.
        steps: of the integrated gradients.
        progress: is told before each step.

    Raises:
        ConfigError: no network on images, no such layer, or numbers that make no sense.
        DataError: no events.
        MissingExtra: Captum is not installed.
    """
    net = image_net(tagger.model)
    if not len(events):
        raise DataError(f"{events.provenance.source} holds no events to look at")
    if right < 0 or wrong < 0 or right + wrong < 1:
        raise ConfigError(f"right={right}, wrong={wrong}; none below 0, and at least one event has to be shown")
    batch = tagger.representation.transform(events)
    read = tensors(batch, net)
    try:
        found = [layer.number for layer in convolutions(net, read)]
    except ConfigError:
        found = []
    wanted = (found[:2] if layers is None else list(layers)) if found else []
    # A patch to be covered that does not fit is found out before what takes long.
    titles = ["predicting", "occlusion", *(f"patches of convolution {n}" for n in wanted), "gradients", "correlation"]

    def tell(number: int) -> None:
        if progress:
            progress(titles[number] if number < len(titles) else "done", number, len(titles))

    tell(0)
    score = tagger.predict_batch(batch)
    known = events.target is not None and events.classes in ((), tagger.classes)
    truth = events.labels.astype(np.int64) if known else np.full(len(events), -1)
    chosen = _chosen(score, truth, right, wrong)
    some = {name: value[chosen] for name, value in read.items()}
    side = min(read[IMAGE].shape[-2:])
    size = max(1, round(side / 7)) if size is None else size
    stride = max(1, size // 3) if stride is None else stride
    tell(1)
    predicted = score[chosen].argmax(1)
    covered = occlusion(net, some, size=size, stride=stride, classes=predicted)
    best = []
    for number, layer in enumerate(wanted, start=2):
        tell(number)
        best.append(top_patches(net, read, layer=layer, count=patches))
    tell(len(titles) - 2)
    slope = saliency(net, some, classes=predicted)
    shares = integrated_gradients(net, some, classes=predicted, steps=steps)
    tell(len(titles) - 1)
    images = np.asarray(batch.inputs[IMAGE], np.float32)
    correlation = np.stack([pixel_correlation(images, column, events.weight) for column in score.T])
    tell(len(titles))
    shown = Shown(
        chosen, images[chosen], truth[chosen], predicted, score[chosen].max(1), covered, slope, shares
    )  # fmt: skip
    return Overview(
        tagger.model_name,
        tagger.representation_name,
        tagger.classes,
        len(events),
        _filters(tagger),
        tuple(best),
        correlation,
        shown,
    )


def _filters(tagger: Tagger) -> Filters | None:
    try:
        return first_filters(image_net(tagger.model))
    except ConfigError:
        return None


def _chosen(score: NDArray[np.float32], truth: NDArray[np.int64], right: int, wrong: int) -> NDArray[np.int64]:
    """Places of the events that are shown; at least one."""
    predicted = score.argmax(1)
    fine = (predicted == truth) | (truth < 0)
    found = [np.flatnonzero(fine & (predicted == number))[:right] for number in range(score.shape[1])]
    mistakes = surest_mistakes(score, np.where(truth < 0, predicted, truth))
    places = np.concatenate([*found, mistakes[:wrong]]).astype(np.int64)
    return places if len(places) else np.zeros(1, np.int64)
