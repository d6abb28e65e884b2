"""The ranking of variables: what it found as JSON, and as figures for a paper."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kaon.errors import DataError
from kaon.files import replacing, write_text
from kaon.report.canvas import COLOURS, Style, plain, styled

__all__ = ["Ranking", "ranking_figures", "write_ranking"]


@dataclass(frozen=True)
class Ranking:
    """What shuffling and retraining said of each variable.

    Args:
        model: name of the model.
        auc: of the test events with all variables.
        permutation: rows with `name`, `columns`, `drop`, `spread`; the most important first.
        without: rows with `name`, `columns`, `auc`, `spread`, `change`, `error`: all variables, then without each.
        added: rows alike: all variables, then the first alone, the first two, ...
    """

    model: str
    auc: float
    permutation: Sequence[Mapping[str, Any]]
    without: Sequence[Mapping[str, Any]] = field(default=())
    added: Sequence[Mapping[str, Any]] = field(default=())


def write_ranking(ranking: Ranking, folder: str | os.PathLike[str], style: Style = "plain") -> list[Path]:
    """Write `ranking.json`, and each figure as PDF and PNG.

    Returns:
        The files.

    Raises:
        DataError: there is nothing to rank.
        UnknownName: no such style.
    """
    if not ranking.permutation:
        raise DataError("no variable was ranked, so there is nothing to write")
    home = Path(folder)
    content = {name: getattr(ranking, name) for name in ("model", "auc", "permutation", "without", "added")}
    written = [write_text(home / "ranking.json", json.dumps(content, indent=1, allow_nan=False, default=list) + "\n")]
    for name, figure in ranking_figures(ranking, style).items():
        for suffix, options in ((".pdf", {"metadata": {"CreationDate": None}}), (".png", {"dpi": 200})):
            path = home / f"{name}{suffix}"
            with replacing(path) as scratch:
                figure.savefig(scratch, **options)
            written.append(path)
    return written


def ranking_figures(ranking: Ranking, style: Style = "plain") -> dict[str, Figure]:
    """`ranking`: loss of AUC by shuffling and by training without each variable; `added`: AUC with one more each time.

    Raises:
        UnknownName: no such style.
    """
    with styled(style):
        figures = {"ranking": _losses(ranking)}
        if len(ranking.added) > 1:
            figures["added"] = _added(ranking)
    return figures


def _losses(ranking: Ranking) -> Figure:
    names = [str(row["name"]) for row in ranking.permutation]
    places = np.arange(len(names))
    panels = 2 if len(ranking.without) > 1 else 1
    figure = _tall(len(names), panels)
    first, *more = np.atleast_1d(figure.subplots(1, panels, sharey=True))
    _bars(
        first, places, [row["drop"] for row in ranking.permutation], [row["spread"] for row in ranking.permutation], 0
    )
    first.set_yticks(places, [plain(name) for name in names])
    first.set_ylim(len(names) - 0.4, -0.6)
    first.set_xlabel("Loss of AUC, shuffled")
    for panel in more:
        rows = {str(row["name"]).removeprefix("without "): row for row in ranking.without[1:]}
        _bars(panel, places, [-rows[n]["change"] for n in names], [rows[n]["error"] for n in names], 1)
        panel.set_xlabel("Loss of AUC, trained without")
    figure.suptitle(f"{plain(ranking.model)}, AUC {ranking.auc:.4f}", x=0.98, ha="right", fontsize="medium")
    return figure


def _bars(ax: Axes, places: Any, values: Sequence[float], errors: Sequence[float], colour: int) -> None:
    ax.barh(places, values, 0.72, color=COLOURS[colour], alpha=0.75)
    ax.errorbar(values, places, xerr=errors, fmt="none", ecolor="black", elinewidth=1.1)
    ax.axvline(0, color="0.4", lw=0.8)
    ax.tick_params(axis="y", which="both", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _added(ranking: Ranking) -> Figure:
    """The last point is that of all variables, which stands first among the rows."""
    whole, *rows = ranking.added
    last = str(ranking.permutation[-1]["name"])
    names = [*(str(row["name"]).removeprefix("with ") for row in rows), last]
    values = np.array([row["auc"] for row in (*rows, whole)])
    spread = np.array([row["spread"] or 0.0 for row in (*rows, whole)])
    figure = _tall(len(names), 1)
    ax = figure.subplots()
    places = np.arange(len(names))
    ax.errorbar(values, places, xerr=spread, fmt="o-", color=COLOURS[0], ecolor="black", elinewidth=1.1)
    ax.set_yticks(places, [f"{'+ ' if i else ''}{plain(name)}" for i, name in enumerate(names)])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", which="both", length=0)
    ax.grid(axis="x", color="0.9")
    ax.set_xlabel("AUC of trainings with one more variable")
    figure.suptitle(plain(ranking.model), x=0.98, ha="right", fontsize="medium")
    return figure


def _tall(rows: int, panels: int) -> Figure:
    size = mpl.rcParams["font.size"] / 72  # inches
    return Figure(figsize=(13 * size + 19 * size * panels, (7 + 1.75 * rows) * size), layout="constrained")
