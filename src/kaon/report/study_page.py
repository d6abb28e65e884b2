"""A study's files: `table.json`, `table.md`, and a page that needs nothing but itself."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaon.files import write_text
from kaon.report.frame import render
from kaon.report.study import Result, ResultRow, Value
from kaon.report.table import Column

__all__ = ["write_result"]


def write_result(result: Result, folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Write what a study found.

    Args:
        result: of the study.
        folder: where to.

    Returns:
        `report` (HTML), `markdown` and `table` (JSON); the table is written last, and its presence means done.
    """
    home = Path(folder)
    return {
        "report": write_text(home / "report.html", _page(result)),
        "markdown": write_text(home / "table.md", result.markdown()),
        "table": write_text(home / "table.json", json.dumps(result.table(), indent=1, allow_nan=False) + "\n"),
    }


@dataclass(frozen=True)
class _Cell:
    text: str
    value: float | None
    error: str
    published: str
    source: str
    best: bool


def _page(result: Result) -> str:
    models = tuple(row.model for row in result.rows if row.model)
    return render(
        "study.html.jinja",
        result.sections,
        result.origins,
        question=result.question,
        models=models,
        best=next(iter(models), ""),
        numbers={model: number for number, model in enumerate(models)},
        answer=[sentence.replace(" ± ", "\u00a0±\u00a0") for sentence in result.summary],
        facts=[("After", result.source), ("Scale", result.scale), *result.facts.items()],
        columns=result.columns,
        rows=[(row, [_cell(row.values.get(c.key), c, result.rows) for c in result.columns]) for row in result.rows],
        notes=result.notes,
        pages=result.pages,
    )


def _cell(value: Value | None, column: Column, rows: Sequence[ResultRow]) -> _Cell:
    if value is None:
        return _Cell("", None, "", "", "", False)
    found = value.limit if value.obtained is None else value.obtained
    others = [v for row in rows if (v := row.values.get(column.key)) is not None]
    known = [column.better * v.obtained for v in others if v.obtained is not None]
    bounds = any(v.limit is not None for v in others)  # then nobody knows which is the best
    best = (
        column.better != 0
        and len(known) > 1
        and not bounds
        and value.obtained is not None
        and column.better * value.obtained == max(known)
    )
    return _Cell(value.text(column), found, value.error_text(), value.published_text(column), value.source, best)
