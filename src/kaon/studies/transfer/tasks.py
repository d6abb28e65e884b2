"""The two pairs of tasks: where the features are learned, and where they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kaon.data import Events
from kaon.datasets import mnist
from kaon.datasets.locate import locate
from kaon.simulate import Recipe, load_recipe
from kaon.simulate.toys import draw
from kaon.studies.base import Context

__all__ = ["TASKS", "Pair", "Samples", "w_like_top"]

SEED = 11
"""Of the drawn shapes."""


@dataclass(frozen=True)
class Samples:
    """Labelled events of both tasks.

    Args:
        source: where the features are learned.
        pool: of the target task; the samples of all sizes are drawn from it.
        test: of the target task.
    """

    source: Events
    pool: Events
    test: Events


@dataclass(frozen=True)
class Pair:
    """A source task and a target task that one network can read.

    Args:
        name: of the folder and in the table.
        what: from what to what, in words.
        metric: of the target task, in `metrics.json`.
        missed: what the figure shows on its logarithmic axis, 1 - metric.
        model: registered name of the network.
        options: its hyper-parameters.
        representation, representation_options: what it reads.
        samples: makes the events of the scale.
    """

    name: str
    what: str
    metric: str
    missed: str
    model: str
    options: Mapping[str, Any]
    representation: str
    samples: Callable[[Context], Samples]
    representation_options: Mapping[str, Any] = field(default_factory=dict)


def w_like_top() -> Recipe:
    """W bosons against QCD in the conditions of the top jets, at the momentum where they open as widely.

    Decay products lie 2 m / pT apart: 0.58 for a W of 275 GeV as for a top of 600 GeV. Jets are those of top-tagging
    (anti-kT R = 0.8, not trimmed, of any mass, no multiple interactions, the same detector), and momenta are read as
    fractions of the jet's, so that a prong looks alike in both.
    """
    w, top = (load_recipe(name) for name in ("w-tagging", "top-tagging"))
    hard = ("PhaseSpace:pTHatMin = 225", "PhaseSpace:pTHatMax = 375")
    processes = []
    for process in w.processes:
        settings = tuple(line for line in process.settings if not line.startswith("PhaseSpace"))
        matching = process.matching
        assert matching is not None
        size = {"radius": 0.8} | ({} if matching.products_radius is None else {"products_radius": 0.8})
        processes.append(
            process.model_copy(
                update={
                    "settings": (*settings, *(hard if process.name == "qcd" else ())),
                    "matching": matching.model_copy(update=size),
                }
            )
        )
    return w.model_copy(
        update={
            "name": "w-tagging-like-top",
            "description": "hadronic W jets of any mass against QCD jets, 250 < pT < 300 GeV, as jets of top-tagging",
            "settings": ("PartonLevel:MPI = off",),
            "processes": tuple(processes),
            "jets": top.jets.model_copy(update={"pt": (250.0, 300.0)}),
            "detector": top.detector,
        }
    )


def _pictures(context: Context) -> Samples:
    settings = context.scale.settings
    digits = mnist.load(locate("mnist", context.data[0] if context.data else None))
    pool, test = mnist.split(digits)
    source = draw("shapes", settings["shapes"], seed=SEED, size=28, filled=False, line=2.0)
    return Samples(source, pool, test.take(slice(0, settings["test_digits"])))


def _jets(context: Context) -> Samples:
    settings = context.scale.settings
    source = context.simulated(w_like_top())
    top = context.simulated("top-tagging", settings["tops"])
    test = settings["test_tops"]
    return Samples(source, top.take(slice(test, None)), top.take(np.arange(test)))


TASKS = (
    Pair(
        "digits",
        "outlines of shapes → handwritten digits",
        "accuracy",
        "digits put into a wrong class",
        "conv_stack",
        {"depth": 3, "width": 32, "pools": 2},
        "pictures",
        _pictures,
    ),
    Pair(
        "tops",
        "W bosons against QCD → tops against QCD",
        "auc",
        "1 − AUC of tops against QCD",
        "pfn",
        {"phi": [64, 64, 128], "f": [64, 64]},
        "momentum_fractions",
        _jets,
        {"constituents": 50},
    ),
)
