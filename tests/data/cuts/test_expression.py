"""Expressions agree with what NumPy computes from the same formula, and say clearly what is wrong."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data import Events
from kaon.data.cuts import parse
from kaon.data.records import momenta, table
from kaon.errors import ConfigError, UnknownName

N = 50
random = np.random.default_rng(3)
COLUMNS = {
    "a": random.normal(size=N),
    "b": random.normal(size=N),
    "c": random.integers(-3, 4, N),
    "flag": random.random(N) > 0.5,
}


@pytest.fixture
def events() -> Events:
    return Events(
        table(
            {
                "pt": ak.Array([[30.0, 20.0], [], [5.0]]),
                "eta": ak.Array([[0.1, -3.0], [], [1.0]]),
                "m": np.array([80.0, 91.0, 120.0]),
                "n": np.array([0, 1, 1]),
                "f": np.array([1, 21, 2]),
                "sample": ak.Array(["tt", "qcd", "tt"]),
                "jet": momenta(
                    np.array([3.0, 1, 0]), np.array([4.0, 1, 1]), np.array([0.0, 1, 1]), np.array([6.0, 3, 3])
                ),
                "maybe": ak.Array([1.0, None, 3.0]),
                "with space": np.arange(3),
                "jet.x": np.array([7, 8, 9]),
            }
        )
    )


# Random formulae, each as kaon's text and as NumPy's value, built side by side.
Pair = tuple[str, Any]
numbers: st.SearchStrategy[Pair] = st.recursive(
    st.sampled_from(["a", "b", "c"]).map(lambda n: (n, COLUMNS[n]))
    | st.floats(0, 4, width=16).map(lambda v: (repr(v), v)),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(
            lambda t: (
                f"({t[0][0]} {t[1]} {t[2][0]})",
                {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[t[1]](t[0][1], t[2][1]),
            )
        ),
        inner.map(lambda p: (f"-{p[0]}", -p[1])),
        inner.map(lambda p: (f"abs({p[0]})", np.abs(p[1]))),
    ),
    max_leaves=6,
)
comparisons: st.SearchStrategy[Pair] = st.tuples(
    numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers
).map(
    lambda t: (
        f"{t[0][0]} {t[1]} {t[2][0]}",
        {
            "<": np.less,
            "<=": np.less_equal,
            ">": np.greater,
            ">=": np.greater_equal,
            "==": np.equal,
            "!=": np.not_equal,
        }[t[1]](t[0][1], t[2][1]),
    )
)
conditions: st.SearchStrategy[Pair] = st.recursive(
    comparisons | st.just(("flag", COLUMNS["flag"])),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda t: (f"({t[0][0]} & {t[1][0]})", np.logical_and(t[0][1], t[1][1]))),
        st.tuples(inner, inner).map(lambda t: (f"({t[0][0]} or {t[1][0]})", np.logical_or(t[0][1], t[1][1]))),
        inner.map(lambda p: (f"!({p[0]})", np.logical_not(p[1]))),
    ),
    max_leaves=5,
)


@pytest.mark.filterwarnings(
    "ignore:.*encountered in:RuntimeWarning"
)  # NumPy's own side of the comparison divides by zero
@given(conditions)
def test_conditions_agree_with_numpy(pair: Pair) -> None:
    text, value = pair
    np.testing.assert_array_equal(parse(text).mask(COLUMNS), np.broadcast_to(value, N))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # as above
@given(numbers)
def test_numbers_agree_with_numpy(pair: Pair) -> None:
    text, value = pair
    np.testing.assert_array_equal(parse(text).values(ak.Array(COLUMNS)), np.broadcast_to(value, N))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any(pt > 10)", [True, False, False]),
        ("any(pt > 10 & abs(eta) > 2.5)", [True, False, False]),
        ("pt[0] > 20", [True, False, False]),
        ("pt[-1] == 20", [True, False, False]),
        ("pt[1] < 1000", [True, False, False]),
        ("count(pt > 10) >= 1 and m < 100", [True, False, False]),
        ("n & m > 90", [False, True, True]),
        ("80 < m <= 91", [False, True, False]),
        ("f in (21, 2)", [False, True, True]),
        ("f in [21]", [False, True, False]),
        ("sample == 'tt'", [True, False, True]),
        ('sample != "tt"', [False, True, False]),
        ("sample in ('qcd', 'ww')", [False, True, False]),
        ("jet.pt > 1.1", [True, True, False]),
        ("jet.E > 5", [True, False, False]),
        ("min(pt) > 0", [True, False, True]),
        ("isnan(max(pt))", [False, True, False]),
        ("maybe > 0", [True, False, True]),
        ("`with space` > 0", [False, True, True]),
        ("`jet.x` == 8", [False, True, False]),
        ("jet.x == 8", [False, True, False]),
        ("where(m > 90, n, 1 - n) == 1", [True, True, True]),
        ("true", [True, True, True]),
        ("m > 1e2 or false", [False, False, True]),
        ("(m > 85) + (n == 1) == 2", [False, True, True]),
    ],
)
def test_language(events: Events, text: str, expected: list[bool]) -> None:
    assert parse(text).mask(events).tolist() == expected


def test_values(events: Events) -> None:
    assert parse("2 ** -1 + 7 % 4 + 7 // 4").values(events).tolist() == [4.5] * 3
    assert parse("sum(pt)").values(events).tolist() == [50.0, 0.0, 5.0]
    np.testing.assert_allclose(parse("jet.mass").values(events), np.sqrt([11.0, 6.0, 7.0]))
    np.testing.assert_array_equal(parse("maybe").values(events), [1.0, np.nan, 3.0])
    assert parse("sample").values(events).tolist() == ["tt", "qcd", "tt"]
    assert parse("f == 21").values(events).dtype == np.bool_
    assert parse("f").values(events).dtype == np.int64


def test_lists_stay_lists_in_evaluate(events: Events) -> None:
    assert parse("pt * 2 > m / 2").evaluate(events).to_list() == [[True, False], [], [False]]


def test_columns_and_what_they_require() -> None:
    expression = parse("jet.pt > 3 & `jet.x` > 1 & sum(w) > 0")
    assert expression.columns == {"jet.pt", "jet.x", "w"}
    assert expression.required(["jet", "w", "jet.x", "other"]) == {"jet", "w", "jet.x"}
    assert expression.is_condition
    assert not parse("w").is_condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m & n > 1", "not a condition: it holds float64"),
        ("f & n", "not a condition: it holds int64"),
        ("sample", "not a condition: it holds text"),
        ("pt > 3", r"use any\(...\)"),
        ("sample > 'a'", "only"),
        ("sample == 3", "text is compared with a number"),
        ("sample + 1", "text, which cannot be calculated"),
        ("abs(sample)", "cannot take a text"),
        ("min(m) > 1", "needs a list"),
        ("m[0] > 1", "needs a list"),
        ("jet > 3", "types do not fit"),
        ("any(m)", "not a condition"),
    ],
)
def test_type_errors_are_clear(events: Events, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text).mask(events)


def test_lists_of_different_length_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="differ in length"):
        parse("any(a > b)").mask(ak.Array({"a": [[1, 2]], "b": [[1, 2, 3]]}))


def test_unknown_names_list_the_nearest(events: Events) -> None:
    with pytest.raises(UnknownName, match="did you mean sample"):
        parse("sampel == 'tt'").mask(events)
    with pytest.raises(UnknownName, match=r"member 'ptt'.*pt"):
        parse("jet.ptt > 1").mask(events)
    with pytest.raises(UnknownName, match=r"column 'mm' in jets\.h5; did you mean m"):
        parse("mm > 1").required(["m", "n"], "jets.h5")


def test_a_whole_number_is_no_condition_unless_zero_or_one() -> None:
    assert parse("n").mask({"n": np.array([0, 1])}).tolist() == [False, True]
    with pytest.raises(ConfigError, match="not a condition"):
        parse("n").mask({"n": np.array([0, 2])})
