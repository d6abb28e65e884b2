"""An expression: parsed once, evaluated on any events that have its columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.cuts.functions import FUNCTIONS, depth
from kaon.data.cuts.grammar import build
from kaon.data.cuts.tokens import complaint
from kaon.data.cuts.tree import Binary, Call, Column, Compare, Item, Logic, Member, Node, Number, Text, Type, Unary
from kaon.data.records import as_momenta
from kaon.errors import ConfigError, UnknownName

__all__ = ["Expression", "parse"]

_PROPERTIES = ("pt", "eta", "phi", "mass", "rapidity", "energy", "p", "theta", "et", "mt")
_ARITHMETIC = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "//": np.floor_divide,
    "%": np.mod,
    "**": np.power,
}
_ORDER = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True)
class Expression:
    """A cut, label or weight as text, parsed; made by `parse`.

    >>> cut = parse("lep_pt > 26 & abs(lep_eta) < 2.4")
    >>> sorted(cut.columns)
    ['lep_eta', 'lep_pt']
    >>> cut.mask(ak.Array({"lep_pt": [30.0, 30.0, 20.0], "lep_eta": [-1.0, 3.0, 0.0]}))
    array([ True, False, False])
    """

    text: str
    tree: Node = field(repr=False)

    @property
    def columns(self) -> frozenset[str]:
        """Names that it uses, as written: `jet.pt` stays one name."""
        return frozenset(n.name for n in self.tree.walk() if isinstance(n, Column))

    @property
    def is_condition(self) -> bool:
        """Whether the text alone tells that it is true or false; a bare column may be one all the same."""
        return self.tree.type is Type.CONDITION

    def required(self, available: Collection[str], where: str = "") -> frozenset[str]:
        """Which of the available columns it reads: `jet` for `jet.pt`, unless there is a column named `jet.pt`.

        Raises:
            UnknownName: a name that is no column; the message lists the nearest.
        """
        return frozenset(_split(name, available, where)[0] for name in self.columns)

    def evaluate(self, events: Any) -> Any:
        """The value for each event, or for each entry of each event's list.

        Missing entries (None) stay missing; operations without a result (log of -1, 0/0) give NaN, as in NumPy.

        Args:
            events: `Events`, an awkward record array, or a dict of arrays.

        Raises:
            UnknownName: no such column, or no such member of a column.
            ConfigError: the types do not fit: a condition was needed and a number found, ...
        """
        array = getattr(events, "array", events)
        with np.errstate(all="ignore"):
            return _Evaluation(self.text, array).value(self.tree)

    def mask(self, events: Any) -> NDArray[np.bool_]:
        """Whether each event fulfils the condition, (events,); NaN and missing values fulfil none.

        Raises:
            ConfigError: not a condition, or one value for each entry of a list instead of one for each event.
        """
        array = getattr(events, "array", events)
        value = _Evaluation(self.text, array).condition(self.tree, self.evaluate(array))
        return np.asarray(self._per_event(ak.fill_none(value, False) if _is_option(value) else value, array), bool)

    def values(self, events: Any) -> NDArray[Any]:
        """One value for each event, (events,): numbers, conditions or texts; a missing number is NaN.

        Raises:
            ConfigError: one value for each entry of a list instead of one for each event.
        """
        array = getattr(events, "array", events)
        value = self.evaluate(array)
        return np.asarray(self._per_event(ak.fill_none(value, np.nan) if _is_option(value) else value, array))

    def _per_event(self, value: Any, array: Any) -> NDArray[Any]:
        if depth(value) == 0:
            length = len(array) if isinstance(array, ak.Array) else len(next(iter(array.values())))
            return np.full(length, value)
        if _is_text(value):
            return np.asarray(ak.to_list(value))
        if depth(value) != 1 or ak.fields(value):
            raise ConfigError(
                f"{self.text!r} has a list of values for each event, but one value is needed; "
                f"use any(...), all(...), count(...), sum(...), min(...), max(...) or [0]"
            )
        return np.asarray(ak.to_numpy(value)) if isinstance(value, ak.Array) else np.asarray(value)


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        ConfigError: malformed; the message points at the place with a caret.

    >>> parse("80 < m < 100 or n == 2").evaluate({"m": np.array([91.0, 10.0]), "n": np.array([1, 1])})
    array([ True, False])
    """
    return Expression(text, build(text))


def _split(name: str, available: Collection[str], where: str) -> tuple[str, list[str]]:
    """The column and the members below it that a dotted name means: the longest name that is a column wins."""
    words = name.split(".")
    for end in range(len(words), 0, -1):
        if ".".join(words[:end]) in available:
            return ".".join(words[:end]), words[end:]
    raise UnknownName("column", name, available, where)


@dataclass(frozen=True)
class _Evaluation:
    text: str
    array: Any

    def value(self, node: Node) -> Any:
        match node:
            case Number(value=value) | Text(value=value):
                return value
            case Column():
                return self.column(node)
            case Member(owner=owner, name=name):
                return self.member(self.value(owner), name)
            case Item(owner=owner, number=number):
                return self.item(node, self.value(owner), number)
            case Unary(operator="!", operand=operand):
                return np.logical_not(self.condition(operand, self.value(operand)))
            case Unary(operator=operator, operand=operand):
                value = self.number(operand, self.value(operand))
                return -value if operator == "-" else value
            case Binary(operator=operator, left=left, right=right):
                pair = self.number(left, self.value(left)), self.number(right, self.value(right))
                return self.together(node, lambda a, b: _arithmetic(operator, a, b), *pair)
            case Logic(operator=operator, left=left, right=right):
                both = self.condition(left, self.value(left)), self.condition(right, self.value(right))
                return self.together(node, np.logical_and if operator == "&" else np.logical_or, *both)
            case Compare():
                return self.compare(node)
            case Call(function=function, arguments=arguments):
                given = [self.argument(function, a) for a in arguments]
                return self.together(node, FUNCTIONS[function].apply, *given)
        raise AssertionError(node)

    def column(self, node: Column) -> Any:
        names = ak.fields(self.array) if isinstance(self.array, ak.Array) else list(self.array)
        name, members = _split(node.name, names, f"{self.text!r}")
        value = self.array[name]
        return reduce(self.member, members, value)

    def member(self, value: Any, name: str) -> Any:
        fields = ak.fields(value)
        if name in fields:
            return value[name]
        momentum = as_momenta(value)
        is_vector = ak.parameters(momentum).get("__record__") == "Momentum4D" or {"px", "py"} <= set(fields)
        known = [*fields, *(_PROPERTIES if is_vector else ())]
        if name not in known:
            raise UnknownName("member", name, known, f"{self.text!r}")
        return getattr(momentum, name)

    def item(self, node: Node, value: Any, number: int) -> Any:
        if depth(value) < 2:
            raise complaint(self.text, node.position, "[ ] needs a list for each event, but there is one value")
        length = number + 1 if number >= 0 else -number
        if number < 0:
            value = value[:, ::-1]
        picked = ak.pad_none(value, length, axis=1)[:, length - 1]
        return picked if picked.fields else ak.fill_none(picked, np.nan)

    def argument(self, function: str, node: Node) -> Any:
        value = self.value(node)
        if _is_text(value) and function != "where":
            raise complaint(self.text, node.position, f"{function}() cannot take a text")
        needs_condition = function in ("any", "all") or (function == "where" and node.type is Type.CONDITION)
        return self.condition(node, value) if needs_condition else value

    def compare(self, node: Compare) -> Any:
        values = [self.value(o) for o in node.operands]
        if node.operators == ("in",):
            return reduce(np.logical_or, [self.pair(node, "==", values[0], v) for v in values[1:]])
        steps = zip(node.operators, values, values[1:], strict=False)
        return reduce(
            lambda a, b: self.together(node, np.logical_and, a, b), [self.pair(node, o, a, b) for o, a, b in steps]
        )

    def pair(self, node: Node, operator: str, left: Any, right: Any) -> Any:
        texts = _is_text(left), _is_text(right)
        if any(texts):
            if not all(texts):
                raise complaint(self.text, node.position, "a text is compared with a number; put texts in quotes")
            if operator not in ("==", "!="):
                raise complaint(self.text, node.position, "texts can be compared with == and != only")
            same = _same_text(left, right)
            return same if operator == "==" else np.logical_not(same)
        return self.together(node, _ORDER[operator], left, right)

    def together(self, node: Node, function: Any, *values: Any) -> Any:
        try:
            return function(*values)
        except ConfigError as error:
            raise complaint(self.text, node.position, f"{getattr(node, 'function', 'this')} {error}") from None
        except (ValueError, TypeError) as error:
            problem = "the lists of the two sides differ in length, or their types do not fit"
            raise complaint(self.text, node.position, f"{problem} ({str(error).splitlines()[0]})") from error

    def condition(self, node: Node, value: Any) -> Any:
        dtype = _dtype(value)
        if dtype == np.bool_:
            return value
        if dtype is not None and dtype.kind in "iu" and _only_zero_and_one(value):
            return np.not_equal(value, 0)
        holds = "text" if _is_text(value) else "records" if ak.fields(value) else dtype or "no plain values"
        raise complaint(
            self.text, node.position, f"this is not a condition: it holds {holds}; compare it, for example with > 0"
        )

    def number(self, node: Node, value: Any) -> Any:
        if _is_text(value):
            raise complaint(self.text, node.position, "this column holds text, which cannot be calculated with")
        return value


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    """NumPy's operation, with conditions taken as 0 and 1, and a float result for integers to a negative power."""
    left, right = (v * 1 if _dtype(v) == np.bool_ else v for v in (left, right))
    if operator == "**":
        left = left * 1.0
    return _ARITHMETIC[operator](left, right)


def _dtype(value: Any) -> np.dtype[Any] | None:
    """Type of the numbers in a value, None for text and records."""
    if not isinstance(value, ak.Array):
        kind = np.asarray(value).dtype
        return kind if kind.kind in "biuf" else None
    if _is_text(value) or value.fields:
        return None
    flat = ak.drop_none(ak.flatten(value, axis=None))
    return np.asarray(ak.to_numpy(flat)).dtype


def _only_zero_and_one(value: Any) -> bool:
    flat = np.asarray(ak.to_numpy(ak.drop_none(ak.flatten(value, axis=None))) if isinstance(value, ak.Array) else value)
    return bool(((flat == 0) | (flat == 1)).all())


def _is_option(value: Any) -> bool:
    return isinstance(value, ak.Array) and bool(ak.any(ak.is_none(value, axis=0)))


def _is_text(value: Any) -> bool:
    if isinstance(value, ak.Array):
        layout = ak.to_layout(value)
        while layout.is_option or layout.is_indexed:
            layout = layout.content
        return bool(layout.parameter("__array__") == "string")
    return isinstance(value, str) or np.asarray(value).dtype.kind in "SU"


def _same_text(left: Any, right: Any) -> Any:
    first, second = (np.asarray(ak.to_list(v)) if isinstance(v, ak.Array) else np.asarray(v) for v in (left, right))
    return np.asarray(np.char.equal(first.astype(str), second.astype(str)))
