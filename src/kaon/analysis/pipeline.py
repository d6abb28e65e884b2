"""The whole analysis: from a configuration to numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.config import AnalysisConfig, load_config
from kaon.analysis.entries import DATA
from kaon.analysis.estimates import estimated
from kaon.analysis.fit import FitResult, fit
from kaon.analysis.measure import NOMINAL, YIELD, Measured, Progress, Step, expressions, measure
from kaon.analysis.samples import Sample, samples_of
from kaon.analysis.scores import Scorer, Trainings, read_scorer, train_scorer
from kaon.analysis.templates import Statistical, Templates, uncertain
from kaon.analysis.variations import Varied, varied, varied_samples, varied_weights
from kaon.data.cuts import parse
from kaon.data.provenance import software_versions
from kaon.errors import ConfigError, KaonWarning
from kaon.extras import require

__all__ = ["Analysis", "analyse"]


@dataclass(frozen=True, eq=False)
class Analysis:
    """The result of an analysis.

    Args:
        config: as it was run.
        cut_flow: process, or `data` -> lines of its cut flow: of the selection, then of each region.
        templates: every histogram, with the estimates applied.
        simulated: the same before.
        factors: estimate -> region -> the factor that was measured for it, (1,).
        fit: the likelihood; None if the configuration has no fit.
        scorers: the models of the scores.
        provenance: versions, and of each sample its files, its entries and the scale of its weights.
    """

    config: AnalysisConfig
    cut_flow: Mapping[str, tuple[Step, ...]]
    templates: Templates
    simulated: Templates
    factors: Mapping[str, Mapping[str, Uncertain]] = field(default_factory=dict)
    fit: FitResult | None = None
    scorers: tuple[Scorer, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def yields(self) -> dict[str, dict[str, Uncertain]]:
        """Region -> process, estimate or `data` -> number of events, (1,)."""
        return {region: dict(found) for region, found in self.templates.histograms[YIELD].items()}

    @property
    def histograms(self) -> dict[str, dict[str, dict[str, Uncertain]]]:
        """Region -> histogram -> process, estimate or `data` -> bins."""
        every = {h: regions for h, regions in self.templates.histograms.items() if h != YIELD}
        return {region: {h: dict(regions[region]) for h, regions in every.items()} for region in self.config.regions}

    def expected(self, region: str, histogram: str = YIELD) -> Uncertain:
        """All processes and estimates together."""
        return self.templates.expected(histogram, region)

    @property
    def processes(self) -> tuple[str, ...]:
        """Simulated processes, then estimates that are processes of their own."""
        found = {n: None for r in self.templates.histograms[YIELD].values() for n in r if n != DATA}
        return (*self.config.processes, *(n for n in found if n not in self.config.processes))


def analyse(
    config: str | PathLike[str] | Mapping[str, Any] | AnalysisConfig,
    folder: str | PathLike[str] | None = None,
    *,
    data: str | PathLike[str] | None = None,
    work: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    trainings: Trainings | None = None,
) -> Analysis:
    """Run an analysis.

    Everything that can be checked without reading events is checked first. Files are read in parts, so that their
    size does not matter.

    Args:
        config: a YAML file, the name of a shipped configuration, or settings.
        folder: for the tables and the trained models; it appears when it is complete. None writes nothing.
        data: folder of the ntuples; that of the configuration's file by default.
        work: where finished folds of trainings are kept until all is done, and found again; None keeps nothing.
        progress: told how far the reading is.
        trainings: told of each training.

    Raises:
        ConfigError: wrong settings; UnknownName for a branch that is not there.
        DataError: files that are missing or damaged, wrong weights, regions that overlap, no events where a factor is
            measured, ...
        BundleError: a model that cannot be read.
        MissingExtra: pyhf is needed for the fit and not installed.
    """
    settings = load_config(config, data)
    if settings.fit is not None:
        require("pyhf")
    read = {name: read_scorer(name, s) for name, s in settings.scores.items() if s.bundle is not None}
    samples = samples_of(settings)
    others = {name: varied_samples(settings, name) for name in settings.processes}
    _check(settings, samples, others, read)
    home = None if work is None else Path(work)
    trained = {
        name: train_scorer(name, s.train, settings, samples, home / name if home else None, trainings)
        for name, s in settings.scores.items()
        if s.train is not None
    }
    scorers = tuple((read | trained)[name] for name in settings.scores)
    passes: dict[str, Varied] = {}
    for name, sample in samples.items():
        weights = varied_weights(settings, sample) if name != DATA else {}
        made = {key: measure(s, scorers, progress=progress) for key, s in others.get(name, {}).items()}
        up, down = ({n: m for (n, which), m in made.items() if which == side} for side in ("up", "down"))
        passes[name] = Varied(measure(sample, scorers, weights, progress), up, down)
    _warn_of_empty_regions(settings, {name: found.nominal for name, found in passes.items()})
    simulated = _templates(settings, passes)
    templates, factors = estimated(simulated, settings.estimates)
    _warn_of_negative_bins(settings, templates)
    result = Analysis(
        settings,
        {name: found.nominal.cut_flow for name, found in passes.items()},
        templates,
        simulated,
        factors,
        fit(templates, settings) if settings.fit is not None else None,
        scorers,
        _provenance(samples, passes),
    )
    if folder is not None:
        from kaon.analysis.writing import write

        write(result, folder)
    return result


def _check(
    config: AnalysisConfig,
    samples: Mapping[str, Sample],
    others: Mapping[str, Mapping[Any, Sample]],
    scorers: Mapping[str, Scorer],
) -> None:
    """Everything that files can be asked without reading events.

    Raises:
        UnknownName: a name that is neither a variable, a score nor a branch.
        ConfigError: the selection uses a score.
    """
    scores = set(config.scores)
    for name, sample in samples.items():
        early = [*sample.selection.values()]
        for score in config.scores.values():
            early += map(parse, score.train.select.values()) if score.train is not None else ()
        for cut in early:
            if used := sorted(cut.columns & scores):
                raise ConfigError(f"the cut {cut.text!r} uses the score {used[0]}; only regions can")
        weights = varied_weights(config, sample).values() if name != DATA else ()
        wanted = [*sample.selection.values(), *expressions(config), *weights]
        for score_name, score in config.scores.items():
            train = score.train
            features = scorers[score_name].features if train is None else train.features
            inputs = [parse(f"`{feature}`") for feature in features]
            cuts = list(map(parse, train.select.values())) if train is not None and name != DATA else []
            try:
                for one in (sample, *others.get(name, {}).values()):
                    one.check([*inputs, *cuts])
            except ConfigError as error:
                error.add_note(f"The model of the score {score_name} reads {', '.join(features)}.")
                raise
        sample.check(wanted, scores)
        for (systematic, side), varied_sample in others.get(name, {}).items():
            try:
                varied_sample.check([*sample.selection.values(), *expressions(config)], scores)
            except ConfigError as error:
                error.add_note(f"It is needed for the systematic {systematic} ({side}) of {name}.")
                raise


def _templates(config: AnalysisConfig, passes: Mapping[str, Varied]) -> Templates:
    """Counts of all samples as bins with uncertainties."""
    made: dict[str, dict[str, dict[str, Uncertain]]] = {}
    for histogram in (YIELD, *config.histograms):
        for region in config.regions:
            here = made.setdefault(histogram, {}).setdefault(region, {})
            for name, found in passes.items():
                counted = found.nominal.counted[NOMINAL][histogram]
                if region in counted:  # data is not, in a blind region
                    variations = {} if name == DATA else varied(config, name, found, histogram, region)
                    here[name] = uncertain(counted[region], Statistical(name, region, histogram), variations)
    return Templates(made)


def _warn_of_empty_regions(config: AnalysisConfig, passes: Mapping[str, Measured]) -> None:
    for region in config.regions:
        if not any(found.raw.get(region, 0) for found in passes.values()):
            message = f"no event at all is in the region {region}: {', '.join(config.regions[region].cuts.values())}"
            warnings.warn(message, KaonWarning, stacklevel=3)


def _warn_of_negative_bins(config: AnalysisConfig, templates: Templates) -> None:
    """Tell of bins in which the weights of all processes sum to something negative, or to zero where there are some.

    One warning a histogram, about the regions in which it is drawn or fitted.
    """
    for histogram, regions in templates.histograms.items() if config.processes else ():
        drawn = config.histograms[histogram].regions if histogram in config.histograms else None
        fitted = [r for r, h in config.fit.regions.items() if h == histogram] if config.fit is not None else []
        wrong = {}
        for region in regions if drawn is None else (*drawn, *fitted):
            total = templates.expected(histogram, region)
            if found := np.flatnonzero((total.values <= 0) & (total.errors > 0)).tolist():
                wrong[region] = f"{found} of {region}"
        if wrong:
            message = f"{histogram}: the total weight is zero or negative in the bins {', '.join(wrong.values())}"
            warnings.warn(message, KaonWarning, stacklevel=3)


def _provenance(samples: Mapping[str, Sample], passes: Mapping[str, Varied]) -> dict[str, Any]:
    found = {
        name: {
            "files": [str(file.path) for file in sample.files],
            "events": passes[name].nominal.events,
            "weight": None if sample.weight is None else sample.weight.text,
            "scale": sample.scale,
        }
        for name, sample in samples.items()
    }
    return {"versions": software_versions(), "samples": found}
