"""Quarks against gluons on jet images in colour, at low and at high energy, and from one shower to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.interpret import pixel_correlation
from kaon.learn import Parts, RunConfig, TrainConfig
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.gallery import gallery
from kaon.report.charts.performance import roc, significance
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS, Column
from kaon.represent.images import jet_images
from kaon.simulate import Recipe, load_recipe
from kaon.simulate.recipe import Jets
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.jet_images.averages import correlation_maps
from kaon.studies.jet_images.training import Trained, improvement, train_all, variables
from kaon.substructure.picture import Picture

__all__ = ["ENERGIES", "STUDY", "in_colour", "recipe"]

QUESTION = "Does colour help to tell quark jets from gluon jets, and does it survive another shower?"
SOURCE = "Komiske, Metodiev, Schwartz, JHEP 01 (2017) 110, arXiv:1612.01551"
MODELS = ("likelihood", "bdt", "jet_cnn_color")
SPLIT = (0.6, 0.1, 0.3)
HALF_WIDTH = 0.4
CHANNELS = {
    "pt_charged": "pT of charged particles",
    "pt_neutral": "pT of neutral particles",
    "multiplicity_charged": "number of charged particles",
}
"""Red, green and blue."""

ENERGIES = {200: ((200, 220), (185, 245)), 1000: ((1000, 1100), (950, 1200))}
"""GeV: windows of the jet's pT, as published, and of the hard scattering, which are ours."""
SHOWER = 200
"""GeV: where the showers are compared, as published."""

_COUNT, _WIDTH, _TREES = "number of particles", "jet width", "five observables, BDT"
_GREY, _COLOUR = "CNN, without colour", "CNN, with colour"
_FIVE = ("multiplicity", "girth", "ptd", "leading_fraction", "angularity_les")
_SHOWERS = {"default": "Pythia's simple shower", "vincia": "Vincia"}
_METRICS = tuple(c for c in COLUMNS if c.key in ("auc", "rejection_50"))
_IMPROVEMENT = Column("sic", "max SIC", +1, "largest ε_S / √ε_B of any cut that leaves 25 gluon jets", decimals=2)


def recipe(energy: int, interactions: bool = True) -> Recipe:
    """Quark and gluon jets that recoil against an invisible Z, in a narrow window of pT.

    Args:
        energy: one of `ENERGIES`, GeV.
        interactions: whether the rest of the protons interacts too.
    """
    (low, high), (least, most) = ENERGIES[energy]
    base: Recipe = load_recipe("quark-gluon")
    settings = [line for line in base.settings if not line.startswith("PhaseSpace:pTHat")]
    settings += [f"PhaseSpace:pTHatMin = {least}", f"PhaseSpace:pTHatMax = {most}"]
    settings += [] if interactions else ["PartonLevel:MPI = off"]
    return base.model_copy(
        update={
            "name": f"quark-gluon-{energy}" + ("" if interactions else "-no-mpi"),
            "description": f"quark (u, d, s) against gluon jets, {low} < pT < {high} GeV",
            "source": f"as the recipe quark-gluon, in the windows of {SOURCE}",
            "settings": tuple(settings),
            # A jet of R = 0.4 within 2.1 lies within 2.5, where there are tracks.
            "jets": Jets(radius=HALF_WIDTH, pt=(low, high), rapidity=2.1, leading=1),
        }
    )


def run(context: Context) -> Result:
    """Networks with and without colour at two energies, then across two showers."""
    settings = context.scale.settings
    made: dict[int, Trained] = {}
    parts: dict[int, Parts] = {}
    for energy in ENERGIES:
        events = context.simulated(_recipe(energy, settings))
        parts[energy] = Parts.of(events, SPLIT, 0)
        made[energy] = train_all(context, parts[energy], _configs(context), f"{energy}-gev")
    crossed = _crossed(context) if "jet_cnn_color" in context.chosen(MODELS) else None
    columns = [
        replace(c, key=_key(c, energy), title=f"{c.title},<br>{energy:,} GeV")
        for energy in ENERGIES
        for c in (*_METRICS, _IMPROVEMENT)
    ]
    compared = {energy: trained.comparison.models for energy, trained in made.items()}
    rows = [
        ResultRow(title, {k: v for e in ENERGIES for k, v in _values(compared[e][title], e).items()}, "", title)
        for title in compared[SHOWER]
    ]
    if crossed is not None:
        some = settings["shower_events"]
        note = f"with colour; {SPLIT[0] * some:,.0f} jets to train"
        rows += [ResultRow(title, _values(runs, SHOWER), note) for title, runs in crossed.models.items()]
    sections = [
        Section("images", "What does a jet look like in colour?", _LEAD_IMAGES, _examples(parts)),
        Section("curves", "What does colour add?", _LEAD, [chart for e in ENERGIES for chart in _curves(made[e], e)]),
    ]
    if crossed is not None:
        charts = [_named(draw(crossed), "showers", "trained on → tested on") for draw in (roc, significance)]
        sections.append(Section("showers", "Does it survive another shower?", _LEAD_SHOWERS, charts))
        maps = [chart for e in ENERGIES for chart in _correlations(made[e], parts[e].test, e)]
        sections.append(Section("pixels", "Which pixels decide?", _LEAD_PIXELS, maps))
    training = _training(settings)
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        columns,
        rows,
        summary=_summary({row.name: row.values for row in rows}),
        notes=_NOTES if settings["interactions"] else (*_NOTES, _ALONE),
        facts={
            "Events": f"{context.scale.events:,} simulated jets at each energy, half quarks, half gluons, of which "
            f"{SPLIT[0]:.0%} train, {SPLIT[1]:.0%} choose the epoch and {SPLIT[2]:.0%} test; "
            f"{settings['shower_events']:,} of each shower",
            "Images": "33 × 33 pixels over ±0.4; standardised pixel by pixel",
            "Epochs": f"{training.epochs}, mini-batches of {training.batch_size}, matrix products in bfloat16",
            "Seeds": f"{context.trainings} of each network; likelihoods and trees once",
            "Machine": machine(),
        },
        sections=sections,
        origins=origins(made[SHOWER].comparison),
    )


def _recipe(energy: int, settings: Mapping[str, int]) -> Recipe:
    made = recipe(energy, bool(settings["interactions"]))
    return made.model_copy(update={"chunk_events": settings.get("chunk_events", made.chunk_events)})


def _training(settings: Mapping[str, int]) -> TrainConfig:
    return TrainConfig(
        epochs=settings["epochs"], batch_size=settings["batch_size"], learning_rate=1e-3, precision="bfloat16"
    )


def _configs(context: Context) -> dict[str, RunConfig]:
    network = partial(
        RunConfig, model="jet_cnn_color", representation="images_color", train=_training(context.scale.settings)
    )
    every = {
        _COUNT: variables(["multiplicity"]),
        _WIDTH: variables(["girth"]),
        _TREES: variables(_FIVE, "bdt"),
        _GREY: network(representation_options={"channels": ["pt"]}),
        _COLOUR: network(),
    }
    chosen = context.chosen(MODELS)
    return {title: config for title, config in every.items() if config.model in chosen}


def _crossed(context: Context) -> Comparison:
    """Networks trained on either shower, tested on both; as many jets of each."""
    settings = context.scale.settings
    chosen = _recipe(SHOWER, settings)
    network = RunConfig(model="jet_cnn_color", representation="images_color", train=_training(settings))
    parts, trained = {}, {}
    for shower in _SHOWERS:
        if shower == "default":
            events = context.simulated(chosen)
            some = np.random.default_rng(0).permutation(len(events))[: settings["shower_events"]]
            events = events.take(np.sort(some))
        else:
            events = context.simulated(chosen, settings["shower_events"], shower=shower)
        parts[shower] = Parts.of(events, SPLIT, 0)
        trained[shower] = train_all(context, parts[shower], {_COLOUR: network}, f"shower-{shower}")
    records: list[RunRecord] = []
    for own in _SHOWERS:
        for other in _SHOWERS:
            records += trained[own].on(parts[other].test, _COLOUR, f"{_SHOWERS[own]} → {_SHOWERS[other]}")
    return Comparison(tuple(records), trained["default"].comparison.sample)


def _key(column: Column, energy: int) -> str:
    return f"{column.key}_{energy}_gev"


def _values(runs: Sequence[RunRecord], energy: int) -> dict[str, Value]:
    values = {_key(c, energy): measured(runs, c) for c in _METRICS}
    return values | {_key(_IMPROVEMENT, energy): improvement(runs)}


def _named(chart: Chart | Missing, name: str, words: str) -> Chart | Missing:
    """A chart with a name and a title of its own, where a page has several of one kind."""
    title = f"{chart.title}: {words}"
    return (
        replace(chart, name=f"{chart.name}-{name}", title=title)
        if isinstance(chart, Chart)
        else replace(chart, title=title)
    )


def _curves(made: Trained, energy: int) -> list[Chart | Missing]:
    return [_named(draw(made.comparison), f"{energy}", f"{energy:,} GeV") for draw in (roc, significance)]


def in_colour(images: NDArray[np.float32]) -> NDArray[np.float64]:
    """Three channels as red, green and blue between 0 and 1: faint pixels lifted by the fourth root.

    Args:
        images: not negative, (jets, 3, eta, phi); each channel is relative to its brightest pixel in the jet.

    Returns:
        (jets, 3, phi, eta), phi falling from the top.
    """
    high = images.max((2, 3), keepdims=True)
    share = images / np.where(high > 0, high, 1)
    return np.asarray(share**0.25, np.float64).transpose(0, 1, 3, 2)[:, :, ::-1]


def _examples(parts: Mapping[int, Parts], each: int = 6) -> list[Chart | Missing]:
    picture = Picture(33, HALF_WIDTH, tuple(CHANNELS), centre="centroid", rotate="none", flip="none")
    charts: list[Chart | Missing] = []
    for energy, part in parts.items():
        test = part.test
        rows = [np.flatnonzero(test.labels == c)[:each] for c in reversed(range(len(test.classes)))]
        chosen = test.take(np.concatenate(rows))
        names = [test.classes[i] for i in chosen.labels]
        charts.append(
            gallery(
                f"examples-{energy}",
                f"Jets of {energy:,} GeV",
                "Red: pT of charged particles; green: pT of neutral ones; blue: number of charged particles, each "
                "relative to the brightest pixel and lifted by a fourth root. Pixels of 0.024 × 0.024.",
                in_colour(jet_images(chosen["constituents"], picture)),
                captions=names,
                columns=each,
            )
        )
    return charts


def _correlations(made: Trained, test: Events, energy: int) -> list[Chart]:
    if _COLOUR not in made.folders:
        return []
    tagger = made.tagger(_COLOUR)
    batch = tagger.representation.transform(test)
    found = pixel_correlation(batch.inputs["image"], tagger.predict_batch(batch)[:, -1], test.weights)
    words = f"Correlation of the pixel with the probability of a quark, test jets of {energy:,} GeV."
    return correlation_maps(f"pixels-{energy}", list(CHANNELS.values()), words, found, HALF_WIDTH)


def _summary(values: Mapping[str, Mapping[str, Value]]) -> list[str]:
    """What colour adds at each energy, and what another shower takes, as far as the seeds tell."""
    said = []
    gains = []
    for energy in ENERGIES:
        key = f"auc_{energy}_gev"
        grey, colour = (values.get(title, {}).get(key) for title in (_GREY, _COLOUR))
        if grey is None or colour is None or grey.obtained is None or colour.obtained is None:
            continue
        gains.append(f"{_change(grey, colour)} at {energy:,} GeV")
    if gains:
        said.append(
            f"Colour changes the AUC of the network by {', '.join(gains)} (published: a gain, the largest at 1000 GeV)."
        )
    key = f"auc_{SHOWER}_gev"
    crossed = {
        title: value for title, found in values.items() if "→" in title and (value := found.get(key)) is not None
    }
    names = list(_SHOWERS.values())
    for tested, other in zip(names, reversed(names), strict=True):
        own, foreign = (crossed.get(f"{trained} → {tested}") for trained in (tested, other))
        if own is not None and foreign is not None and own.obtained is not None and foreign.obtained is not None:
            said.append(
                f"On jets of {tested} the AUC is {own.obtained:.3f}, and changes by {_change(own, foreign)} if the "
                f"network was trained on {other}."
            )
    return [*said, "(Published, of Pythia and Herwig at 200 GeV: it hardly matters.)"] if crossed else said


def _change(one: Value, other: Value) -> str:
    """Difference of two means, with the spread of a difference where there is one."""
    told = f"{(other.obtained or 0) - (one.obtained or 0):+.3f}".replace("-", "−")
    if one.spread is None or other.spread is None:
        return told
    return f"{told} ± {np.hypot(one.spread, other.spread):.3f}"


_LEAD_IMAGES = (
    "Gluons carry the larger colour charge, so that their jets have more particles and are wider. Quark jets above, "
    "gluon jets below."
)
_LEAD = (
    "Signal are quarks. The network without colour sees the pT of all particles, the one with colour that of charged "
    "and of neutral particles and the number of charged ones in each pixel."
)
_LEAD_SHOWERS = (
    "No simulation is nature. A network that had learned one shower by heart would fail on another: here the names "
    "before and after the arrow are the shower of the training and that of the test."
)
_LEAD_PIXELS = "Red: the brighter the pixel, the more certain the network is of a quark. Blue: of a gluon."
_NOTES = (
    "The paper's curves were not read off, so that nothing stands as published. Its second generator "
    "is Herwig, which also has another hadronisation; here only the shower is another one, Vincia, in the same "
    "program. Its samples are larger by orders of magnitude: networks gain with more jets, the observables do not.",
    "Jets recoil against an invisible Z, as in the recipe quark-gluon. The max SIC of the few test jets is the largest "
    "of many fluctuating values, and therefore a little high for all.",
)
_ALONE = (
    "At this scale the rest of the protons does not interact: with it a collision takes ten times as long in Pythia's "
    "simple shower and in Vincia, where two cores would need hours. Jets of 200 GeV are therefore cleaner than in "
    "data; at the full scale everything interacts."
)

_QUICK = {"epochs": 10, "batch_size": 64, "interactions": False}

STUDY = Study(
    name="quark-gluon-color",
    question=QUESTION,
    source=SOURCE,
    scales={
        "smoke": Scale(120, 1, settings={**_QUICK, "epochs": 1, "shower_events": 80, "chunk_events": 250}),
        "quick": Scale(10_000, 3, minutes=9, settings={**_QUICK, "shower_events": 5000}),
        "full": Scale(
            1_000_000, 5, settings={"epochs": 30, "batch_size": 128, "interactions": True, "shower_events": 200_000}
        ),
    },
    run=run,
    models=MODELS,
    recipes=("quark-gluon",),
)
