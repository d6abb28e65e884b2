"""What is wrong with settings, in words for the person who wrote them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError

__all__ = ["reasons"]


def reasons(error: ValidationError) -> str:
    """Every wrong entry: its place, what is allowed, and the value that was given.

    >>> class Box(BaseModel):
    ...     width: int
    >>> try:
    ...     Box(width="wide")
    ... except ValidationError as error:
    ...     reasons(error)
    "width: Input should be a valid integer, unable to parse string as an integer (given: 'wide')"
    """

    def lines() -> Iterator[str]:
        for problem in error.errors():
            place = ".".join(map(str, problem["loc"]))
            # A whole section, or the section that lacks an entry, would only hide the reason.
            given = "" if isinstance(problem["input"], dict | list | BaseModel) else f" (given: {problem['input']!r})"
            message = problem["msg"].removeprefix("Value error, ")
            yield f"{place}: {message}{given}" if place else message

    return "; ".join(lines())
