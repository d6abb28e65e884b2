"""`kaon inspect`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.cli.options import DATA, JSON, Files, read_arguments, takes
from kaon.cli.output import Output, table
from kaon.errors import ConfigError

__all__ = ["command", "sparkline"]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_DATA = tuple(p for p in DATA if p.name != "drop_invalid")


@takes(*_DATA, JSON)
def command(files: Files = None, **given: Any) -> None:
    """Show what is in a file: columns, ranges, missing values, classes, weights and small histograms.

    The file is read once, in parts, so its size does not matter. Ranges, means and counts are exact; a histogram shows
    20,000 values drawn from all of them, without the outermost 0.5% on each side.
    """
    from kaon.data.profile import profile

    out = Output(given["json"])
    arguments = read_arguments(files, given)
    if not {"path", "signal", "background"} & set(arguments):
        raise ConfigError("no files are given; name FILES, or --signal and --background files")
    with out.waiting("reading"):
        found = profile(**arguments)
    out.say(f"{', '.join(found.files)}: {found.events:,} events", "")
    _classes(out, found)
    headings = ("Column", "Type", "Role", "Missing", "Min", "Mean", "Std. dev.", "Max", "Histogram")
    out.show(table(headings, [_row(column) for column in found.columns], left=(0, 1, 2, 8)))
    out.result(
        {
            "files": found.files,
            "events": found.events,
            "classes": found.classes,
            "weights": None if found.weights is None else dict(zip(("min", "max", "sum"), found.weights, strict=True)),
            "columns": [_described(column) for column in found.columns],
            "provenance": found.provenance,
        }
    )


def sparkline(counts: NDArray[np.int64]) -> str:
    """A histogram in one line of text; a bin with any entry at all is not blank.

    >>> sparkline(np.array([0, 1, 50, 100]))
    ' ▁▄█'
    """
    highest = max(int(counts.max(initial=0)), 1)
    heights = np.where(counts > 0, np.maximum(1, np.round(8 * counts / highest)), 0).astype(int)
    return "".join(_BLOCKS[height] for height in heights)


def _classes(out: Output, found: Any) -> None:
    if found.classes:
        total = sum(share.events for share in found.classes.values())
        rows = [
            [name, f"{s.events:,}", f"{s.events / total:.1%}", f"{s.weight:,.6g}", f"{s.negative:,}"]
            for name, s in found.classes.items()
        ]
        out.show(table(("Class", "Events", "Share", "Sum of weights", "Negative weights"), rows))
        out.say("")
    else:
        out.say("no label: name one with --label to see the classes", "")
    if found.weights is not None:
        low, high, total = found.weights
        out.say(f"weights from {low:.6g} to {high:.6g}, sum {total:,.6g}", "")


def _row(column: Any) -> list[str]:
    kind = column.kind
    if column.lengths is not None:
        low, mean, high = column.lengths
        if low < high:
            kind = f"{kind.replace('var * ', 'list of ')}, {low} to {high}, mean {mean:.3g}"
    bad = f"{column.missing:,}" + (f" + {column.infinite:,} inf" if column.infinite else "")
    if column.texts:
        words = ", ".join(f"{word} ({count:,})" for word, count in column.texts)
        return [column.name, kind, column.role, bad, "", "", "", "", words]
    numbers = (column.minimum, column.mean, column.deviation, column.maximum)
    low, mean, deviation, high = ("" if x is None else f"{x:.5g}" for x in numbers)
    return [column.name, kind, column.role, bad, low, mean, deviation, high, sparkline(column.histogram()[0])]


def _described(column: Any) -> dict[str, Any]:
    counts, edges = column.histogram()
    described = {name: getattr(column, name) for name in column.__dataclass_fields__ if name != "sample"}
    return {**described, "histogram": {"edges": edges, "counts": counts}}
