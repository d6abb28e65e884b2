"""Measured quantities against physicists' variables: shallow and deep learners on each, and on both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from kaon.datasets.base import Dataset
from kaon.errors import ConfigError
from kaon.evaluate import best_cut
from kaon.learn import Parts, RunConfig, TrainConfig
from kaon.registry import lookup
from kaon.report import RunRecord
from kaon.report.charts.chart import Chart
from kaon.report.charts.performance import roc
from kaon.report.charts.points import Series, points
from kaon.report.charts.sample import class_keys, inputs
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS, Column
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.feature_tables.benchmark import BENCHMARKS, Benchmark

__all__ = ["SETS", "VARIANTS", "feature_sets", "significance"]

SETS = ("low-level", "high-level", "complete")
SPLIT = (0.5, 0.1, 0.4)

_RATE, _RATES = 1e-3, {"nn": 1e-2}
"""Learning rates, found on validation events: one wide layer learns slowly at the rate that suits five."""

_AUC = next(c for c in COLUMNS if c.key == "auc")
_SIGNIFICANCE = Column(
    "significance", "Significance", +1, "best cut, 100 signal over 1000 ± 50 background events", unit="σ"
)
_COLUMNS = (
    _AUC,
    _SIGNIFICANCE,
    *(replace(c, hint=c.hint.replace("jet", "event")) for c in COLUMNS if c.key in ("parameters", "train_seconds")),
)


def feature_sets(dataset: Dataset, left_out: Sequence[str] = ()) -> dict[str, list[str]]:
    """Columns of each of `SETS`.

    Args:
        dataset: whose columns they are.
        left_out: those that nobody may read.
    """
    low, high = ([n for n in names if n not in left_out] for names in (dataset.low_level, dataset.high_level))
    return dict(zip(SETS, (low, high, low + high), strict=True))


def significance(runs: Sequence[RunRecord], published: float | None = None) -> Value:
    """Expected significance of the best cut: mean and spread over the seeds, and the statistical error of one.

    Args:
        runs: of one model.
        published: to stand beside.
    """
    tests = [p for run in runs if (p := run.labelled()) is not None]
    found = [best_cut(p, signal_events=100, background_events=1000, background_uncertainty=0.05) for p in tests]
    z = np.array([f.maximum.value for f in found])
    if not len(z) or not np.isfinite(z).all():
        return Value(seeds=len(z), published=published)
    spread = float(z.std(ddof=1)) if len(z) > 1 else None
    error = float(np.mean([f.maximum.error for f in found]))
    return Value(float(z.mean()), spread, len(z), error, published=published)


def run(benchmark: Benchmark, context: Context) -> Result:
    """Train every model on every feature set.

    Raises:
        ConfigError: more than one file of data.
    """
    dataset: Dataset = lookup("kaon.datasets", benchmark.dataset)
    parts, words = _events(benchmark, dataset, context)
    columns = feature_sets(dataset, benchmark.left_out)
    settings, chosen = context.scale.settings, context.chosen(benchmark.models)
    training = {m: _training(m, settings) for m in chosen}
    made = {}
    for name in SETS:
        options = {"features": columns[name], "missing": benchmark.missing}
        runs = [
            RunConfig(model=m, representation="tabular", representation_options=options, spectators=(), train=c)
            for m, c in training.items()
        ]
        made[name] = context.compare(parts, runs, name=name)
    cells = {(m, name): runs for name, found in made.items() for m, runs in found.models.items()}
    rows = [_row(benchmark, m, name, cells[m, name]) for m in chosen for name in SETS]
    everything = made["complete"]
    return Result(
        context.study,
        context.scale_name,
        benchmark.question,
        benchmark.source,
        _COLUMNS,
        rows,
        summary=_summary(chosen, {key: rows[i].values["auc"] for i, key in enumerate(_keys(chosen))}),
        notes=benchmark.notes,
        facts={
            "Events": f"{words}; {len(parts.train):,} to train, {len(parts.validation):,} to choose the epoch, "
            f"{len(parts.test):,} to test",
            "Features": ", ".join(f"{len(columns[name])} {name}" for name in SETS),
            "Epochs": str(settings["epochs"]),
            "Seeds": str(context.trainings),
            "Machine": machine(),
        },
        sections=[
            Section(
                "sets", "Who needs the physicists?", benchmark.lead, [_figure(benchmark, chosen, rows), roc(everything)]
            ),
            Section("inputs", "What do they look like?", "", inputs(everything), class_keys(everything)),
        ],
        pages={f"{name} features": f"{name}/report.html" for name in SETS},
        origins=origins(everything),
    )


def _training(model: str, settings: Mapping[str, int]) -> TrainConfig:
    rate = _RATES.get(model, _RATE)
    return TrainConfig(epochs=settings["epochs"], batch_size=settings["batch_size"], learning_rate=rate, threads=1)


def _events(benchmark: Benchmark, dataset: Dataset, context: Context) -> tuple[Parts, str]:
    """The parts, and what they are."""
    if not context.data:
        events = context.simulated(benchmark.recipe)
        words = f"{len(events):,} events of the recipe {benchmark.recipe}, a stand-in for {dataset.title}"
        return Parts.of(events, SPLIT, 0), words
    if len(context.data) > 1:
        raise ConfigError(f"--data names {len(context.data)} files; {benchmark.name} wants one, of {dataset.title}")
    whole = context.scale_name == "full"
    events = dataset.load(context.data[0], **({} if whole else {"limit": context.scale.events}))
    words = f"{len(events):,} events of {context.data[0]}"
    if whole and len(events) == dataset.rows:
        train, test = dataset.split(events)
        share = 100_000 / len(train)
        fit, choose = train.split((1 - share, share), 0)
        return Parts(fit, choose, test), words
    return Parts.of(events, SPLIT, 0), words


def _keys(models: Sequence[str]) -> list[tuple[str, str]]:
    return [(m, name) for m in models for name in SETS]


def _row(benchmark: Benchmark, model: str, name: str, runs: Sequence[RunRecord]) -> ResultRow:
    published = benchmark.published.get((model, name))
    auc = (None, None) if published is None else (published.auc, published.auc_spread)
    values = {c.key: measured(runs, c) for c in _COLUMNS if c is not _SIGNIFICANCE}
    values["auc"] = measured(runs, _AUC, published=auc[0], published_spread=auc[1])
    values["significance"] = significance(runs, None if published is None else published.significance)
    return ResultRow(f"{model}, {name}", values, model=model if name == "complete" else "")


def _summary(models: Sequence[str], auc: Mapping[tuple[str, str], Value]) -> list[str]:
    """Which set each model does better with, and what the other set adds: by the numbers and their spread."""
    said = []
    for model in models:
        low, high, both = (auc[model, name] for name in SETS)
        if low.obtained is None or high.obtained is None or both.obtained is None:
            continue
        more, less = ("low-level", "high-level") if low.obtained > high.obtained else ("high-level", "low-level")
        best, worst = max(low.obtained, high.obtained), min(low.obtained, high.obtained)
        how = f"better with the {more} features (AUC {best:.3f}) than with the {less} ones ({worst:.3f})"
        if not _apart(low, high):
            how = f"as well with the {less} features (AUC {worst:.3f}) as with the {more} ones ({best:.3f}), as far as "
            how += "the seeds tell"
        better = low if more == "low-level" else high
        said.append(f"{model} separates {how}; both together give {both.obtained:.3f}{_gain(both, better)}.")
    return said


def _apart(one: Value, other: Value) -> bool:
    """Whether two means differ by more than twice the spread of a difference; without spread, by anything."""
    spread = float(np.hypot(one.spread or 0.0, other.spread or 0.0))
    return abs((one.obtained or 0.0) - (other.obtained or 0.0)) > 2 * spread


def _gain(both: Value, best: Value) -> str:
    """Whether all features together are better than the better set, as far as the spread tells."""
    if both.spread is None:
        return ""
    gained = (both.obtained or 0.0) > (best.obtained or 0.0) and _apart(both, best)
    return ", a gain" if gained else ", no gain beyond the spread of the seeds"


def _figure(benchmark: Benchmark, models: Sequence[str], rows: Sequence[ResultRow]) -> Chart:
    values = {key: row.values["auc"] for key, row in zip(_keys(models), rows, strict=True)}
    series = []
    for number, model in enumerate(models, start=1):
        found = [values[model, name] for name in SETS]
        level = [np.nan if v.obtained is None else v.obtained for v in found]
        series.append(Series(model, SETS, level, [v.spread or 0.0 for v in found], f"series-{number}"))
        known = [benchmark.published.get((model, name)) for name in SETS]
        if any(known):
            shown = [np.nan if p is None else p.auc for p in known]
            series.append(Series(f"{model}, published", SETS, shown, (), f"series-{number}", "dash"))
    return points(
        "feature-sets",
        "Area under the ROC curve by feature set",
        "Bars are the spread over the seeds."
        + (" Dashed: as published, with millions of training events." if benchmark.published else ""),
        series,
        x="features",
        y="AUC",
    )


def _study(benchmark: Benchmark) -> Study:
    return Study(
        name=benchmark.name,
        question=benchmark.question,
        source=benchmark.source,
        scales={
            "smoke": Scale(200, 1, settings={"epochs": 1, "batch_size": 64}),
            "quick": Scale(benchmark.quick, 5, settings={"epochs": 40, "batch_size": 128}),
            "full": Scale(11_000_000, 5, settings={"epochs": 50, "batch_size": 1024}),
        },
        run=partial(run, benchmark),
        models=benchmark.models,
        recipes=(benchmark.recipe,),
        takes_data=f"a file of {lookup('kaon.datasets', benchmark.dataset).title}",
    )


VARIANTS = {benchmark.name: _study(benchmark) for benchmark in BENCHMARKS}
