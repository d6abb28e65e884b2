from __future__ import annotations

import pytest

from kaon.data.space import Choice, Integer, Real
from kaon.errors import ConfigError
from kaon.tune.words import read_space, read_words


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("1e-4..1e-2:log", Real(1e-4, 1e-2, True)),
        ("-1..1.", Real(-1, 1)),
        (" .5 .. 2 ", Real(0.5, 2)),
        ("16..256:log", Integer(16, 256, True)),
        ("1e-3,0.1", Choice((1e-3, 0.1))),
        ("adamw, sgd", Choice(("adamw", "sgd"))),
        ("true,false", Choice((True, False))),
        ("none,3", Choice((None, 3))),
        ("[64, 64],[128],[]", Choice(((64, 64), (128,), ()))),
    ],
)
def test_what_a_user_writes(text: str, space: object) -> None:
    assert read_space("x", text) == space
    assert read_words([f"x={text}"]) == {"x": space}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1..x", "no range"),
        ("3..1", "must rise"),
        ("0..1:log", "above 0"),
        ("5", "at least two"),
        ("", "at least two"),
        ("[1,2", "no list"),
        ([[1.5], [2]], "whole numbers"),
        ([{"a": 1}, 2], "must be a number"),
        ({"low": 1}, "write LOW..HIGH"),
        ({"low": "a", "high": "b"}, "must be numbers"),
        (7, "write LOW..HIGH"),
    ],
)
def test_what_is_none(value: object, says: str) -> None:
    with pytest.raises(ConfigError, match="the search space of width.*" + says):
        read_space("width", value)


def test_a_word_without_a_range() -> None:
    with pytest.raises(ConfigError, match="NAME=RANGE"):
        read_words(["learning_rate"])
