from __future__ import annotations

import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon import errors
from kaon.errors import ConfigError, KaonError, MissingExtra, NotFitted, UnknownName, nearest

ALL = [
    kind for name in errors.__all__ if inspect.isclass(kind := getattr(errors, name)) and issubclass(kind, KaonError)
]


@pytest.mark.parametrize("kind", ALL)
def test_every_error_ends_the_command_line_with_a_code_of_failure(kind: type[KaonError]) -> None:
    assert 0 < kind.exit_code < 128  # above, shells report signals


@pytest.mark.parametrize("kind", [k for k in ALL if k is not UnknownName])
def test_every_error_survives_the_way_back_from_another_process(kind: type[KaonError]) -> None:
    back = pickle.loads(pickle.dumps(kind("what", "why")))
    assert (type(back), back.args) == (kind, ("what", "why"))


def test_unknown_name_survives_the_way_back_from_another_process() -> None:
    error = UnknownName("column", "lep_px", ["lep_pt", "met"], "events.root")
    back = pickle.loads(pickle.dumps(error))
    assert str(back) == str(error)
    assert (back.kind, back.given, back.known, back.where) == ("column", "lep_px", ("lep_pt", "met"), "events.root")


def test_unknown_name_says_what_was_given_where_and_what_was_meant() -> None:
    text = str(UnknownName("column", "lep_px", ["lep_pt", "met"], "events.root"))
    assert text == "unknown column 'lep_px' in events.root; did you mean lep_pt? Known: lep_pt, met"
    assert str(UnknownName("model", "x", [])) == "unknown model 'x'; Known: none"


@given(st.sets(st.text("abcdefgh_", min_size=3, max_size=8), min_size=1, max_size=30), st.data())
def test_a_slip_of_the_keyboard_is_recognised(known: set[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(known)))
    where = data.draw(st.integers(0, len(name) - 1))
    slips = [name.upper(), name + name[where], name[:where] + name[where] + name[where:]]
    for slip in slips:
        assert "did you mean" in nearest(slip, known)


def test_a_long_list_is_cut_and_counted() -> None:
    text = nearest("q", [f"name{i:03}" for i in range(40)])
    assert text == f"Known: {', '.join(f'name{i:03}' for i in range(12))}, ... (40 in all)"


def test_errors_are_what_other_libraries_expect() -> None:
    # scikit-learn catches its own NotFittedError as ValueError or AttributeError; importers catch ImportError.
    assert issubclass(NotFitted, ValueError)
    assert issubclass(NotFitted, AttributeError)
    assert issubclass(MissingExtra, ImportError)
    assert issubclass(UnknownName, ConfigError)
    assert issubclass(ConfigError, ValueError)
