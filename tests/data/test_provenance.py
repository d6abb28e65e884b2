from __future__ import annotations

import json
import platform

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data import Provenance
from kaon.data.provenance import software_versions
from kaon.errors import DataError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
provenances = st.builds(
    Provenance,
    source=st.text(),
    settings=st.dictionaries(st.text(), json_values, max_size=3),
    seed=st.none() | st.integers(),
    sum_weights=st.none() | st.floats(allow_nan=False),
    generated=st.none() | st.integers(0),
    cross_section=st.none() | st.floats(allow_nan=False),
    history=st.lists(st.text(), max_size=3).map(tuple),
)


@given(provenances)
def test_json_keeps_everything(one: Provenance) -> None:
    assert Provenance.from_json(one.to_json()) == one


def test_what_json_does_not_know_is_written_as_text() -> None:
    assert json.loads(Provenance(settings={"cut": np.float32(0.5)}).to_json())["settings"] == {"cut": "0.5"}


def test_the_keys_of_a_newer_kaon_are_ignored() -> None:
    assert Provenance.from_json('{"source": "a.root", "colour": "red"}').source == "a.root"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"history": 5}'])
def test_what_is_no_provenance_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="not a JSON object"):
        Provenance.from_json(text)


def test_history_grows_by_a_line_a_step() -> None:
    one = Provenance("a.root")
    assert one.then("cut").then("split").history == ("cut", "split")
    assert one.history == ()


def test_merging_adds_what_adds_up_and_keeps_what_agrees() -> None:
    parts = [
        Provenance(
            f"{i}.root", {"tree": "t"}, seed=i, sum_weights=1.5, generated=10, cross_section=2.0, history=("cut",)
        )
        for i in range(3)
    ]
    both = Provenance.merge(parts)
    assert (both.source, both.settings, both.seed) == ("0.root, 1.root, 2.root", {"tree": "t"}, None)
    assert (both.sum_weights, both.generated, both.cross_section, both.history) == (4.5, 30, 2.0, ("cut",))


def test_merging_does_not_invent_what_one_part_does_not_know() -> None:
    both = Provenance.merge([Provenance("a", generated=3, cross_section=1.0), Provenance("b", {"x": 1})])
    assert (both.generated, both.cross_section) == (None, None)
    assert both.settings == {"a": {}, "b": {"x": 1}}
    assert Provenance.merge([Provenance("a"), Provenance("b")]).settings == {}


@given(provenances)
def test_merging_one_or_none(one: Provenance) -> None:
    assert Provenance.merge([one]) is one
    assert Provenance.merge([]).source == "memory"


def test_versions_name_python_and_the_libraries_that_decide_the_numbers() -> None:
    found = software_versions()
    assert found["python"] == platform.python_version()
    assert {"kaon", "numpy", "awkward", "torch"} <= set(found)
