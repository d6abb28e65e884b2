from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data import Events, Provenance
from kaon.errors import ConfigError, DataError, UnknownName


def table(count: int = 6, **more: Any) -> Events:
    array = ak.Array(
        {"pt": np.arange(count) + 20.0, "hits": ak.unflatten(np.arange(count), [count] + [0] * (count - 1))}
    )
    return Events(array, **more)


def test_what_is_left_out_is_filled_in() -> None:
    events = table()
    assert events.index.tolist() == [0, 1, 2, 3, 4, 5]
    assert events.weights.tolist() == [1.0] * 6
    assert events.classes == ()
    assert events.target is None
    assert "versions" in events.provenance.to_json()


def test_classes_are_counted_and_at_least_two() -> None:
    assert table(target=np.zeros(6)).classes == ("class_0", "class_1")
    assert table(target=np.arange(6)).classes == tuple(f"class_{i}" for i in range(6))
    assert table(target=[0, 1, 0, 1, 0, 1], classes=("qcd", "top")).labels.dtype == np.int64


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"target": np.zeros(5, int)}, r"target has shape \(5,\), but there are 6 events"),
        ({"weight": np.ones((6, 1))}, r"weight has shape \(6, 1\)"),
        ({"index": np.arange(7)}, r"index has shape \(7,\)"),
        ({"target": np.array([0, 1, -1, 0, 1, 0])}, "class numbers start at 0, but the target holds -1"),
        ({"target": np.full(6, 2), "classes": ("a", "b")}, "holds class 2, but only 2 are named"),
        ({"target": np.full(6, 0.5)}, "target must hold whole numbers"),
        ({"target": np.full(6, np.nan)}, "target must hold whole numbers"),
        ({"target": np.array(["a"] * 6)}, "target must hold whole numbers"),
        ({"index": np.arange(6) + 0.5}, "index must hold whole numbers"),
        ({"classes": ("a", "a")}, "two classes have the same name"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        table(**given)


def test_whole_numbers_may_come_in_any_form() -> None:
    forms = (np.array([0, 1, 1], np.uint8), np.array([0.0, 1.0, 1.0]), np.array([False, True, True]), [0, 1, 1])
    for form in forms:
        assert table(3, target=form).labels.tolist() == [0, 1, 1]
    huge = table(3, index=np.array([2**64 - 1, 2**63, 0], np.uint64))
    assert len(set(huge.index.tolist())) == 3, "event numbers stay different"


def test_a_column_is_found_by_name_or_the_nearest_is_told() -> None:
    events = table(provenance=Provenance(source="events.root"))
    assert events["pt"].to_list() == [20, 21, 22, 23, 24, 25]
    assert ("pt" in events, "eta" in events) == (True, False)
    with pytest.raises(UnknownName, match=r"unknown column 'Pt' in events.root; did you mean pt\?"):
        events["Pt"]


@pytest.mark.parametrize("wrong", [0, slice(0, 2), np.array([True])])
def test_events_are_chosen_by_take_and_not_by_brackets(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"take\(\.\.\.\) chooses events"):
        table()[wrong]
    with pytest.raises(TypeError, match="not iterable"):
        iter(table())  # type: ignore[call-overload]


def test_unlabelled_events_say_what_to_do() -> None:
    with pytest.raises(DataError, match="name a label column, or give signal and background files"):
        _ = table().labels


@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_take_keeps_the_columns_of_an_event_together(chosen: list[bool]) -> None:
    events = table(target=np.arange(6) % 2, weight=np.arange(6) - 2.5, index=np.arange(6) * 7)
    mask = np.array(chosen)
    for how in (mask, np.flatnonzero(mask)):
        part = events.take(how)
        assert part.index.tolist() == (np.flatnonzero(mask) * 7).tolist()
        assert part.weights.tolist() == (np.flatnonzero(mask) - 2.5).tolist()
        assert part["pt"].to_list() == (np.flatnonzero(mask) + 20.0).tolist()
        assert part.labels.tolist() == (np.flatnonzero(mask) % 2).tolist()
        assert (part.classes, part.provenance) == (events.classes, events.provenance)


def test_with_columns_adds_and_replaces_in_a_copy() -> None:
    events = table()
    more = events.with_columns(eta=np.zeros(6), pt=np.ones(6))
    assert more.fields == ["pt", "hits", "eta"]
    assert more["pt"].to_list() == [1.0] * 6
    assert events.fields == ["pt", "hits"]
    with pytest.raises(DataError, match="the column 'eta' has 5 values for 6 events"):
        events.with_columns(eta=np.zeros(5))


def test_parts_are_disjoint_and_follow_the_event_number(jets: Events) -> None:
    parts = jets.split((0.5, 0.3, 0.1), seed=3)
    numbers = [set(part.index.tolist()) for part in parts]
    assert sum(map(len, numbers)) == len(set.union(*numbers))
    order = np.random.default_rng(0).permutation(len(jets))
    shuffled = jets.take(order).split((0.5, 0.3, 0.1), seed=3)
    assert [set(part.index.tolist()) for part in shuffled] == numbers
    with pytest.raises(ConfigError, match="sum to at most 1"):
        jets.split((0.9, 0.2))


def test_every_event_is_tested_in_exactly_one_fold(jets: Events) -> None:
    tested: list[int] = []
    for train, test in jets.folds(4, seed=1):
        assert sorted([*train.index.tolist(), *test.index.tolist()]) == jets.index.tolist()
        tested += test.index.tolist()
    assert sorted(tested) == jets.index.tolist()


def test_concatenation_undoes_a_split_up_to_order(jets: Events) -> None:
    parts = jets.split((0.4, 0.6))
    back = Events.concatenate(parts)
    order = np.argsort(back.index)
    assert back.take(order)["constituents"].to_list() == jets["constituents"].to_list()
    np.testing.assert_array_equal(back.labels[order], jets.labels)
    assert (back.fields, back.classes, back.reserved) == (jets.fields, jets.classes, jets.reserved)
    assert back["constituents"].pt is not None, "records keep their behaviour"
    assert Events.concatenate([jets]) is jets


def test_concatenation_of_weighted_and_unweighted_events_counts_the_latter_as_one() -> None:
    both = Events.concatenate([table(2, weight=np.array([-1.0, 2.0])), table(2)])
    assert both.weights.tolist() == [-1.0, 2.0, 1.0, 1.0]
    assert Events.concatenate([table(2), table(2)]).weight is None


def test_columns_are_joined_by_name_not_by_position() -> None:
    one = Events(ak.Array({"a": [1.0], "b": [2.0]}))
    two = Events(ak.Array({"b": [4.0], "a": [3.0]}))
    both = Events.concatenate([one, two])
    assert both["a"].to_list() == [1.0, 3.0]
    assert both["b"].to_list() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (Events(ak.Array({"mass": np.zeros(6)})), r"differ in the columns \['hits', 'mass', 'pt'\]"),
        (table(target=np.zeros(6), classes=("a", "b")), "different classes"),
    ],
)
def test_what_does_not_belong_together_is_not_concatenated(other: Events, says: str) -> None:
    with pytest.raises(DataError, match=says):
        Events.concatenate([table(), other])


def test_nothing_cannot_be_concatenated() -> None:
    with pytest.raises(DataError, match="nothing to concatenate"):
        Events.concatenate([])


def test_no_events_are_events_too() -> None:
    none = table(3, target=np.array([0, 1, 1]), classes=("a", "b")).take(slice(0, 0))
    assert len(none) == 0
    assert none.classes == ("a", "b")
    assert [len(part) for part in none.split((0.5, 0.5))] == [0, 0]
    assert len(Events.concatenate([none, none])) == 0


def test_two_tables_are_the_same_only_if_they_are_one() -> None:
    events = table()
    assert events == events  # column by column this would raise
    assert events != table()
    assert len({events, table()}) == 2
