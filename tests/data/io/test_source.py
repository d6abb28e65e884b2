from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events, Provenance
from kaon.data.io.source import Layout, Notes, decoded, decoding, pack
from kaon.errors import ConfigError, DataError

PATH = Path("jets.h5")


def test_notes_survive_json() -> None:
    notes = Notes(
        label="label",
        index="event",
        classes=("qcd", "top"),
        reserved=frozenset({"truth"}),
        hidden=frozenset({"label", "event"}),
        provenance=Provenance("top-tagging", seed=3, history=("cut: pt > 1",)),
    )
    assert Notes.from_json(notes.to_json(), PATH) == notes


def test_reserving_adds() -> None:
    assert Notes(reserved=frozenset({"a"})).reserving(["b"]).reserved == {"a", "b"}


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": "kaon-events", "version": 1}'])
def test_damaged_notes_are_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"jets\.h5 is damaged"):
        Notes.from_json(text, PATH)


def test_a_newer_format_is_refused() -> None:
    newer = json.loads(Notes().to_json()) | {"version": 99}
    with pytest.raises(DataError, match="99; this kaon reads up to 1"):
        Notes.from_json(json.dumps(newer), PATH)


def test_decoding_names_the_file_and_keeps_own_errors() -> None:
    with pytest.raises(DataError, match=r"jets.h5 cannot be read.*bad header"), decoding(PATH):
        raise EOFError("bad header")
    with pytest.raises(ConfigError, match="mine"), decoding(PATH):
        raise ConfigError("mine")
    with pytest.raises(MemoryError), decoding(PATH):
        raise MemoryError


def test_packing_stores_roles_beside_a_users_columns_of_the_same_name(events: Events) -> None:
    taken = events.with_columns(label=np.zeros(len(events)), event=np.ones(len(events)))
    array, notes = pack(taken)
    assert (notes.label, notes.weight, notes.index) == ("kaon_label", "weight", "kaon_event")
    assert notes.hidden == {"kaon_label", "weight", "kaon_event"}
    np.testing.assert_array_equal(array["kaon_label"], events.target)
    np.testing.assert_array_equal(array["label"], 0)


def test_unlabelled_events_pack_without_roles() -> None:
    _, notes = pack(Events(ak.Array({"x": [1.0]})))
    assert (notes.label, notes.weight, notes.index) == (None, None, "event")


def test_settings_name_only_what_was_chosen() -> None:
    assert Layout().settings() == {}
    assert Layout(tree="events", header=False).settings() == {"tree": "events", "header": False}


def test_decoded_blames_the_file_for_its_own_errors_only() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise EOFError("short")

    assert list(decoded([1, 2], PATH)) == [1, 2]
    with pytest.raises(DataError, match="short"):
        list(decoded(broken(), PATH))
    with pytest.raises(ZeroDivisionError):
        sum(1 / item for item in decoded([0], PATH))
