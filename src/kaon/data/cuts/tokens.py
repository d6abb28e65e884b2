"""Text to tokens, each of which remembers where it stood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from kaon.errors import ConfigError

__all__ = ["Kind", "Token", "complaint", "tokenise"]


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True)
class Token:
    """One word of an expression.

    Args:
        kind: number, text, name, operator or end.
        text: the operator in its one spelling (`&&` and `and` are `&`), the name or text without quotes.
        position: index of its first character.
    """

    kind: Kind
    text: str
    position: int


_WORDS = {"and": "&", "or": "|", "not": "not", "in": "in"}
_SAME = {"&&": "&", "||": "|", "~": "!"}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'[^']*'|"[^"]*")
      | `(?P<quoted>[^`]+)`
      | (?P<name>[^\W\d]\w*)
      | (?P<operator>\*\*|//|&&|\|\||<=|>=|==|!=|[-+*/%<>&|!~()\[\],.])
    )""",
    re.VERBOSE,
)
_HINTS = {
    "=": "'=' does not compare; write '=='",
    "^": "'^' means different things in different programs; write '**' for a power",
    "`": "this back-quote is never closed",
    "'": "this quote is never closed",
    '"': "this quote is never closed",
    "?": "there is no '?:'; write where(condition, a, b)",
}


def complaint(text: str, position: int, message: str) -> ConfigError:
    """An error that points at the place.

    >>> print(complaint("pt >", 4, "a value is missing"))
    a value is missing
      pt >
          ^
    """
    line = text.replace("\n", " ").replace("\t", " ")
    return ConfigError(f"{message}\n  {line}\n  {' ' * position}^")


def tokenise(text: str) -> list[Token]:
    """All tokens of an expression, closed by an END token.

    Raises:
        ConfigError: a character that belongs to no token.
    """
    found: list[Token] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            hint = _HINTS.get(text[start], f"{text[start]!r} is not part of the language of cuts")
            raise complaint(text, start, hint)
        found.append(_token(match))
        position = match.end()
    return [*found, Token(Kind.END, "", len(text.rstrip()))]


def _token(match: re.Match[str]) -> Token:
    group = match.lastgroup
    assert group is not None
    word, start = match[group], match.start(group)
    if group == "number":
        return Token(Kind.NUMBER, word, start)
    if group == "text":
        return Token(Kind.TEXT, word[1:-1], start)
    if group == "quoted":
        return Token(Kind.NAME, word, start)
    if group == "name" and word.lower() not in _WORDS:
        return Token(Kind.NAME, word, start)
    return Token(Kind.OPERATOR, _WORDS.get(word.lower(), _SAME.get(word, word)), start)
