"""The typed expression tree: each node knows its place in the text, and if it is a number, a condition or a text.

A bare column is `UNKNOWN` until it is evaluated, because only the file knows its type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum

__all__ = ["Binary", "Call", "Column", "Compare", "Item", "Logic", "Member", "Node", "Number", "Text", "Type", "Unary"]


class Type(Enum):
    """What a node evaluates to."""

    NUMBER = "a number"
    CONDITION = "a condition"
    TEXT = "a text"
    UNKNOWN = "a column"


@dataclass(frozen=True)
class Node:
    """Base of all nodes.

    Args:
        position: where the node's own sign or word stands in the text.
    """

    position: int

    @property
    def type(self) -> Type:
        """What it evaluates to, as far as the text tells."""
        return Type.NUMBER

    def children(self) -> Iterator[Node]:
        """The nodes directly below."""
        for item in fields(self):
            value = getattr(self, item.name)
            yield from (v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, Node))

    def walk(self) -> Iterator[Node]:
        """This node and all below."""
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True)
class Number(Node):
    """A literal number; `true` and `false` are conditions."""

    value: float | int | bool

    @property
    def type(self) -> Type:
        """CONDITION for true and false."""
        return Type.CONDITION if isinstance(self.value, bool) else Type.NUMBER


@dataclass(frozen=True)
class Text(Node):
    """A quoted text, for columns of strings."""

    value: str

    @property
    def type(self) -> Type:
        """TEXT."""
        return Type.TEXT


@dataclass(frozen=True)
class Column(Node):
    """A column, or a column and its members with dots between (`jet.pt`): the file's columns decide which."""

    name: str

    @property
    def type(self) -> Type:
        """UNKNOWN until evaluated."""
        return Type.UNKNOWN


@dataclass(frozen=True)
class Member(Node):
    """A field or vector property of something that is not a bare name: `constituents[0].pt`."""

    owner: Node
    name: str

    @property
    def type(self) -> Type:
        """UNKNOWN until evaluated."""
        return Type.UNKNOWN


@dataclass(frozen=True)
class Item(Node):
    """Entry `number` of each event's list, counted from zero, or from the end if negative; missing entries are NaN."""

    owner: Node
    number: int

    @property
    def type(self) -> Type:
        """UNKNOWN until evaluated."""
        return Type.UNKNOWN


@dataclass(frozen=True)
class Unary(Node):
    """`-x`, `+x` or `!x`."""

    operator: str
    operand: Node

    @property
    def type(self) -> Type:
        """CONDITION for `!`."""
        return Type.CONDITION if self.operator == "!" else Type.NUMBER


@dataclass(frozen=True)
class Binary(Node):
    """Arithmetic."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Compare(Node):
    """A chain: operators[i] stands between operands[i] and operands[i + 1]; `in` takes all that follow."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]

    @property
    def type(self) -> Type:
        """CONDITION."""
        return Type.CONDITION


@dataclass(frozen=True)
class Logic(Node):
    """`left & right` or `left | right`."""

    operator: str
    left: Node
    right: Node

    @property
    def type(self) -> Type:
        """CONDITION."""
        return Type.CONDITION


@dataclass(frozen=True)
class Call(Node):
    """A function of the language."""

    function: str
    arguments: tuple[Node, ...]
    returns: Type

    @property
    def type(self) -> Type:
        """As the function declares."""
        return self.returns
