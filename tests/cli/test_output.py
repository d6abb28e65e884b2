from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.cli.output import Output, plain, table

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_whatever_is_plain_is_json_that_any_reader_accepts(value: object) -> None:
    text = json.dumps(plain(value), allow_nan=False)
    assert json.loads(text) == plain(value)


def test_arrays_paths_sets_and_dataclasses_become_plain() -> None:
    @dataclass
    class Point:
        x: float
        where: Path

    found = plain({"a": np.array([1.0, np.nan]), "b": np.float32(2), "p": Point(math.inf, Path("x")), "s": {"b", "a"}})
    assert found == {"a": [1.0, None], "b": 2.0, "p": {"x": None, "where": "x"}, "s": ["a", "b"]}


def test_with_json_only_the_document_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(machine=True)
    out.say("human")
    out.show(table(("A", "B"), [["1", "2"]]))
    out.result({"x": 1})
    streams = capsys.readouterr()
    assert json.loads(streams.out) == {"x": 1}
    assert "human" in streams.err
    assert "A  B" in streams.err


def test_without_json_the_text_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output()
    out.say("[bold]/a/very/long/path" * 20)
    out.result({"x": 1})
    streams = capsys.readouterr()
    assert streams.out == "[bold]/a/very/long/path" * 20 + "\n"
    assert streams.err == ""


def test_numbers_are_aligned_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    Output().show(table(("Name", "Count"), [["a", "1"], ["bbbb", "1,000"]]))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Name  Count", "a         1", "bbbb  1,000"]
