"""The machine learning landscape of top taggers: every tagger on the same jets, judged by the same code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from kaon.errors import ConfigError
from kaon.evaluate import background_rejection
from kaon.learn import Parts, Run
from kaon.learn.run import write_json
from kaon.learn.stacking import stack
from kaon.registry import origin, variants
from kaon.report import Comparison, RunRecord, load, write_page
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS
from kaon.report.words import headline
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.landscape.figures import correlations, curves, ensemble, scaling
from kaon.studies.landscape.notes import facts, notes
from kaon.studies.landscape.sample import RECIPE, Sample, sample_of
from kaon.studies.landscape.taggers import GOAT, TAGGERS, Tagger

__all__ = ["LANDSCAPE", "VARIANTS", "run"]

_FEWEST = 2
"""Taggers below GoaT."""
_CHECKED = 2_000
"""Validation jets that are left, if there are as many, when there are fewer training jets."""


def run(context: Context) -> Result:
    """Train all taggers that are there, GoaT over them, and put them into one table.

    Raises:
        ConfigError: none of the wanted taggers is there, or not three files of data.
    """
    wanted = context.chosen(LANDSCAPE.models)
    known = variants("kaon.models")
    taggers = [t for t in TAGGERS if t.model in wanted and t.model in known]
    if not taggers:
        raise ConfigError(f"there is nothing to compare among {', '.join(wanted)}; name at least one tagger")
    sample = sample_of(context)
    comparison = _compare(context, sample, taggers, known)
    if GOAT.model in wanted and sum(t.stacked for t in taggers) >= _FEWEST:
        comparison = _with_goat(context, sample, taggers, comparison)
    page = context.folder / "comparison" / "report.html"
    context.reporter.stage("drawing")
    write_page(comparison, page)
    learned = _scaling(context, sample, taggers, comparison)
    everyone = {t.model: t for t in (*TAGGERS, GOAT)}
    rows = [_row(everyone[m], comparison, context) for m in comparison.models]
    return Result(
        study=context.study,
        scale=context.scale_name,
        question=LANDSCAPE.question,
        source=LANDSCAPE.source,
        columns=_COLUMNS,
        rows=rows,
        summary=headline(comparison),
        notes=notes(context, sample, taggers, comparison, learned),
        facts={**facts(sample, comparison), "Machine": machine()},
        sections=_sections(comparison, learned),
        pages={"every training in detail": "comparison/report.html"},
        origins=origins(comparison),
    )


def _seeds(tagger: Tagger, context: Context) -> int:
    return tagger.effort(context.scale_name).seeds if context.seeds is None else context.seeds


def _compare(context: Context, sample: Sample, taggers: list[Tagger], known: Mapping[str, Any]) -> Comparison:
    """Train all single taggers, those of one representation after each other."""
    order = sorted(taggers, key=lambda t: origin(known[t.model]).representations[0])
    cap = context.scale.settings["batch_size"]
    configs = [t.config(context.scale_name, cap, data=sample.data) for t in order]
    context.reporter.stage(f"{len(taggers)} taggers: {sample.told()}")
    context.compare(sample.parts, configs, seeds={t.model: _seeds(t, context) for t in taggers}, page=False)
    return _ordered(context, [t.model for t in taggers])


def _ordered(context: Context, models: list[str]) -> Comparison:
    """The runs on disk, in the order of the table."""
    home = context.folder / "comparison"
    noted = home / "comparison.json"
    write_json(noted, {**json.loads(noted.read_text()), "models": models})
    return load(home)


def _with_goat(context: Context, sample: Sample, taggers: list[Tagger], comparison: Comparison) -> Comparison:
    """Train GoaT over the scores of the others on the held-out jets."""
    home = context.folder / "comparison"
    config = GOAT.config(context.scale_name, context.scale.settings["batch_size"], data=sample.data)
    count = _seeds(GOAT, context)
    context.reporter.stage(f"GoaT on {len(sample.held_out):,} jets that no other tagger has seen")
    with context.reporter.trainings(count) as follow:
        for seed in range(count):
            level = {}
            for tagger in taggers:
                if tagger.stacked:
                    # The training of the same seed; the last one of taggers that were trained less often.
                    runs = comparison.models[tagger.model]
                    record = runs[min(seed, len(runs) - 1)]
                    level[tagger.model] = Run(home / "runs" / record.name, record.metrics)
            own = config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})})
            progress = follow(GOAT.model, seed, None) if follow else None
            place = home / "runs" / f"{GOAT.model}-seed{seed}"
            _forget_others(place, level)
            made = stack(level, sample.parts, sample.held_out, own, place, progress=progress)
            if follow:
                follow(GOAT.model, seed, made)
    return _ordered(context, [*comparison.models, GOAT.model])


def _forget_others(place: Path, level: Mapping[str, Run]) -> None:
    """Remove a GoaT over other trainings than now: there are more taggers, or more seeds; it is trained in seconds."""
    noted = place / "config.yaml"
    now = {name: run.folder.name for name, run in level.items()}
    if noted.exists() and yaml.safe_load(noted.read_text())["data"].get("stacked") != now:
        shutil.rmtree(place)


def _scaling(
    context: Context, sample: Sample, taggers: list[Tagger], comparison: Comparison
) -> dict[str, dict[int, float]]:
    """AUC by the number of training jets, of a few light taggers: as many steps each, so that only the jets differ."""
    chosen = [t for t in taggers if t.model in context.scale.settings["scaling_models"]]
    train = sample.parts.train
    found: dict[str, dict[int, float]] = {t.model: {} for t in chosen}
    for share in context.scale.settings["scaling"] if chosen else ():
        count = round(len(train) * share)
        context.reporter.stage(f"the same with {count:,} training jets")
        # Few jets make many epochs, each of which looks at the validation jets.
        validation = sample.parts.validation
        validation = validation.take(slice(0, max(round(len(validation) * share), min(len(validation), _CHECKED))))
        few = Parts(train.take(slice(0, count)), validation, sample.parts.test)
        configs = [_longer(t, context, share, sample) for t in chosen]
        less = context.compare(few, configs, seeds=1, name=f"scaling/{count}", page=False)
        for model, runs in less.models.items():
            if (area := runs[0].metrics.get("auc")) is not None:
                found[model][count] = area
    for model, points in found.items():
        area = comparison.models[model][0].metrics.get("auc")
        if area is not None:
            points[len(train)] = area
    return found


def _longer(tagger: Tagger, context: Context, share: float, sample: Sample) -> Any:
    config = tagger.config(context.scale_name, context.scale.settings["batch_size"], data=sample.data)
    epochs = max(1, round(config.train.epochs / share))
    return config.model_copy(update={"train": config.train.model_copy(update={"epochs": epochs})})


_REJECTION = next(c for c in COLUMNS if c.key == "rejection_30")
_ENSEMBLE = replace(
    _REJECTION,
    key="rejection_30_ensemble",
    title=f"{_REJECTION.title}<br>ensemble",
    hint="the same for the mean of the scores of all trainings",
    decimals=0,
)
_COLUMNS = tuple(
    column
    for own in COLUMNS
    for column in (
        (replace(own, decimals=0), _ENSEMBLE) if own is _REJECTION
        else (replace(own, decimals=0),) if own.efficiency is not None
        else (own,)
    )
)  # fmt: skip


def _row(tagger: Tagger, comparison: Comparison, context: Context) -> ResultRow:
    runs = comparison.models[tagger.model]
    values = {}
    for column in _COLUMNS:
        said = tagger.published.get(column.key)
        found = _ensemble(runs) if column is _ENSEMBLE else measured(runs, column)
        if said is not None:
            found = replace(found, published=said.value, published_spread=said.spread, source=said.source)
        values[column.key] = found
    epochs = tagger.effort(context.scale_name).epochs
    told = f"{len(runs)} seed{'s' if len(runs) > 1 else ''}"
    return ResultRow(tagger.model, values, told if epochs == 1 else f"{epochs} epochs, {told}", tagger.model)


def _ensemble(runs: Sequence[RunRecord]) -> Value:
    """The rejection of the mean score, where there is more than one to take the mean of."""
    mean = ensemble(runs) if len(runs) > 1 else None
    if mean is None:
        return Value(seeds=len(runs))
    found = background_rejection(mean, signal_efficiency=_REJECTION.efficiency or 0.3)
    if not np.isfinite(found.value):
        return Value(seeds=len(runs), limit=found.lower)
    return Value(found.value, seeds=len(runs), error=found.error)


def _sections(comparison: Comparison, learned: dict[str, dict[int, float]]) -> list[Section]:
    made = [
        Section(
            "separation",
            "How much background survives?",
            "All taggers on the same test jets, which no training has seen.",
            [curves(comparison)],
        )
    ]
    matrices = correlations(comparison)
    if matrices:
        made.append(
            Section(
                "agreement",
                "Do they see the same?",
                "Taggers that rank the jets of one class alike have learned alike, however different they are built.",
                matrices,
            )
        )
    made.append(
        Section(
            "scaling",
            "What would more data change?",
            "Light taggers trained on a part of the training jets.",
            [scaling(learned, list(comparison.models))],
        )
    )
    return made


LANDSCAPE = Study(
    name="landscape",
    question="Which network can best tell top jets from QCD jets?",
    source="Butter et al., The Machine Learning landscape of top taggers, SciPost Phys. 7 (2019) 014, arXiv:1902.09914",
    scales={
        "smoke": Scale(
            400,
            minutes=2,
            settings={"batch_size": 64, "scaling": (0.5,), "scaling_models": ("topodnn", "pfn")},
        ),
        "quick": Scale(
            10_000,
            2,
            minutes=30,
            settings={
                "batch_size": 64,
                "scaling": (0.125, 0.25, 0.5),
                "scaling_models": ("topodnn", "nsubjettiness_8", "efn", "pfn"),
            },
        ),
        "full": Scale(
            2_000_000,
            5,
            settings={
                "batch_size": None,
                "scaling": (0.01, 0.1),
                "scaling_models": ("topodnn", "nsubjettiness_8", "efn", "pfn"),
            },
        ),
    },
    run=run,
    models=(*(t.model for t in TAGGERS), GOAT.model),
    recipes=(RECIPE,),
    takes_data="three files: training, validation and test",
)

VARIANTS = {LANDSCAPE.name: LANDSCAPE}
