"""Can a network that sees nothing but pixels find W bosons, and find more than a jet's mass and shape tell?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.interpret import pixel_correlation
from kaon.learn import Parts, RunConfig, TrainConfig
from kaon.report.charts.chart import Chart
from kaon.report.charts.performance import roc, significance
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.jet_images.averages import correlation_maps, mean_images, second_prong, step_maps
from kaon.studies.jet_images.training import Trained, train_all, variables
from kaon.substructure.picture import Picture

__all__ = ["STEPS", "STUDY"]

QUESTION = "Does a picture of a jet tell more of a W boson than the jet's mass and shape?"
SOURCE = "de Oliveira, Kagan, Mackey, Nachman, Schwartzman, JHEP 07 (2016) 069, arXiv:1511.05190; unrolled images: "
SOURCE += "Almeida, Backović, Cliche, Lee, Perelstein, JHEP 07 (2015) 086, arXiv:1501.05968"
MODELS = ("likelihood", "bdt", "jet_ann", "jet_cnn")
SPLIT = (0.6, 0.1, 0.3)
HALF_WIDTH = 1.0

_START = Picture(
    pixels=25, half_width=HALF_WIDTH, centre="jet", rotate="none", flip="none", trim=0.05, normalise="none"
)
_CENTRED = replace(_START, centre="subjet")
_ROTATED = replace(_CENTRED, rotate="subjet")
_FLIPPED = replace(_ROTATED, flip="right")
_NORMALISED = replace(_FLIPPED, normalise="jet")
STEPS: Mapping[str, tuple[Picture, str]] = {
    "before": (_START, "Trimmed, about the axis of the jet."),
    "centred": (_CENTRED, "The hardest subjet in the middle."),
    "rotated": (_ROTATED, "Turned so that the second subjet is straight below."),
    "flipped": (_FLIPPED, "Reflected so that the right half has more pT."),
    "normalised": (_NORMALISED, "Divided by the jet's pT: what the networks see."),
}
"""Each step of the pre-processing, with all before it, and what it does."""

_MASS, _SHAPE, _BOTH = "jet mass", "τ₂₁", "jet mass and τ₂₁"
_ANN, _CNN, _SMALL = "unrolled image, maxout", "convolutions, 11 × 11", "convolutions, 3 × 3"
_COLUMNS = tuple(c for c in COLUMNS if c.key not in ("accuracy", "inference_us"))


def run(context: Context) -> Result:
    """Average images step by step; networks on images against mass and tau_21."""
    events = context.simulated("w-tagging")
    parts = Parts.of(events, SPLIT, 0)
    made = train_all(context, parts, _configs(context), "networks")
    context.reporter.stage("averaging images")
    means = {name: mean_images(events, picture) for name, (picture, _) in STEPS.items()}
    prong, expected = second_prong(means["rotated"]["w"][0], HALF_WIDTH), _opening(events)
    comparison = made.comparison
    rows = [
        ResultRow(title, {c.key: measured(runs, c) for c in _COLUMNS}, _NOTE.get(title, ""), title)
        for title, runs in comparison.models.items()
    ]
    settings = context.scale.settings
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _COLUMNS,
        rows,
        summary=[
            *_summary({row.name: row.values["auc"] for row in rows}),
            f"In the average W image the second prong lies {prong:.2f} below the first (pixels of 0.08); the decay of "
            f"a W opens by at least 2m/pT, which is {expected:.2f} for these jets.",
        ],
        notes=_NOTES,
        facts={
            "Events": f"{len(events):,} simulated jets, half W, half QCD; {len(parts.train):,} to train, "
            f"{len(parts.validation):,} to choose the epoch, {len(parts.test):,} to test",
            "Images": "25 × 25 pixels over ±1 in pseudorapidity and azimuth",
            "Epochs": f"{settings['epochs']}, mini-batches of {settings['batch_size']}, matrix products in bfloat16",
            "Seeds": f"{context.trainings} of each network; likelihoods and trees once",
            "Machine": machine(),
        },
        sections=[
            Section("curves", "Who finds the W?", _LEAD, [roc(comparison), significance(comparison)]),
            Section("steps", "What does an average jet look like?", _LEAD_STEPS, _steps(means)),
            Section("pixels", "Which pixels decide?", _LEAD_PIXELS, _correlations(made, parts.test)),
        ],
        origins=origins(comparison),
    )


def _configs(context: Context) -> dict[str, RunConfig]:
    settings, chosen = context.scale.settings, context.chosen(MODELS)
    train = TrainConfig(
        epochs=settings["epochs"], batch_size=settings["batch_size"], learning_rate=1e-3, precision="bfloat16"
    )
    image = partial(RunConfig, representation="images_w", train=train)
    every = {
        _MASS: variables(["jet_mass"]),
        _SHAPE: variables(["tau21"]),
        _BOTH: variables(["jet_mass", "tau21"], "bdt"),
        _ANN: image(model="jet_ann", options={"dropout": 0.2}),
        _SMALL: image(model="jet_cnn", options={"kernels": [3, 3, 3]}),
        _CNN: image(model="jet_cnn"),
    }
    return {title: config for title, config in every.items() if config.model in chosen}


def _opening(events: Events) -> float:
    """Mean 2 m / pT of the W jets."""
    signal = events.take(events.labels == len(events.classes) - 1)
    mass, pt = (np.asarray(signal[name], np.float64) for name in ("jet_mass", "jet_pt"))
    return float((2 * mass / pt).mean())


def _steps(means: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> list[Chart]:
    charts: list[Chart] = []
    for name, (picture, words) in STEPS.items():
        named = {"QCD": means[name]["qcd"], "W": means[name]["w"]}
        unit = "pT / jet pT" if picture.normalise == "jet" else "pT [GeV]"
        charts += step_maps(name, name, words, named, HALF_WIDTH, unit)
    return charts


def _correlations(made: Trained, test: Events) -> list[Chart]:
    charts: list[Chart] = []
    for name, title in (("ann", _ANN), ("small", _SMALL), ("cnn", _CNN)):
        if title in made.folders:
            tagger = made.tagger(title)
            batch = tagger.representation.transform(test)
            found = pixel_correlation(batch.inputs["image"], tagger.predict_batch(batch)[:, -1], test.weights)
            words = "Correlation of the pixel's intensity with the network's probability of a W, on test jets."
            charts += correlation_maps(name, [title], words, found, HALF_WIDTH)
    return charts


def _summary(auc: Mapping[str, Value]) -> list[str]:
    """Who is best, and by how much more than the best of the two variables, as far as the seeds tell."""
    known = {title: v for title, v in auc.items() if v.obtained is not None}
    pictures = {t: v for t, v in known.items() if t in (_ANN, _SMALL, _CNN)}
    said = []
    if pictures:
        best = max(pictures, key=lambda t: pictures[t].obtained or 0)
        said.append("AUC of the networks on images: " + _listed(pictures) + ".")
        if _BOTH in known:
            more = (pictures[best].obtained or 0) - (known[_BOTH].obtained or 0)
            word = "more" if more > 0 else "less"
            said.append(f"The best of them has {abs(more):.3f} {word} than a BDT on jet mass and τ₂₁.")
    rest = {t: v for t, v in known.items() if t not in pictures}
    if rest:
        said.append("The variables: " + _listed(rest) + ".")
    return said


def _listed(values: Mapping[str, Value]) -> str:
    return ", ".join(
        f"{title} {v.obtained:.3f}" + ("" if v.spread is None else f" ± {v.spread:.3f}") for title, v in values.items()
    )


_NOTE = {
    _MASS: "likelihood ratio",
    _SHAPE: "likelihood ratio",
    _BOTH: "boosted trees",
    _ANN: "256, 128 maxout units of 5, then 64, 25",
    _CNN: "32 filters in each of three layers",
    _SMALL: "the same with small first filters",
}
_LEAD = (
    "All jets have a pT of 250 to 300 GeV and a trimmed mass of 65 to 95 GeV, so that neither says much any more: what "
    "is left is how the energy lies in the jet."
)
_LEAD_STEPS = (
    "A single jet image is a few bright pixels. Averages show what a class has in common: the logarithmic scale spans "
    f"three powers of ten and is the same for both classes. Rows: {', '.join(STEPS)}."
)
_LEAD_PIXELS = "Red: the brighter the pixel, the more certain the network is of a W. Blue: of QCD."
_NOTES = (
    "The paper's ROC curves were not read off, so that nothing stands as published. It trains on far more jets; with "
    "thousands, networks on images are short of data, while a variable that a physicist thought of needs none. More "
    "jets help them most.",
    "W bosons come from a W′ of 600 GeV that decays to W and an invisible Z; QCD jets are of all hard processes. "
    "Towers of 0.1 × 0.1, anti-kT with R = 1, trimmed with kT of R = 0.3 and 5% of the pT. Likelihoods and trees read "
    "the towers that trimming left.",
)

_TRAINING = {"epochs": 20, "batch_size": 64}

STUDY = Study(
    name="jet-images-w",
    question=QUESTION,
    source=SOURCE,
    scales={
        "smoke": Scale(100, 1, settings={"epochs": 1, "batch_size": 64}),
        "quick": Scale(5000, 3, minutes=8, settings=_TRAINING),
        "full": Scale(1_000_000, 5, settings={"epochs": 40, "batch_size": 128}),
    },
    run=run,
    models=MODELS,
    recipes=("w-tagging",),
)
