from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kaon.data import Events
from kaon.data.digest import digest


def test_the_same_events_in_another_memory_layout_are_the_same(jets: Events) -> None:
    order = np.argsort(jets.index)
    assert digest(jets) == digest(jets.take(order)) == digest(jets.take(np.ones(len(jets), bool)))


@pytest.mark.parametrize("what", ["target", "weight", "index", "classes", "order", "value", "count", "column"])
def test_any_difference_shows(jets: Events, what: str) -> None:
    other = {
        "target": lambda: replace(jets, target=1 - jets.labels),
        "weight": lambda: replace(jets, weight=2 * jets.weights),
        "index": lambda: replace(jets, index=jets.index + 1),
        "classes": lambda: replace(jets, classes=("a", "b")),
        "order": lambda: jets.take(np.arange(len(jets))[::-1]),
        "value": lambda: jets.with_columns(jet_pt=np.asarray(jets["jet_pt"]) * (1 + 1e-9)),
        "count": lambda: jets.take(slice(1, None)),
        "column": lambda: jets.with_columns(more=np.zeros(len(jets))),
    }[what]()
    assert digest(other) != digest(jets)


def test_parts_count(jets: Events) -> None:
    half = len(jets) // 2
    assert digest(jets.take(slice(half)), jets.take(slice(half, None))) != digest(jets)
