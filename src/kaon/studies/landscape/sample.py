"""The jets of the landscape in four parts that share none: training, validation, test, and held out for GoaT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kaon.data import Events
from kaon.data.io import read
from kaon.data.split import HELD_OUT
from kaon.errors import ConfigError
from kaon.learn import Parts
from kaon.learn.stacking import check_disjoint
from kaon.studies.base import Context

__all__ = ["RECIPE", "SPLIT", "Sample", "sample_of"]

RECIPE = "top-tagging"
SPLIT = (0.40, 0.07, 0.35)
"""Training, validation, test; what is left is held out."""
_REST = 1 - sum(SPLIT)


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
        DataError: a part is empty, or the files have different classes.
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
    train, other, test = _numbered(files)
    share = SPLIT[1] / (SPLIT[1] + _REST)
    validation, held_out = other.split((share, 1 - share), HELD_OUT)
    parts = Parts(train, validation, test)
    check_disjoint(training=train, validation=validation, test=test, held_out=held_out)
    words = f"{sum(map(len, files)):,} jets of {', '.join(context.data)}"
    names = ("training", "validation and held out", "test")
    return Sample(parts, held_out, words, False, dict(zip(names, context.data, strict=True)))


def _numbered(files: Sequence[Events]) -> list[Events]:
    """Event numbers that are different in different files: each file of the public sample counts from zero."""
    made, start = [], 0
    for events in files:
        lowest = int(events.index.min(initial=0))
        made.append(replace(events, index=events.index - lowest + start))
        start = int(made[-1].index.max(initial=start)) + 1
    return made
