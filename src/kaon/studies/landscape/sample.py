"""The jets of the landscape in four parts that share none: training, validation, test, and held out for GoaT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from kaon.data import Events
from kaon.data.io import read
from kaon.data.jagged import counts_of, flat, segment_sum
from kaon.data.split import HELD_OUT
from kaon.errors import ConfigError, DataError
from kaon.learn import Parts
from kaon.learn.stacking import check_disjoint
from kaon.studies.base import Context

__all__ = ["RECIPE", "SPLIT", "Sample", "sample_of"]

RECIPE = "top-tagging"
SPLIT = (0.40, 0.07, 0.35)
"""Training, validation, test; what is left is held out."""
_REST = 1 - sum(SPLIT)
_COINCIDENCES = 0.01


@dataclass(frozen=True)
class Sample:
    """All jets.

    Args:
        parts: training, validation and test, of all single taggers; GoaT is tested on the same.
        held_out: seen by no single tagger.
        words: what they are.
        simulated: whether kaon made them.
        data: for the configuration of the runs.
    """

    parts: Parts
    held_out: Events
    words: str
    simulated: bool
    data: dict[str, object]

    def told(self) -> str:
        """The size of each part."""
        p = self.parts
        named = {"training": p.train, "validation": p.validation, "held out": self.held_out, "test": p.test}
        return ", ".join(f"{len(part):,} {name}" for name, part in named.items())


def sample_of(context: Context) -> Sample:
    """The user's files, or simulated jets.

    Raises:
        ConfigError: not three files.
        DataError: a part is empty, the files have different classes, or share jets.
    """
    return _given(context) if context.data else _simulated(context)


def _simulated(context: Context) -> Sample:
    events = context.simulated(RECIPE)
    parts, held_out = Parts.of(events, SPLIT, 0), events.split((*SPLIT, _REST), 0)[3]
    check_disjoint(training=parts.train, validation=parts.validation, test=parts.test, held_out=held_out)
    words = f"{len(events):,} jets of the recipe {RECIPE}, a stand-in for the public sample"
    return Sample(parts, held_out, words, True, {"recipe": RECIPE, "count": len(events), "seed": 1})


def _given(context: Context) -> Sample:
    if len(context.data) != 3:
        raise ConfigError(
            f"--data names {len(context.data)} files; the landscape wants three: training, validation and test"
        )
    total = context.scale.events
    whole = context.scale_name == "full"
    shares = (SPLIT[0], SPLIT[1] + _REST, SPLIT[2])
    files = [
        read(file, limit=None if whole else round(total * share))
        for file, share in zip(context.data, shares, strict=True)
    ]
    _refuse_shared(context.data, files)
    train, other, test = _numbered(files)
    share = SPLIT[1] / (SPLIT[1] + _REST)
    validation, held_out = other.split((share, 1 - share), HELD_OUT)
    parts = Parts(train, validation, test)
    check_disjoint(training=train, validation=validation, test=test, held_out=held_out)
    words = f"{sum(map(len, files)):,} jets of {', '.join(context.data)}"
    names = ("training", "validation and held out", "test")
    return Sample(parts, held_out, words, False, dict(zip(names, context.data, strict=True)))


def _refuse_shared(names: Sequence[str], files: Sequence[Events]) -> None:
    """Raise if jets of one file are in another, as far as the sum of the energies tells; a few may coincide."""
    energy = [segment_sum(flat(f["constituents"]["E"]), counts_of(f["constituents"])) for f in files]
    for (one, a), (two, b) in combinations(zip(names, energy, strict=True), 2):
        shared = len(np.intersect1d(a, b))
        if shared > _COINCIDENCES * min(len(a), len(b)):
            raise DataError(
                f"{shared:,} jets are in {one} and in {two} as well; training, validation and test must not share jets"
            )


def _numbered(files: Sequence[Events]) -> list[Events]:
    """Event numbers that are different in different files: each file of the public sample counts from zero."""
    made, start = [], 0
    for events in files:
        lowest = int(events.index.min(initial=0))
        made.append(replace(events, index=events.index - lowest + start))
        start = int(made[-1].index.max(initial=start)) + 1
    return made
