"""The events on which exported models are compared include the awkward ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Input, InputSpec
from kaon.data.forest import Forest
from kaon.deploy.samples import net_samples, tree_samples

SPEC = InputSpec(
    (
        Input("points", ("constituents", 2)),
        Input("jet", (3,)),
        Input("mask", ("constituents",), dtype="bool"),
    )
)


def test_batches_fit_and_hold_empty_full_and_single_constituent_jets() -> None:
    batches = list(net_samples(SPEC))
    for inputs in batches:
        SPEC.check(inputs)
    counts = np.concatenate([b["mask"].sum(1) for b in batches])
    full = np.concatenate([b["mask"].all(1) for b in batches])
    assert {0, 1} <= set(counts)
    assert full.any()
    assert {len(b["jet"]) for b in batches} >= {1, 2}


def test_padding_is_zero_after_the_last_constituent_and_jets_keep_their_features() -> None:
    for inputs in net_samples(SPEC):
        mask = inputs["mask"]
        assert (np.diff(mask.astype(int), axis=1) <= 0).all()
        assert (inputs["points"][~mask] == 0).all()
        assert (inputs["points"][mask] != 0).any() or not mask.any()
        assert (inputs["jet"] != 0).all()


def test_a_flat_table_needs_no_mask() -> None:
    flat = InputSpec((Input("features", (4,)),))
    assert all(set(b) == {"features"} for b in net_samples(flat))


def test_a_representation_can_make_the_events_itself() -> None:
    asked = []

    def example(events: int, sizes: dict[str, int], seed: int) -> dict[str, NDArray[Any]]:
        asked.append((events, sizes["constituents"], seed))
        return {"points": np.zeros(events)}

    assert [len(b["points"]) for b in net_samples(SPEC, example)] == [events for events, _, _ in asked]
    assert len({seed for _, _, seed in asked}) == len(asked) > 2
    assert {length for _, length, _ in asked} >= {1, 40}


def test_thresholds_are_hit_exactly_and_missed_by_one_step() -> None:
    cut = np.float32(0.3)
    forest = Forest(
        feature=np.array([0, -1, -1]),
        threshold=np.array([cut, 0, 0], np.float32),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        missing_left=np.zeros(3, bool),
        value=np.array([0.0, 1, 2]),
        roots=np.array([0]),
        score=np.array([0]),
        base=np.zeros(1),
        features=2,
    )
    large, single = tree_samples(forest, "x")
    x = large["x"]
    assert x.dtype == np.float32
    assert single["x"].shape == (1, 2)
    for value in (cut, np.nextafter(cut, np.float32(1)), np.nextafter(cut, np.float32(-1)), np.inf, -np.inf):
        assert (x[:, 0] == value).any()
    assert np.isnan(x).any()


def test_an_infinite_threshold_parts_missing_values_from_all_others() -> None:
    forest = Forest(
        feature=np.array([0, -1, -1]),
        threshold=np.array([np.inf, 0, 0], np.float32),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        missing_left=np.zeros(3, bool),
        value=np.array([0.0, 1, 2]),
        roots=np.array([0]),
        score=np.array([0]),
        base=np.zeros(1),
        features=1,
    )
    x = next(tree_samples(forest, "x"))["x"]
    assert np.isfinite(x).mean() > 0.9
    assert np.isnan(x).any()
