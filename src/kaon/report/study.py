"""The result of a study: what was obtained beside what was published, as values, as JSON and as a Markdown table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kaon.report.frame import Section
from kaon.report.origins import Origin
from kaon.report.runs import RunRecord
from kaon.report.table import Column, Spread, limit, places, spread

__all__ = ["Result", "ResultRow", "Value", "measured"]


@dataclass(frozen=True)
class Value:
    """One number of a study, obtained and published; what is not known is None.

    Args:
        obtained: mean over the seeds.
        spread: sample standard deviation over the seeds.
        seeds: how many there were.
        error: statistical error of the test events, which all models share.
        limit: where nothing finite was obtained, the lower limit at 95% confidence.
        published: what the paper says; not what kaon has to reach.
        published_spread: the paper's spread over trainings.
        source: of the published number, where it is not the study's own.
    """

    obtained: float | None = None
    spread: float | None = None
    seeds: int = 1
    error: float | None = None
    limit: float | None = None
    published: float | None = None
    published_spread: float | None = None
    source: str = ""

    def text(self, column: Column) -> str:
        """What was obtained, to be read.

        >>> Value(0.98213, 0.0004, 3).text(Column("auc", "AUC", 1, "", decimals=4))
        '0.9821 ± 0.0004'
        >>> Value(limit=351.0).text(Column("r", "R", 1, ""))
        '> 351'
        """
        if self.obtained is None:
            return "—" if self.limit is None else f"> {self.limit:,.{places(self.limit, 2)}f}"
        return f"{Spread(self.obtained, self.spread, self.seeds).text(column.decimals)} {column.unit}".strip()

    def error_text(self) -> str:
        """The statistical error, to be read; empty if there is none.

        >>> Value(351.0, error=41.7).error_text()
        'stat. ± 42'
        """
        return "" if self.error is None else f"stat. ± {self.error:,.{places(self.error, 2)}f}"

    def published_text(self, column: Column) -> str:
        """What was published, to be read; empty if nothing was.

        >>> Value(published=0.98).published_text(Column("auc", "AUC", 1, "", decimals=4))
        '0.980'
        """
        if self.published is None:
            return ""
        numbers = [self.published, *([] if self.published_spread is None else [self.published_spread])]
        return f"{' ± '.join(_written(n, column) for n in numbers)} {column.unit}".strip()


@dataclass(frozen=True)
class ResultRow:
    """One line of the table.

    Args:
        name: what the line is about, for example a model.
        values: by key of the column; a column without a value is left empty.
        note: a few words below the name: epochs, seeds, ...
        model: name of the model whose curves the line switches on and off; empty for none.
    """

    name: str
    values: Mapping[str, Value]
    note: str = ""
    model: str = ""


@dataclass(frozen=True)
class Result:
    """Everything that a study found.

    Args:
        study: its name.
        scale: smoke, quick or full.
        question: that the page asks; its title.
        source: the publication.
        columns: of the table.
        rows: of the table.
        summary: the answer, in sentences.
        notes: what limits the numbers at this scale, and what more data would change; one paragraph each.
        facts: data, events, epochs, seeds, machine, ...: name -> words.
        sections: figures, under their headings.
        pages: further pages: title -> path relative to the study's folder.
        origins: texts to unfold: provenance, configurations, environments.
    """

    study: str
    scale: str
    question: str
    source: str
    columns: Sequence[Column]
    rows: Sequence[ResultRow]
    summary: Sequence[str] = ()
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    sections: Sequence[Section] = ()
    pages: Mapping[str, str] = field(default_factory=dict)
    origins: Sequence[Origin] = ()

    def table(self) -> dict[str, Any]:
        """The table with all that is needed to judge it; JSON values only."""
        return {
            "study": self.study,
            "scale": self.scale,
            "question": self.question,
            "source": self.source,
            "columns": [
                {"key": c.key, "title": _plain(c.title), "unit": c.unit, "about": c.hint} for c in self.columns
            ],
            "rows": [
                {"name": r.name, "note": r.note, "values": {k: _known(v) for k, v in r.values.items()}}
                for r in self.rows
            ],
            "summary": list(self.summary),
            "notes": list(self.notes),
            "facts": dict(self.facts),
        }

    def markdown(self) -> str:
        """The table as a page of Markdown; statistical errors and published numbers in brackets behind the obtained."""
        heads = ["", *(_plain(c.title) for c in self.columns)]
        lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * len(self.columns) + "|"]
        for row in self.rows:
            found = [self._both(row.values.get(c.key), c) for c in self.columns]
            name = f"{row.name} ({row.note})" if row.note else row.name
            lines.append("| " + " | ".join(x.replace("|", "\\|") for x in [name, *found]) + " |")
        facts = [f"- {name}: {words}" for name, words in self.facts.items()]
        brackets = (
            "Obtained ± spread over the seeds; in brackets what was published, and where it says stat. the statistical "
            "error of the test events."
        )
        parts = [f"# {self.question}", f"Study `{self.study}`, scale `{self.scale}`. After: {self.source}"]
        parts += [" ".join(self.summary), "\n".join(lines), brackets, *self.notes, "\n".join(facts)]
        return "\n\n".join(part for part in parts if part) + "\n"

    @staticmethod
    def _both(value: Value | None, column: Column) -> str:
        if value is None:
            return ""
        more = (value.error_text(), value.published_text(column))
        return value.text(column) + "".join(f" ({words})" for words in more if words)


def measured(
    runs: Sequence[RunRecord],
    column: Column,
    *,
    published: float | None = None,
    published_spread: float | None = None,
    source: str = "",
) -> Value:
    """A number of `metrics.json` over the seeds of one model, beside what was published.

    Args:
        runs: of one model.
        column: which number; a rejection of which a seed leaves no background becomes a limit.
        published, published_spread, source: see `Value`.
    """
    least = limit(runs, column)
    found = None if least is not None else spread(runs, column.key)
    statistical = None if found is None or not column.error else spread(runs, column.error)
    return Value(
        None if found is None else found.mean,
        None if found is None else found.deviation,
        0 if found is None else found.seeds,
        None if statistical is None else statistical.mean,
        least,
        published,
        published_spread,
        source,
    )


def _known(value: Value) -> dict[str, Any]:
    """What is known of a value; JSON has no NaN."""
    found = {k: v for k, v in vars(value).items() if v not in (None, "")}
    return {k: v for k, v in found.items() if not isinstance(v, float) or math.isfinite(v)}


def _written(number: float, column: Column) -> str:
    """A published number with all its digits, and with the three of a column of small numbers."""
    shown = f"{number:,.10g}"
    return f"{number:.3f}" if (column.decimals or 0) >= 3 and len(shown.partition(".")[2]) < 3 else shown


def _plain(title: str) -> str:
    """A heading without its HTML."""
    return re.sub(r"<[^>]+>", "", title.replace("<br>", " "))
