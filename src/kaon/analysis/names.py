"""What the names in an expression mean for one file: variables with alternatives first, then the file's own columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kaon.data.cuts import Expression, parse
from kaon.data.cuts.functions import depth
from kaon.data.io.invalid import without_options
from kaon.errors import ConfigError, UnknownName

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """What to read of a file, and what to compute from it.

    Args:
        raw: columns of the file.
        steps: variables and their expressions, in an order in which each needs only what is there.
    """

    raw: tuple[str, ...]
    steps: tuple[tuple[str, Expression], ...]

    def columns(self, chunk: Mapping[str, Any]) -> dict[str, Any]:
        """The raw columns of a chunk with the variables added."""
        made = {name: without_options(values) for name, values in chunk.items()}
        length = len(next(iter(made.values())))
        for name, expression in self.steps:
            value = expression.evaluate(made)
            made[name] = np.full(length, value) if depth(value) == 0 else value
        return made


def plan(
    wanted: Iterable[Expression],
    variables: Mapping[str, Iterable[str]],
    available: Collection[str],
    where: str,
    later: Collection[str] = (),
) -> Plan:
    """Find out what expressions need.

    A variable may have the name of a column: within its own expression, the name means the column.

    Args:
        wanted: the expressions.
        variables: name -> expressions, of which the first that can be evaluated is taken.
        available: columns of the file.
        where: the file, for messages.
        later: names that are computed by others, such as scores.

    Raises:
        UnknownName: a name that is neither a variable nor a column; the message lists the nearest.
        ConfigError: variables that need each other.

    >>> found = plan([parse("pt > 26")], {"pt": ["lep_pt / 1000", "PT"]}, ["PT", "eta"], "a file")
    >>> found.raw, [(name, step.text) for name, step in found.steps]
    (('PT',), [('pt', 'PT')])
    """
    raw: dict[str, None] = {}
    steps: dict[str, Expression] = {}
    columns = set(available)

    def names(expression: Expression, within: tuple[str, ...]) -> list[str]:
        """What it names; within the expression of a variable, that variable's name can only be a column."""
        known = (columns | set(variables) | set(later)) - (set(within[-1:]) - columns)
        return sorted(expression.required(known, f"{expression.text!r} of {where}"))

    def is_variable(name: str, within: tuple[str, ...]) -> bool:
        return name in variables and name not in within[-1:]

    def possible(expression: Expression, within: tuple[str, ...]) -> bool:
        try:
            return all(
                name not in within and any(possible(parse(t), (*within, name)) for t in variables[name])
                if is_variable(name, within)
                else name in columns or name in later
                for name in names(expression, within)
            )
        except UnknownName:
            return False

    def need(expression: Expression, within: tuple[str, ...]) -> None:
        for name in names(expression, within):
            if is_variable(name, within):
                define(name, within)
            elif name not in later:
                raw[name] = None

    def define(name: str, within: tuple[str, ...]) -> None:
        if name in steps:
            return
        inner, texts = (*within, name), tuple(variables[name])
        chosen = next((e for e in map(parse, texts) if possible(e, inner)), None)
        if chosen is None:
            missing = sorted({n for t in texts for n in parse(t).columns if n not in columns and n not in variables})
            if not missing:
                raise ConfigError(f"the variable {name} needs itself: {' or '.join(texts)}")
            raise UnknownName("column", missing[0], available, f"the variable {name} ({' or '.join(texts)}) of {where}")
        need(chosen, inner)
        steps[name] = chosen

    for expression in wanted:
        need(expression, ())
    return Plan(tuple(raw), tuple(steps.items()))
