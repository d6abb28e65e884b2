from __future__ import annotations

import pytest

from kaon.data.cuts.tokens import Kind, complaint, tokenise
from kaon.errors import ConfigError


def texts(text: str) -> list[str]:
    return [t.text for t in tokenise(text)][:-1]


def test_words_and_signs_have_one_spelling() -> None:
    assert texts("a && b and c & d") == ["a", "&", "b", "&", "c", "&", "d"]
    assert texts("a || b or c | d") == ["a", "|", "b", "|", "c", "|", "d"]
    assert texts("!a ~b not c") == ["!", "a", "!", "b", "not", "c"]


@pytest.mark.parametrize("number", ["1", "1.", ".5", "1.5", "1e3", "2.5E-3", "6.02e+23"])
def test_numbers(number: str) -> None:
    (token, end) = tokenise(number)
    assert (token.kind, token.text, end.kind) == (Kind.NUMBER, number, Kind.END)


def test_positions_point_at_the_first_character() -> None:
    text = "  pt >= 30 & `my column` == 'x y'"
    for token in tokenise(text)[:-1]:
        assert text.startswith(token.text, token.position) or token.kind in (Kind.TEXT, Kind.NAME)
    assert tokenise(text)[4].text == "my column"
    assert tokenise(text)[6].kind is Kind.TEXT


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("a = 1", 2, "=="),
        ("a ^ 2", 2, r"\*\*"),
        ("a ? b", 2, "where"),
        ("a == 'x", 5, "never closed"),
        ("a # b", 2, "#"),
    ],
)
def test_foreign_characters_are_explained(text: str, position: int, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint) as caught:
        tokenise(text)
    assert str(caught.value).splitlines()[-1].index("^") == position + 2


def test_complaint_keeps_the_caret_in_place_over_tabs_and_line_breaks() -> None:
    message = str(complaint("a\n\t> b", 4, "here"))
    line, caret = message.splitlines()[1:]
    assert line[caret.index("^")] == " "
    assert len(message.splitlines()) == 3
