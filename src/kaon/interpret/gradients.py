"""Which pixels decide: the gradient of a class's score with respect to the image, at one point or along a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from kaon.errors import ConfigError
from kaon.extras import require
from kaon.interpret.picture_net import Output, chosen, image_tensors, scores, still
from kaon.models.base import Net

__all__ = ["Gradients", "integrated_gradients", "saliency"]


@dataclass(frozen=True)
class Gradients:
    """One number for each pixel.

    Args:
        maps: (events, channels, height, width) float32.
        classes: that were looked at, (events,) int64.
        gap: of integrated gradients: the sum of the map minus the difference of the score between image and baseline,
            (events,) float32, 0 for infinitely many steps; of a saliency empty.
    """

    maps: NDArray[np.float32]
    classes: NDArray[np.int64]
    gap: NDArray[np.float32]


def saliency(
    net: Net,
    inputs: Mapping[str, Tensor],
    *,
    classes: ArrayLike | None = None,
    of: Output = "logit",
    noise: float = 0.0,
    samples: int = 16,
    seed: int = 0,
    batch: int = 64,
) -> Gradients:
    """Gradient of the class's score with respect to each pixel, with its sign.

    Simonyan, Vedaldi, Zisserman, https://arxiv.org/abs/1312.6034, who show its absolute value; with noise the mean over
    noisy copies, Smilkov et al., https://arxiv.org/abs/1706.03825. By Captum (https://captum.ai).

    Args:
        net: on images.
        inputs: the events.
        classes: of which the score is meant, one for all or (events,); by default the predicted ones.
        of: `logit`, or `probability`, whose gradient vanishes where the network is sure.
        noise: standard deviation of the noise as a fraction of each image's range (largest minus smallest pixel); 0
            for none.
        samples: noisy copies of each image.
        seed: of the noise.
        batch: events a pass.

    Raises:
        ConfigError: the network reads no image, or numbers that make no sense.
        DataError: the inputs are not what it reads, or there is no such class.
        MissingExtra: Captum is not installed.
    """
    if not 0 <= noise < np.inf or samples < 1 or batch < 1:
        raise ConfigError(f"noise={noise}, samples={samples}, batch={batch}; noise from 0 on, the others from 1 on")
    read = image_tensors(net, inputs)
    random = torch.Generator().manual_seed(seed)
    copies = samples if noise else 1
    maps = []
    with still(net):
        wanted = chosen(net, read, classes)
        look = require("captum.attr").Saliency(scores(net, of))
        for start in range(0, len(wanted), batch):
            image, *others = (value[start : start + batch] for value in read.values())
            sigma = noise * (image.amax((1, 2, 3), keepdim=True) - image.amin((1, 2, 3), keepdim=True))
            total = torch.zeros_like(image)
            for _ in range(copies):
                shaken = torch.randn(image.shape, generator=random).to(image) if noise else torch.zeros_like(image)
                total += look.attribute(
                    (image + sigma * shaken).requires_grad_(),
                    target=wanted[start : start + batch],
                    abs=False,
                    additional_forward_args=tuple(others) or None,
                )
            maps.append((total / copies).float().cpu().numpy())
    return Gradients(np.concatenate(maps), wanted.cpu().numpy(), np.zeros(0, np.float32))


def integrated_gradients(
    net: Net,
    inputs: Mapping[str, Tensor],
    *,
    classes: ArrayLike | None = None,
    of: Output = "logit",
    baseline: float = 0.0,
    steps: int = 50,
    batch: int = 256,
) -> Gradients:
    """Each pixel's share of the difference in score between the image and one without anything.

    Sundararajan, Taly, Yan, https://arxiv.org/abs/1703.01365: (x - x') times the mean of the gradient on the straight
    line from x' to x. The shares sum to the difference of the scores (completeness); `gap` says how nearly, with so
    many steps. By Captum (https://captum.ai), with Gauss-Legendre points.

    Args:
        net: on images.
        inputs: the events.
        classes: of which the score is meant, one for all or (events,); by default the predicted ones.
        of: `logit` or `probability`.
        baseline: value of all pixels of x', before the network's normalisation.
        steps: points on the line.
        batch: images a pass.

    Raises:
        ConfigError: the network reads no image, or numbers that make no sense.
        DataError: the inputs are not what it reads, or there is no such class.
        MissingExtra: Captum is not installed.
    """
    if not np.isfinite(baseline) or steps < 1 or batch < 1:
        raise ConfigError(f"baseline={baseline}, steps={steps}, batch={batch}; a number, and at least 1 each")
    read = image_tensors(net, inputs)
    events = max(1, batch // steps)
    maps, gaps = [], []
    with still(net):
        wanted = chosen(net, read, classes)
        look = require("captum.attr").IntegratedGradients(scores(net, of))
        for start in range(0, len(wanted), events):
            image, *others = (value[start : start + events] for value in read.values())
            shares, gap = look.attribute(
                image,
                baselines=torch.full_like(image, baseline),
                target=wanted[start : start + events],
                additional_forward_args=tuple(others) or None,
                n_steps=steps,
                internal_batch_size=max(batch, len(image)),
                return_convergence_delta=True,
            )
            maps.append(shares.detach().float().cpu().numpy())
            gaps.append(gap.detach().float().cpu().numpy())
    return Gradients(np.concatenate(maps), wanted.cpu().numpy(), np.concatenate(gaps))
