"""Do deep networks keep gaining with data?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from kaon.data import Events
from kaon.datasets.uci_higgs import FEATURES, UCI_HIGGS
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.learn import Parts, RunConfig, TrainConfig, execute_run
from kaon.learn.run import write_json
from kaon.learn.sample import sample_summary
from kaon.report import Comparison, load, write_page
from kaon.report.charts.chart import Chart
from kaon.report.charts.performance import roc
from kaon.report.charts.points import Series, points
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value
from kaon.report.table import Column
from kaon.studies.base import Context, Scale, Study, machine

__all__ = ["VARIANTS", "Exponent", "exponent", "sizes", "slopes"]

QUESTION = "Do deep networks keep gaining with data?"
SOURCE = (
    "a claim of the lectures on deep learning, shown or not; events and networks after Baldi, Sadowski, Whiteson, "
    "Nature Commun. 5 (2014) 4308, arXiv:1402.4735"
)
MODELS = ("bdt", "nn", "dn")
TEST, VALIDATION = 0.3, 0.2
_RESAMPLES = 50
_LEVEL = 0.95


def sizes(available: int, first: int, per_decade: int) -> list[int]:
    """Numbers of training events in equal steps of their logarithm.

    >>> sizes(12_000, 1000, 3)
    [1000, 2154, 4642, 10000]
    """
    count = math.floor(per_decade * math.log10(available / first) + 1e-9) + 1 if available >= first else 0
    return [round(first * 10 ** (k / per_decade)) for k in range(count)]


def slopes(events: Sequence[int], area: ArrayLike, resolution: float = 0.0) -> NDArray[np.float64]:
    """Exponents alpha of 1 - AUC ~ N^-alpha over the last decade of N, by least squares in the logarithms.

    The AUC is bounded, so that its own slope would say less of a good model than of a bad one.

    Args:
        events: N, (sizes,), rising.
        area: AUC, (..., sizes).
        resolution: smallest 1 - AUC that the test events can tell from 0.

    Returns:
        (...,); NaN where the last decade has a single size.
    """
    n = np.log10(np.asarray(events, np.float64))
    last = n >= n[-1] - 1 - 1e-3  # sizes are rounded
    x = n[last] - n[last].mean()
    missing = np.log10(np.maximum(1 - np.asarray(area, np.float64)[..., last], max(resolution, 1e-12)))
    return np.asarray(-(missing @ x) / np.where(last.sum() > 1, x @ x, np.nan))


@dataclass(frozen=True)
class Exponent:
    """A value with the half width of its 95% interval; None where the seeds are too few to tell."""

    value: float
    half: float | None

    @property
    def sign(self) -> int | None:
        """+1 or -1 where the interval leaves 0 out, 0 where it does not, None where it is not known."""
        if self.half is None or not math.isfinite(self.value):
            return None
        return int(np.sign(self.value)) if abs(self.value) > self.half else 0

    def __str__(self) -> str:
        return f"{self.value:.3f}" + ("" if self.half is None else f" ± {self.half:.3f}")


def exponent(by_seed: NDArray[np.float64], resampled: NDArray[np.float64]) -> Exponent:
    """Mean over the seeds, with the uncertainty of seeds and of test events.

    Each seed is a training sample and a training of its own, so that their mean has Student's distribution; that of
    the test events, which all share, comes from resampling them.

    Args:
        by_seed: exponents, (seeds,).
        resampled: their mean on resampled test events, (resamples,).
    """
    mean, count = float(by_seed.mean()), len(by_seed)
    if count < 2 or not math.isfinite(mean):
        return Exponent(mean, None)
    tail = (1 + _LEVEL) / 2
    trained = float(student.ppf(tail, count - 1)) * float(by_seed.std(ddof=1)) / math.sqrt(count)
    return Exponent(mean, math.hypot(trained, 1.96 * float(resampled.std(ddof=1))))


def run(context: Context) -> Result:
    """Train each model on more and more events, and see how the area above its ROC curve shrinks.

    Raises:
        ConfigError: more than one file of data.
        DataError: too few events.
    """
    pool, test, words = _events(context)
    settings, chosen = context.scale.settings, context.chosen(MODELS)
    wanted = sizes(len(pool), settings["first"], settings["per_decade"])
    if len(wanted) < 2:
        least = settings["first"] * 10 ** (1 / settings["per_decade"])
        raise DataError(f"{len(pool)} training events are too few; two sizes need at least {least:.0f}")
    made = {n: _trained(context, pool, test, n, chosen) for n in wanted}
    area, seconds, resamples = _areas(chosen, list(made.values()))
    pairs = float(np.prod(np.bincount(test.labels, minlength=2)))
    by_seed = {m: slopes(wanted, area[m], 0.5 / pairs) for m in chosen}
    drawn = {m: slopes(wanted, resamples[m], 0.5 / pairs).mean(1) for m in chosen}
    found = {m: exponent(by_seed[m], drawn[m]) for m in chosen}
    others = [m for m in chosen if m != "dn"] if "dn" in chosen else []
    against = {m: exponent(by_seed["dn"] - by_seed[m], drawn["dn"] - drawn[m]) for m in others}
    largest = made[wanted[-1]]
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _columns(wanted),
        [_row(m, wanted, area[m], seconds[m], found[m]) for m in chosen],
        summary=_summary(wanted, area, found, against),
        notes=_NOTES,
        facts={
            "Events": f"{words}; {len(pool):,} to train, {len(test):,} to test",
            "Features": f"all {len(FEATURES)}",
            "Epochs": ", ".join(f"{_epochs(n, settings)} of {n:,} events" for n in wanted),
            "Seeds": f"{context.trainings}, each with training events of its own",
            "Machine": machine(),
        },
        sections=[
            Section("scaling", "What are ten times the events worth?", _LEAD, _figures(wanted, area, found)),
            Section("curves", f"With {wanted[-1]:,} events", "", [roc(largest)]),
        ],
        pages={f"{n:,} events": f"{_slug(n)}/report.html" for n in wanted},
        origins=origins(largest),
    )


def _events(context: Context) -> tuple[Events, Events, str]:
    """Those to train with, those to test with, and what they are."""
    if not context.data:
        events = context.simulated("higgs")
        words = f"{len(events):,} events of the recipe higgs, a stand-in for {UCI_HIGGS.title}"
    elif len(context.data) > 1:
        raise ConfigError(f"--data names {len(context.data)} files; data-scaling wants one, of {UCI_HIGGS.title}")
    else:
        whole = context.scale_name == "full"
        events = UCI_HIGGS.load(context.data[0], **({} if whole else {"limit": context.scale.events}))
        words = f"{len(events):,} events of {context.data[0]}"
        if len(events) == UCI_HIGGS.rows:
            train, test = UCI_HIGGS.split(events)
            return train, test, words
    train, test = events.split((1 - TEST, TEST), 0)
    return train, test, words


def _epochs(events: int, settings: Mapping[str, int]) -> int:
    """Few events are seen more often, so that small samples are not undertrained; the best epoch counts anyway."""
    steps = max(round(events * (1 - VALIDATION) / settings["batch_size"]), 1)
    return min(settings["most_epochs"], max(settings["least_epochs"], -(-settings["updates"] // steps)))


def _trained(context: Context, pool: Events, test: Events, count: int, models: Sequence[str]) -> Comparison:
    """Every model, trained on so many events; each seed draws its own."""
    home, settings = context.folder / _slug(count), context.scale.settings
    seeds = range(context.trainings)
    write_json(
        home / "comparison.json",
        {"models": list(models), "seeds": list(seeds), "source": pool.provenance.source},
    )
    write_json(home / "sample.json", sample_summary(pool))
    context.reporter.stage(f"training with {count:,} events")
    with context.reporter.trainings(len(models) * context.trainings) as follow:
        for model, seed in ((m, s) for m in models for s in seeds):
            config = RunConfig(
                model=model,
                representation="tabular",
                representation_options={"features": list(FEATURES)},
                spectators=(),
                train=TrainConfig(
                    epochs=_epochs(count, settings),
                    batch_size=settings["batch_size"],
                    learning_rate=_RATES.get(model, _RATE),
                    threads=1,
                    seed=seed,
                ),
            )
            order = np.random.default_rng([seed, 1]).permutation(len(pool))[:count]
            kept = round(count * VALIDATION)
            parts = Parts(pool.take(order[kept:]), pool.take(order[:kept]), test)
            progress = follow(model, seed, None) if follow else None
            finished = execute_run(config, parts, home / "runs" / f"{model}-seed{seed}", progress=progress)
            if follow:
                follow(model, seed, finished)
    comparison = load(home)
    write_page(comparison, home / "report.html")
    return comparison


_Area: TypeAlias = NDArray[np.float64]
_Areas: TypeAlias = dict[str, _Area]


def _areas(models: Sequence[str], made: Sequence[Comparison]) -> tuple[_Areas, _Areas, _Areas]:
    """AUC (seeds, sizes), training time (seeds, sizes), and AUC on resampled test events (resamples, seeds, sizes)."""
    tests = {
        m: [[p for run in comparison.models[m] if (p := run.labelled()) is not None] for comparison in made]
        for m in models
    }
    one = tests[models[0]][0][0]
    weights = list(_resampled(one.weights, one.labels))
    area, drawn = {}, {}
    for m, by_size in tests.items():
        area[m] = np.array([[auc(p) for p in column] for column in by_size]).T
        drawn[m] = np.array(
            [[[auc(p.score, p.labels, w) for p in column] for column in by_size] for w in weights]
        ).transpose(0, 2, 1)
    seconds = {m: np.array([[r.metrics["train_seconds"] for r in c.models[m]] for c in made]).T for m in models}
    return area, seconds, drawn


def _resampled(weight: NDArray[np.float64], label: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    """Weights of the events of a bootstrap sample, with Poisson's numbers of each; the same for all models."""
    random = np.random.default_rng(0)
    made = 0
    while made < _RESAMPLES:
        drawn = weight * random.poisson(1, len(weight))
        if all(drawn[label == c].sum() > 0 for c in (0, 1)):
            made += 1
            yield drawn


def _columns(wanted: Sequence[int]) -> list[Column]:
    return [
        *(Column(f"auc_{n}", f"AUC,<br>{n:,} events", +1, "mean over the seeds", decimals=4) for n in wanted),
        Column("exponent", "α", 0, "1 − AUC falls as the number of events to −α; 95% interval", decimals=3),
        Column("seconds", "training [s]", -1, f"with {wanted[-1]:,} events"),
    ]


def _row(model: str, wanted: Sequence[int], area: _Area, seconds: _Area, found: Exponent) -> ResultRow:
    count = len(area)

    def value(x: _Area) -> Value:
        return Value(float(x.mean()), float(x.std(ddof=1)) if count > 1 else None, count)

    values = {f"auc_{n}": value(area[:, i]) for i, n in enumerate(wanted)}
    values["exponent"] = Value(found.value if math.isfinite(found.value) else None, found.half, count)
    values["seconds"] = value(seconds[:, -1])
    return ResultRow(model, values, model=model)


def _figures(wanted: Sequence[int], area: _Areas, found: Mapping[str, Exponent]) -> list[Chart]:
    curves, missing = [], []
    decade = [n for n in wanted if n >= wanted[-1] / 10.01]
    for number, (model, values) in enumerate(area.items(), start=1):
        colour = f"series-{number}"
        spread = values.std(0, ddof=1).tolist() if len(values) > 1 else ()
        curves.append(Series(model, wanted, values.mean(0).tolist(), spread, colour))
        missing.append(Series(model, wanted, (1 - values.mean(0)).tolist(), spread, colour, "point"))
        level = np.log10(np.maximum(1 - values[:, -len(decade) :], 1e-12)).mean()
        middle = np.log10(decade).mean()
        line = [10 ** (level - found[model].value * (math.log10(n) - middle)) for n in decade]
        missing.append(Series(f"N^−{found[model]}", decade, line, (), colour, "dash"))
    return [
        points(
            "auc",
            "Area under the ROC curve",
            "Bars are the spread over the seeds, which differ in training events and initial weights; all points share "
            "their test events.",
            curves,
            x="training events",
            y="AUC",
            logarithmic_x=True,
        ),
        points(
            "missing",
            "What is missing to a perfect separation",
            "1 − AUC on two logarithmic axes, where a power law is a line; dashed: the fit to the last factor of ten, "
            "with the 95% interval of its exponent.",
            missing,
            x="training events",
            y="1 − AUC",
            logarithmic=True,
            logarithmic_x=True,
        ),
    ]


def _summary(
    wanted: Sequence[int], area: _Areas, found: Mapping[str, Exponent], against: Mapping[str, Exponent]
) -> list[str]:
    """The answer, from intervals and nothing else."""
    first = next(n for n in wanted if n >= wanted[-1] / 10.01)
    said = []
    if (deep := found.get("dn")) is not None:
        reach = f"from {first:,} to {wanted[-1]:,} events its 1 − AUC falls as N^−α with α = {deep}"
        said.append(f"{_VERDICT[deep.sign]}: {reach}{'' if deep.half is None else ' (95%)'}.")
    said += [
        f"{m} goes from an AUC of {values.mean(0)[list(wanted).index(first)]:.4f} to {values.mean(0)[-1]:.4f}"
        + (f", α = {found[m]}." if m != "dn" else ".")
        for m, values in area.items()
    ]
    said += [f"The deep network gains {_FASTER[d.sign]} than {m}: difference of α {d}." for m, d in against.items()]
    best = max(area, key=lambda m: float(area[m].mean(0)[-1]))
    return [*said, f"With {wanted[-1]:,} events the largest mean AUC is that of {best}."]


def _slug(count: int) -> str:
    return f"{count}-events"


_VERDICT = {
    1: "Yes, the deep network keeps gaining",
    0: "Not shown: whether the deep network still gains is within the uncertainty",
    -1: "No, the deep network gets worse with more data",
    None: "One training of each says nothing certain of the deep network",
}
_FASTER = {1: "faster", 0: "neither measurably faster nor slower", -1: "more slowly", None: "perhaps differently"}
_LEAD = (
    "The same test events for all. Of the training events a fifth chooses the best epoch (or the number of trees), as "
    "an analyst with so many events would have to do it. Each seed draws its own training events, and its larger "
    "samples contain its smaller ones."
)
_NOTES = (
    "The exponents hold for the range of N that they were measured in. A power law describes this range, if it does; "
    "further on the physics sets a floor, and nothing here says where it is.",
    "Where the largest sample takes most of the available events, the seeds share most of their training events, and "
    "their spread understates what another sample would change.",
    "Networks and trees have fixed hyper-parameters. Tuned for each number of events, any of them might do better, and "
    "more so at some sizes than at others; nothing here says how much.",
)

_RATE, _RATES = 1e-3, {"nn": 1e-2}
"""One wide layer learns slowly at the rate that suits five."""
_TRAINING = {"batch_size": 100, "updates": 2000, "least_epochs": 10, "most_epochs": 50}
_SMALL = {"first": 60, "per_decade": 3, "updates": 4, "least_epochs": 2}

VARIANTS = {
    "data-scaling": Study(
        name="data-scaling",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(300, 2, settings={**_TRAINING, **_SMALL}),
            "quick": Scale(16_000, 3, settings={**_TRAINING, "first": 1000, "per_decade": 3}),
            "full": Scale(11_000_000, 5, settings={**_TRAINING, "first": 1000, "per_decade": 2, "batch_size": 256}),
        },
        run=run,
        models=MODELS,
        recipes=("higgs",),
        takes_data=f"a file of {UCI_HIGGS.title}",
    )
}
