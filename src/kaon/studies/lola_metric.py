"""Does a network that may choose its metric find Minkowski's?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.learn import Parts, RunConfig
from kaon.learn.config import TrainConfig
from kaon.learn.tagger import load
from kaon.report.charts.performance import roc
from kaon.report.charts.points import Series, points
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS, Column
from kaon.studies.base import Context, Scale, Study, machine, together

__all__ = ["MINKOWSKI", "VARIANTS", "normalised"]

QUESTION = "Does a network that may choose its metric find Minkowski's?"
SOURCE = "Butter, Kasieczka, Plehn, Russell, SciPost Phys. 5 (2018) 028, arXiv:1707.08966"
MODELS = ("lola",)
COMPONENTS = ("E", "px", "py", "pz")
MINKOWSKI = (1.0, -1.0, -1.0, -1.0)
"""What the paper says the network learns, up to a common factor."""
START = (1.0, 0.0, 0.0, 0.0)
"""Where the metric sets out: it knows that energy is not momentum, and neither a sign nor a size of the rest."""
SPLIT = (0.6, 0.1, 0.3)

_LEARNED, _FIXED = "learned metric", "Minkowski's metric"
_AUC, _REJECTION = (next(c for c in COLUMNS if c.key == key) for key in ("auc", "rejection_30"))
_METRIC = tuple(
    Column(f"g_{name}", f"g<sub>{name}</sub>", 0, f"diagonal element of {name}, normalised", decimals=3)
    for name in COMPONENTS
)


def normalised(diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
    """A diagonal metric with the common factor taken away that no invariant depends on.

    The factor makes the mean of the absolute values one and g_E positive. (Zeros stay zeros.)

    >>> normalised(np.array([-2.0, 2.0, 2.0, 2.0])).tolist()
    [1.0, -1.0, -1.0, -1.0]
    """
    size = np.abs(diagonal).mean()
    return diagonal / (size if size > 0 else 1.0) * (-1.0 if diagonal[0] < 0 else 1.0) + 0.0


def run(context: Context) -> Result:
    """Train LoLa with a free diagonal metric and with the right one; read the free one off the trained networks."""
    events = context.simulated("top-tagging")
    parts = Parts.of(events, SPLIT, 0)
    context.chosen(MODELS)
    settings = context.scale.settings
    config = TrainConfig(epochs=settings["epochs"], batch_size=64, learning_rate=settings["learning_rate"])
    sizes, free = settings["sizes"], {"metric": "learned", "start": list(START)}
    made = {
        title: context.compare(parts, [RunConfig(model="lola", options=sizes | options, train=config)], name=name)
        for title, name, options in ((_LEARNED, "learned", free), (_FIXED, "fixed", {"metric": "fixed"}))
    }
    joined = together(made)
    metrics = np.stack([_metric(context.folder / "learned" / "runs" / r.name) for r in made[_LEARNED].runs])
    rows = [
        ResultRow(
            title,
            {c.key: measured(runs, c) for c in (_AUC, _REJECTION)} | (_elements(metrics) if title == _LEARNED else {}),
            model=title,
        )
        for title, runs in joined.models.items()
    ]
    rows += [
        ResultRow(f"seed {r.seed}", {c.key: Value(float(g)) for c, g in zip(_METRIC, row, strict=True)})
        for r, row in zip(made[_LEARNED].runs, metrics, strict=True)
    ]
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        (*_METRIC, _AUC, _REJECTION),
        rows,
        summary=[_sentence(metrics)],
        notes=_NOTES,
        facts={
            "Events": f"{len(events):,} simulated jets, half top, half QCD; {len(parts.train):,} to train, "
            f"{len(parts.test):,} to test",
            "Network": ", ".join(f"{name} = {value}" for name, value in sizes.items()),
            "Training": f"{config.epochs} epochs, mini-batches of {config.batch_size}, learning rate at most "
            f"{config.learning_rate:g}",
            "Seeds": str(context.trainings),
            "Machine": machine(),
        },
        sections=[Section("metric", "What does it choose?", _LEAD, [_chart(metrics), roc(joined)])],
        pages={"Learned metric": "learned/report.html", "Minkowski's metric": "fixed/report.html"},
        origins=origins(joined),
    )


def _metric(folder: Path) -> NDArray[np.float64]:
    model: Any = load(folder / "bundle.kaon").model  # LoLa is one of the registered models, which studies know by name
    return normalised(np.asarray(model.metric_diagonal, np.float64))


def _elements(metrics: NDArray[np.float64]) -> dict[str, Value]:
    spread = metrics.std(0, ddof=1) if len(metrics) > 1 else [None] * len(COMPONENTS)
    return {
        column.key: Value(float(mean), None if s is None else float(s), len(metrics), published=exact)
        for column, mean, s, exact in zip(_METRIC, metrics.mean(0), spread, MINKOWSKI, strict=True)
    }


def _sentence(metrics: NDArray[np.float64]) -> str:
    mean = metrics.mean(0)
    far = float(np.abs(mean - MINKOWSKI).max())
    signs = "has" if (np.sign(metrics) == np.sign(MINKOWSKI)).all() else "does not always have"
    return (
        f"The learned diagonal is ({', '.join(f'{g:+.3f}' for g in mean)}), normalised to a mean size of one; "
        f"it {signs} the signs of (+, −, −, −), and its largest distance from ±1 is {far:.2g}."
    )


def _chart(metrics: NDArray[np.float64]) -> Any:
    names: Sequence[str] = COMPONENTS
    series = [
        Series("Minkowski", names, MINKOWSKI, colour="faint", mark="bar"),
        *(
            Series(f"seed {i}", names, row.tolist(), colour=f"series-{i % 6 + 1}", mark="point")
            for i, row in enumerate(metrics)
        ),
    ]
    return points(
        "metric",
        "The learned metric",
        "Bars: diag(1, −1, −1, −1). Points: the diagonal that each training ended with, divided by the mean of its "
        "absolute values and by the sign of its first element, on which nothing depends.",
        series,
        x="component of the four-momentum",
        y="diagonal element of the metric",
    )


_LEAD = (
    "LoLa finds g₀E² + g₁px² + g₂py² + g₃pz² of each constituent, of learned combinations and of their differences. "
    "If the four g are free to train, nothing but the data can tell it that masses are invariant."
)
_NOTES = (
    "The paper reports Minkowski's metric up to a common factor, which is what stands as published. Every training "
    "sets out from diag(1, 0, 0, 0), which knows that energy is not momentum, but no sign and no size of the rest. "
    "From diag(1, 1, 1, 1) trainings of this size stay where they are: so far from Minkowski's metric every squared "
    "length is that of the energy, and nothing pulls.",
    "Short of the full scale there are fewer constituents and combinations than by default (80 and 19), which makes a "
    "training short enough for two cores. More jets shrink the spread over the seeds.",
)

VARIANTS = {
    "lola-metric": Study(
        name="lola-metric",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(160, 2, settings={"epochs": 2, "learning_rate": 1e-2, "sizes": {"N": 20, "M": 5}}),
            "quick": Scale(10_000, 3, settings={"epochs": 40, "learning_rate": 1e-2, "sizes": {"N": 20, "M": 9}}),
            "full": Scale(1_000_000, 5, settings={"epochs": 30, "learning_rate": 3e-3, "sizes": {"N": 80, "M": 19}}),
        },
        run=run,
        models=MODELS,
        recipes=("top-tagging",),
    )
}
