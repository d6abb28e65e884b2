"""The grammar's laws: precedence and association, and errors that point at their place."""

from __future__ import annotations

import pytest

from kaon.data.cuts.grammar import build
from kaon.data.cuts.tree import Node
from kaon.errors import ConfigError


def shape(node: Node) -> object:
    """The tree without positions."""
    fields = {k: v for k, v in vars(node).items() if k != "position"}

    def plain(value: object) -> object:
        if isinstance(value, Node):
            return shape(value)
        return tuple(map(plain, value)) if isinstance(value, tuple) else value

    return type(node).__name__, tuple(plain(v) for v in fields.values())


@pytest.mark.parametrize(
    ("short", "bracketed"),
    [
        ("pt > 26 & abs(eta) < 2.4", "(pt > 26) & (abs(eta) < 2.4)"),
        ("a > 1 | b > 2 & c > 3", "(a > 1) | ((b > 2) & (c > 3))"),
        ("a > 1 or b > 2 and not c > 3", "(a > 1) | ((b > 2) & (not (c > 3)))"),
        ("!a & b", "(!a) & b"),
        ("a + b * c ** d", "a + (b * (c ** d))"),
        ("a - b - c", "(a - b) - c"),
        ("a / b / c", "(a / b) / c"),
        ("a ** b ** c", "a ** (b ** c)"),
        ("-a ** 2", "-(a ** 2)"),
        ("a ** -b", "a ** (-b)"),
        ("-a * b", "(-a) * b"),
        ("a + 1 < b - 1", "(a + 1) < (b - 1)"),
        ("a % 2 == 1", "(a % 2) == 1"),
        ("-a[0] > 1", "-(a[0]) > 1"),
        ("a[0] ** 2", "(a[0]) ** 2"),
    ],
)
def test_precedence(short: str, bracketed: str) -> None:
    assert shape(build(short)) == shape(build(bracketed))


def test_a_chain_of_comparisons_is_one_node() -> None:
    assert shape(build("1 < a <= 2")) != shape(build("(1 < a) <= 2"))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("pt >", 4, "value is missing"),
        ("pt > & eta", 5, "value is missing"),
        ("(pt > 3", 7, r"expected '\)'"),
        ("pt > 3)", 6, "not expected"),
        ("pt 3", 3, "not expected"),
        ("foo(3)", 0, "no function 'foo'; did you mean floor"),
        ("sqrt(1, 2)", 0, r"takes 1 argument\(s\), but 2"),
        ("delta_r(1, 2)", 0, "takes 4"),
        ("pt[x]", 3, "whole number"),
        ("pt[1.5]", 3, "whole number"),
        ("pt[1", 4, r"expected '\]'"),
        ("pt.", 3, "name must follow"),
        ("pt & 3", 5, "a number, not a condition"),
        ("pt + 1 & x", 3, "a number, not a condition"),
        ("!3", 1, "not a condition"),
        ("'a' + 1", 0, "text cannot be calculated"),
        ("pt in ()", 3, "nothing to choose from"),
        ("pt in 3", 6, r"expected '\('"),
    ],
)
def test_errors_point_at_the_place(text: str, place: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        build(text)
    assert str(caught.value).splitlines()[-1] == " " * (place + 2) + "^"


@pytest.mark.parametrize(
    "text", ["__import__('os')", "().__class__", "lambda: 1", "a := 1", "[x for x in y]", "f'{a}'"]
)
def test_python_is_not_the_language(text: str) -> None:
    with pytest.raises(ConfigError):
        build(text)
