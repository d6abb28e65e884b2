"""The numbers of an analysis as files: tables for machines and for people, the workspace, the models."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.counts import Counts
from kaon.analysis.entries import DATA
from kaon.analysis.pipeline import Analysis
from kaon.analysis.templates import Statistical
from kaon.evaluate.workspace import write_workspace
from kaon.files import write_text

__all__ = ["cut_flow_rows", "errors_of", "summary", "write", "write_files", "yield_rows"]

TOTAL = "total"
"""Name of the sum of all processes and estimates."""


def errors_of(found: Uncertain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Statistical and systematic standard deviation of each bin, (bins,) each."""
    sums = [np.zeros(len(found)), np.zeros(len(found))]
    for source, response in found.responses.items():
        sums[not isinstance(source, Statistical)] += np.square(response).sum(axis=0)
    return np.sqrt(sums[0]), np.sqrt(sums[1])


def yield_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """A row for each region and process, their total, and the data."""
    rows = []
    for region, found in analysis.yields.items():
        everything = {n: v for n, v in found.items() if n != DATA}
        everything |= {TOTAL: analysis.expected(region)} if everything else {}
        everything |= {DATA: found[DATA]} if DATA in found else {}
        for name, value in everything.items():
            statistical, systematic = errors_of(value)
            rows.append(
                {
                    "region": region,
                    "process": name,
                    "events": float(value.values[0]),
                    "statistical": float(statistical[0]),
                    "systematic": float(systematic[0]),
                }
            )
    return rows


def cut_flow_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """A row for each process and cut; the region is empty for the selection."""
    return [
        {
            "process": name,
            "region": step.region,
            "cut": step.cut,
            "raw": step.raw,
            "weighted": float(step.weighted.values[0]),
            "error": float(step.weighted.errors[0]),
        }
        for name, steps in analysis.cut_flow.items()
        for step in steps
    ]


def summary(analysis: Analysis) -> dict[str, Any]:
    """Everything as JSON values."""

    def plain(found: Uncertain | Counts) -> dict[str, Any]:
        if isinstance(found, Counts):
            return found.to_json()
        statistical, systematic = errors_of(found)
        return {
            "values": found.values.tolist(),
            "statistical": statistical.tolist(),
            "systematic": systematic.tolist(),
        }

    histograms = {
        region: {h: {p: plain(v) for p, v in processes.items()} for h, processes in found.items()}
        for region, found in analysis.histograms.items()
    }
    made = {
        "name": analysis.config.name,
        "luminosity": analysis.config.luminosity,
        "cut_flow": cut_flow_rows(analysis),
        "yields": yield_rows(analysis),
        "factors": {e: {r: plain(v) for r, v in found.items()} for e, found in analysis.factors.items()},
        "edges": {name: h.binning.tolist() for name, h in analysis.config.histograms.items()},
        "histograms": histograms,
        "fit": _fit(analysis),
        "provenance": analysis.provenance,
    }
    finite: dict[str, Any] = _finite(made)
    return finite


def write_files(analysis: Analysis, folder: Path) -> list[Path]:
    """Write into a folder that is there.

    `analysis.yaml` (the settings), `analysis.json` (all numbers), `cutflow.csv` and `.md`, `yields.csv` and `.md`,
    `fit.json` and `workspace.json` if there is a fit, `models/SCORE/fold0.kaon`, ... of what was trained.
    """
    flow, yields = cut_flow_rows(analysis), yield_rows(analysis)
    texts = {
        "analysis.yaml": analysis.config.to_yaml(),
        "analysis.json": json.dumps(summary(analysis), indent=1, allow_nan=False) + "\n",
        "cutflow.csv": _csv(flow),
        "cutflow.md": _cut_flow_page(analysis),
        "yields.csv": _csv(yields),
        "yields.md": _yields_page(analysis, yields),
    }
    written = [write_text(folder / name, text) for name, text in texts.items()]
    if analysis.fit is not None:
        written.append(write_workspace(dict(analysis.fit.workspace), folder / "workspace.json"))
        written.append(write_text(folder / "fit.json", json.dumps(_finite(_fit(analysis)), indent=1) + "\n"))
    for scorer in analysis.scorers:
        if analysis.config.scores[scorer.name].train is not None:
            place = folder / "models" / scorer.name
            place.mkdir(parents=True, exist_ok=True)
            written += [tagger.save(place / f"fold{i}.kaon") for i, tagger in enumerate(scorer.taggers)]
    return written


def write(analysis: Analysis, folder: str | PathLike[str]) -> Path:
    """Write a new folder, which appears when it is complete; one that was there is replaced.

    Raises:
        DataError: the folder cannot be written.
    """
    from kaon.files import replacing_folder

    with replacing_folder(folder) as scratch:
        write_files(analysis, scratch)
    return Path(folder)


def _fit(analysis: Analysis) -> dict[str, Any] | None:
    if analysis.fit is None:
        return None
    found, limit = analysis.fit.discovery, analysis.fit.limit
    return {
        "significance": {"expected": found.expected, "observed": found.observed},
        "signal_strength": {"value": found.mu, "errors": found.mu_error},
        "limit": None
        if limit is None
        else {"observed": limit.observed, "expected": limit.expected, "level": limit.level},
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _cut_flow_page(analysis: Analysis) -> str:
    """One table of the selection, and one for each region; weighted events with the raw numbers in brackets."""
    names = list(analysis.cut_flow)
    steps = {name: {(s.region, s.cut): s for s in found} for name, found in analysis.cut_flow.items()}
    keys = dict.fromkeys(key for found in steps.values() for key in found)
    pieces = ["# Cut flow\n\nEvents at the luminosity of the data; in brackets, how many there are in the files.\n"]
    for region in dict.fromkeys(region for region, _ in keys):
        cells = [[cut, *(_cell(steps[n].get((r, cut))) for n in names)] for r, cut in keys if r == region]
        title = f"## {analysis.config.region_label(region)}" if region else "## Selection"
        pieces.append(f"{title}\n\n{_table(['Cut', *map(analysis.config.label, names)], cells)}")
    return "\n".join(pieces)


def _cell(step: Any) -> str:
    return "" if step is None else f"{_number(step.weighted.values[0])} ({step.raw:,})"


def _yields_page(analysis: Analysis, rows: Iterable[dict[str, Any]]) -> str:
    names = [*analysis.processes, *([TOTAL] if analysis.processes else []), *([DATA] if analysis.config.data else [])]
    by_place = {(row["region"], row["process"]): row for row in rows}

    def cell(region: str, name: str) -> str:
        row = by_place.get((region, name))
        if row is None:
            return ""
        errors = [e for e in (row["statistical"], row["systematic"]) if e > 0]
        digits = 0 if not errors else max(0, 1 - math.floor(math.log10(max(errors))))
        text = f"{row['events']:,.{digits}f}"
        return (
            text
            if name == DATA
            else f"{text} ± {row['statistical']:,.{digits}f}"
            + (f" ± {row['systematic']:,.{digits}f}" if row["systematic"] else "")
        )

    regions = list(analysis.config.regions)
    cells = [[analysis.config.label(n) if n != TOTAL else "**Total**", *(cell(r, n) for r in regions)] for n in names]
    body = _table(["", *map(analysis.config.region_label, regions)], cells)
    return f"# Events in the regions\n\nEvents ± statistical (± systematic) uncertainty.\n\n{body}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.4g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows)) + "\n"


def _finite(value: Any) -> Any:
    """NaN and infinity become None, which JSON can hold."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
