"""The pictures that the study trains on: noisy outlines for depth, digits for gradients and pre-training."""

from __future__ import annotations

from kaon.data import Events
from kaon.datasets import mnist
from kaon.datasets.locate import locate
from kaon.errors import ConfigError, DataError
from kaon.learn import Parts
from kaon.simulate.toys.shapes import shapes
from kaon.studies.base import Context

__all__ = ["digits", "outlines"]

_SHARE = 0.2
"""Validation pictures, of those that are not for the test."""


def outlines(context: Context) -> tuple[Parts, str]:
    """Outlines of circles, squares and triangles on noise, and what they are in words."""
    settings = context.scale.settings
    noise = settings["noise"]
    train, test = (
        shapes(count, seed=seed, filled=False, noise=noise)
        for count, seed in ((context.scale.events, 1), (settings["test"], 2))
    )
    return _parts(train, test), f"outlines of shapes, 32 x 32 pixels, of which {noise:.0%} are noise"


def digits(context: Context) -> tuple[Parts, str]:
    """The first of MNIST's public training digits, and of its test digits; filled shapes where there is no MNIST.

    Raises:
        ConfigError: more than one path of data.
        DataError: there is no MNIST in the folder that was named.
    """
    if len(context.data) > 1:
        raise ConfigError(f"--data names {len(context.data)} paths; {context.study} wants one folder, that of MNIST")
    settings = context.scale.settings
    try:
        folder = locate("mnist", context.data[0] if context.data else None)
    except DataError:
        if context.data:
            raise
        train, test = (shapes(n, seed=s, size=28) for n, s in ((settings["digits"], 3), (settings["test"], 4)))
        return _parts(train, test), "filled shapes, 28 x 28 pixels, because MNIST is not on this machine"
    train, test = mnist.split(mnist.load(folder))
    chosen = train.take(slice(0, settings["digits"])), test.take(slice(0, settings["test"]))
    return _parts(*chosen), "MNIST, 28 x 28 pixels, the first of its public training and test digits"


def _parts(train: Events, test: Events) -> Parts:
    fit, follow = train.split((1 - _SHARE, _SHARE), 0)
    return Parts(fit, follow, test)
