from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.weights import class_balanced, flatten
from kaon.errors import ConfigError, DataError, UnknownName


def falling(count: int = 20_000, weights: bool = True) -> Events:
    """A falling spectrum, steeper for the background, with some negative weights."""
    random = np.random.default_rng(1)
    target = (random.random(count) < 0.2).astype(int)
    pt = 200 + random.exponential(np.where(target == 1, 150, 60))
    weight = np.where(random.random(count) < 0.1, -1.0, 1.0) if weights else None
    return Events(ak.Array({"pt": np.minimum(pt, 500), "mass": random.uniform(0, 10, count)}), target, weight)


def test_balanced_classes_weigh_the_same_and_the_total_stays() -> None:
    events = falling()
    weight = class_balanced(events)
    sums = np.bincount(events.labels, weights=weight)
    assert sums[0] == pytest.approx(sums[1])
    assert sums.sum() == pytest.approx(events.weights.sum())
    assert ((weight < 0) == (events.weights < 0)).all()


def test_a_class_without_positive_weight_cannot_be_balanced() -> None:
    events = Events(ak.Array({"x": [1.0, 2.0]}), np.array([0, 1]), np.array([1.0, -1.0]))
    with pytest.raises(DataError, match="class_1"):
        class_balanced(events)


@pytest.mark.parametrize("by", [("pt",), ("pt", "mass")])
def test_a_flattened_spectrum_is_flat_in_each_class(by: tuple[str, ...]) -> None:
    events = falling(100_000, weights=False)
    weight = flatten(events, by, bins=6)
    pt = np.asarray(events["pt"])
    low, high = np.quantile(pt, (0.001, 0.999))
    edges = np.linspace(low, high, 7)
    edges[0], edges[-1] = -np.inf, np.inf
    for number in (0, 1):
        chosen = events.labels == number
        sums, _ = np.histogram(pt[chosen], edges, weights=weight[chosen])
        assert sums == pytest.approx(np.full(6, sums.mean()), rel=0.02)
        assert weight[chosen].sum() == pytest.approx(chosen.sum())


def test_flattening_keeps_the_signs_of_the_weights() -> None:
    events = falling()
    assert (np.sign(flatten(events, ("pt",))) == np.sign(events.weights)).all()


def test_no_event_rules_the_training() -> None:
    events = Events(ak.Array({"pt": np.r_[np.zeros(100_000), 1.0, np.zeros(100_000), 1.0]}), np.repeat([0, 1], 100_001))
    weight = flatten(events, ("pt",), bins=2)
    assert weight.max() < 50


@pytest.mark.parametrize(
    ("by", "error"), [((), ConfigError), (("pt", "mass", "pt"), ConfigError), (("pz",), UnknownName)]
)
def test_wrong_columns_are_refused(by: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        flatten(falling(10), by)
