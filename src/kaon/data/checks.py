"""Whether labelled events can be trained on or evaluated at all."""

from __future__ import annotations

import numpy as np

from kaon.data.events import Events
from kaon.errors import DataError

__all__ = ["check_classes", "check_weights"]


def check_classes(events: Events) -> None:
    """Make sure that at least two classes are present.

    Raises:
        DataError: the events are unlabelled, or all of one class.
    """
    where = events.provenance.source
    counts = np.bincount(events.labels, minlength=len(events.classes))
    if np.count_nonzero(counts) < 2:
        found = ", ".join(f"{n} {name}" for n, name in zip(counts, events.classes, strict=True))
        raise DataError(f"all events of {where} are of one class ({found}); two or more classes are needed")


def check_weights(events: Events) -> None:
    """Make sure that the weights of all events, and those of each class, have a positive sum.

    Raises:
        DataError: they do not, or a weight is NaN or infinite.
    """
    if events.weight is None or len(events) == 0:
        return
    where = events.provenance.source
    groups = {"all events": np.ones(len(events), bool)}
    if events.target is not None:
        groups |= {f"class {name!r}": events.target == i for i, name in enumerate(events.classes)}
    if not np.isfinite(events.weight).all():
        raise DataError(f"{int((~np.isfinite(events.weight)).sum())} weights of {where} are NaN or infinite")
    for name, chosen in groups.items():
        weight = events.weight[chosen]
        total, size = weight.sum(), np.abs(weight).sum()
        if len(weight) and total <= 1e-12 * size:
            raise DataError(
                f"the weights of {name} in {where} sum to {total:.6g} ({len(weight)} events); the sum must be positive"
            )
