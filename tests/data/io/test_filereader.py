from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import write
from kaon.data.io.filereader import FileReader
from kaon.data.io.formats import open_source
from kaon.data.io.labels import Labels
from kaon.data.io.request import Request
from kaon.errors import ConfigError, UnknownName


def reader(
    path: Path, target: int | None = None, labels: Labels | None = None, limit: int | None = None, **options: Any
) -> FileReader:
    request = Request.make(path, **options)
    return FileReader(request, open_source(path, request.layout), target, labels, limit)


def test_limits_end_within_a_chunk(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    limited = reader(path, limit=130)
    assert [len(e) for e in limited.chunks(50)] == [50, 50, 30]
    assert limited.taken == 130


def test_the_class_of_a_file_beats_its_own_labels(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    (made,) = reader(path, target=1, labels=Labels.stored(("background", "signal"))).chunks(1000)
    assert made.classes == ("background", "signal")
    np.testing.assert_array_equal(made.target, 1)
    assert "label" not in made


def test_stored_roles_can_be_replaced(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    (made,) = reader(path, weight="abs(weight)", index="count").chunks(1000)
    np.testing.assert_array_equal(made.weights, np.abs(events.weights))
    np.testing.assert_array_equal(made.index, events["count"])
    np.testing.assert_array_equal(made.target, events.target)
    (renamed,) = reader(path, classes=("background", "signal")).chunks(1000)
    assert renamed.classes == ("background", "signal")
    with pytest.raises(ConfigError, match="cannot name them"):
        reader(path, classes=("a", "b", "c"))


def test_hidden_columns_appear_when_asked_for(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    (made,) = reader(path, columns=["x", "weight"], cut="label == 1").chunks(1000)
    assert made.fields == ["x", "weight"]
    np.testing.assert_array_equal(made.target, 1)


def test_only_what_is_needed_is_loaded(events: Events, tmp_path: Path) -> None:
    made = reader(write(events, tmp_path / "a.h5"), columns=["x"], cut="jet.pt > 1")
    asked: list[tuple[str, ...]] = []
    inner = made.source.chunks

    def spy(columns: Any, step: int) -> Any:
        asked.append(tuple(columns))
        return inner(columns, step)

    made.source.chunks = spy  # type: ignore[method-assign]  # to see what is asked for
    list(made.chunks(100))
    assert asked == [("jet", "x", "label", "weight", "event")]


def test_patterns_must_match(events: Events, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"'y\*'"):
        reader(write(events, tmp_path / "a.h5"), columns=["y*"])


def test_exploding_reserves_columns_of_the_event_unless_named(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    (made,) = reader(path, explode="hits", columns=["hits", "x*", "flag"]).chunks(1000)
    assert made.reserved == {"x"}
    assert made["hits"].ndim == 1
    assert len(made) == len(made.index) == made.provenance.history.count("exploded: hits") * len(made)
