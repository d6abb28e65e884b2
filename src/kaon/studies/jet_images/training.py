"""Several trainings on the same jets, each under a title of its own, and their scores on other jets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kaon.data import Events
from kaon.evaluate import significance_improvement
from kaon.learn import Parts, RunConfig
from kaon.learn.metrics import summary_metrics
from kaon.learn.run import execute_run
from kaon.learn.tagger import Tagger
from kaon.learn.tagger import load as load_tagger
from kaon.learn.train import Prepared, choose_representation, prepare
from kaon.report import Comparison, RunRecord, load
from kaon.report.study import Value
from kaon.studies.base import Context

__all__ = ["FIXED", "Trained", "improvement", "train_all", "variables"]

FIXED = ("likelihood", "bdt")
"""Models that the seed hardly changes: trained once."""


@dataclass(frozen=True)
class Trained:
    """Finished trainings on one sample.

    Args:
        comparison: their runs, the title in the place of the model's name.
        folders: of the runs of each title.
    """

    comparison: Comparison
    folders: Mapping[str, Sequence[Path]]

    def tagger(self, title: str) -> Tagger:
        """The first trained model of a title."""
        return load_tagger(self.folders[title][0] / "bundle.kaon")

    def on(self, events: Events, title: str, new: str) -> list[RunRecord]:
        """The models of a title on other events, under a new title.

        Args:
            events: labelled.
            title: of this comparison.
            new: of the records.
        """
        records = []
        for seed, folder in enumerate(self.folders[title]):
            made = load_tagger(folder / "bundle.kaon").predict(events)
            records.append(RunRecord(f"{new}-{seed}", new, seed, summary_metrics(made), predictions={"test": made}))
        return records


def train_all(context: Context, parts: Parts, configs: Mapping[str, RunConfig], name: str) -> Trained:
    """Train each configuration with every seed; finished runs are not repeated.

    Unlike `Context.compare`, one model may appear with several representations, each of which is made once.

    Args:
        context: of the study.
        parts: training, validation and test jets.
        configs: by title.
        name: of the folder for the runs.
    """
    wanted = [(t, c, seed) for t, c in configs.items() for seed in range(1 if c.model in FIXED else context.trainings)]
    made: dict[str, Prepared] = {}
    folders: dict[str, list[Path]] = {title: [] for title in configs}
    context.reporter.stage(f"training on {len(parts.train):,} jets: {name}")
    with context.reporter.trainings(len(wanted)) as follow:
        for title, base, seed in wanted:
            chosen = choose_representation(base.model, parts.train, base.representation)
            config = base.model_copy(
                update={"train": base.train.model_copy(update={"seed": seed}), "representation": chosen}
            )
            key = json.dumps([chosen, base.representation_options], sort_keys=True)
            if key not in made:
                fitted = prepare(chosen, base.representation_options, parts.train, parts.validation)
                made[key] = replace(fitted, test=fitted.representation.transform(parts.test))
            place = context.folder / name / "runs" / f"{_slug(title)}-seed{seed}"
            progress = follow(title, seed, None) if follow else None
            run = execute_run(config, parts, place, prepared=made[key], progress=progress)
            if follow:
                follow(title, seed, run)
            folders[title].append(place)
    runs = tuple(replace(load(folder).runs[0], model=title) for title, places in folders.items() for folder in places)
    sample = {
        "classes": list(parts.test.classes),
        "provenance": json.loads(json.dumps(asdict(parts.train.provenance), default=str)),
    }
    return Trained(Comparison(runs, sample), folders)


def variables(names: Sequence[str], model: str = "likelihood") -> RunConfig:
    """A model that reads observables of `kaon.represent.jet_features`.

    Args:
        names: of the observables.
        model: of one observable its likelihood ratio in bins, which is the best that can be done with it.
    """
    return RunConfig(model=model, representation="jet_features", representation_options={"observables": list(names)})


def improvement(runs: Sequence[RunRecord]) -> Value:
    """Largest significance improvement eps_S / sqrt(eps_B): mean and spread over the seeds, and the error of one."""
    found = [significance_improvement(p).maximum for run in runs if (p := run.labelled()) is not None]
    values = np.array([f.value for f in found])
    if not len(values) or not np.isfinite(values).all():
        return Value(seeds=len(values))
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return Value(float(values.mean()), spread, len(values), float(np.mean([f.error for f in found])))


def _slug(title: str) -> str:
    """As part of a folder's name.

    >>> _slug("CNN, colour (3 × 3)")
    'cnn-colour-3-3'
    """
    plain: Any = title.lower().replace("τ", "tau")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
