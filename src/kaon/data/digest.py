"""A fingerprint of events: equal only for the same columns, values, labels, weights and event numbers."""

from __future__ import annotations

import hashlib

import awkward as ak
import numpy as np

from kaon.data.events import Events

__all__ = ["digest"]


def digest(*parts: Events) -> str:
    """The fingerprint of one or several sets of events, in order.

    >>> events = Events(ak.Array({"x": [1.0, 2.0]}), np.array([0, 1]))
    >>> digest(events) == digest(events), digest(events) == digest(events.take(slice(1)))
    (True, False)
    """
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        form, length, buffers = ak.to_buffers(ak.to_packed(part.array))
        made.update(f"{form.to_json()} {length} {part.classes}".encode())
        columns = [buffers[name] for name in sorted(buffers)]
        columns += [part.weights, part.index, *([] if part.target is None else [part.target])]
        for column in columns:
            made.update(np.ascontiguousarray(column).data.cast("B"))
    return made.hexdigest()
