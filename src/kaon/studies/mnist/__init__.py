"""How few digits does a network get wrong: dense, convolutional, big and deep on deformed digits, and a committee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kaon.datasets import mnist
from kaon.datasets.locate import locate
from kaon.errors import ConfigError
from kaon.evaluate import accuracy
from kaon.learn import Parts
from kaon.learn.ensemble_run import ensemble_runs
from kaon.report import Comparison, RunRecord, load
from kaon.report.charts.performance import confusion
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS, Column
from kaon.studies.base import Context, Study, machine, together
from kaon.studies.mnist.contenders import CONTENDERS, DEFORM, SCALES
from kaon.studies.mnist.figures import curves, deformed, mistaken

__all__ = ["VARIANTS", "budget", "errors"]

QUESTION = "How few digits does a network get wrong?"
SOURCE = "Wolter, Deep Neural Networks (2019); Cireşan, Meier, Gambardella, Schmidhuber, arXiv:1003.0358"
VALIDATION = 5_000
"""Of the 60,000 public training digits."""
EPOCHS = 1000
"""Of the big network in the note on what it would take."""

_MEMBERS, _COMMITTEE = "conv-deformed", "committee"
_ERROR = Column("error", "Wrong", -1, "share of the public test digits that are taken for another", 2, "%")
_COLUMNS = (_ERROR, *(c for c in COLUMNS if c.key in ("parameters", "train_seconds")))


def errors(runs: Sequence[RunRecord], published: float | None = None, source: str = "") -> Value:
    """Share of wrong test digits, per cent: mean and spread over the seeds, and the statistical error of one.

    Args:
        runs: of one contender.
        published: to stand beside.
        source: of the published number.
    """
    tests = [p for run in runs if (p := run.labelled()) is not None]
    wrong = np.array([1 - accuracy(p) for p in tests])
    if not len(wrong):
        return Value(seeds=0, published=published, source=source)
    statistical = float(np.sqrt(np.mean(wrong * (1 - wrong)) / len(tests[0])))
    spread = float(100 * wrong.std(ddof=1)) if len(wrong) > 1 else None
    mean = float(100 * wrong.mean())
    return Value(mean, spread, len(wrong), 100 * statistical, published=published, source=source)


def run(context: Context) -> Result:
    """Train every contender on public training digits, put some together, and judge all on the public test digits.

    Raises:
        DataError: MNIST is not on this machine.
        ConfigError: more than one folder of data.
    """
    parts, settings = _parts(context), context.scale.settings
    chosen = context.chosen(_MODELS)
    made: dict[str, Comparison] = {}
    published: dict[str, tuple[float | None, str]] = {}
    for one in (c for c in CONTENDERS if c.model in chosen):
        seeds = context.seeds or settings["seeds"][one.slug]
        config = one.config(settings[one.slug])
        made[one.title] = context.compare(parts, [config], seeds=seeds, name=one.slug, page=False)
        published[one.title] = one.published, one.source
    trained = dict(made)
    members = [f for f in sorted((context.folder / _MEMBERS / "runs").glob("*")) if f.is_dir()]
    if len(members) > 1 and "conv_classifier" in chosen:
        title = f"{_COMMITTEE} of {len(members)}, deformed digits"
        ensemble_runs(members, context.folder / _COMMITTEE)
        made[title] = load(context.folder / _COMMITTEE)
        published[title] = 0.23, "35 nets, arXiv:1202.2745"
    joined = together(made)
    rows = [
        ResultRow(
            title,
            {"error": errors(runs, *published[title])} | {c.key: measured(runs, c) for c in _COLUMNS[1:]},
            _note(runs[0]),
            title,
        )
        for title, runs in joined.models.items()
    ]
    best = min(rows, key=lambda row: row.values["error"].obtained or 0.0).name
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _COLUMNS,
        rows,
        summary=["Wrong test digits: " + "; ".join(f"{r.name} {r.values['error'].text(_ERROR)}" for r in rows) + "."],
        notes=[*_NOTES, *budget(trained)],
        facts={
            "Digits": f"MNIST: {len(parts.train):,} to train and {len(parts.validation):,} to follow the training, of "
            f"the public training part; {len(parts.test):,} to test, of the public test part",
            "Deformations": ", ".join(f"{name} {value:g}" for name, value in DEFORM.items()),
            "Precision": "bfloat16 in convolutions and matrix products, weights in float32",
            "Seeds": "; ".join(f"{title}: {len(m.runs)}" for title, m in trained.items()),
            "Machine": machine(),
        },
        sections=[
            Section("learning", "How do they learn?", _LEAD, [curves(trained), confusion(joined)]),
            Section("deformed", "What do they see?", "", [deformed(parts.train)]),
            Section(
                "wrong",
                "Which digits are taken for others?",
                "",
                [mistaken(joined.models[best][0], best, parts.test)],
            ),
        ],
        origins=origins(joined),
    )


def budget(made: Mapping[str, Comparison]) -> list[str]:
    """What a thousand epochs of the big network would take here and elsewhere; nothing where it was not trained.

    Args:
        made: trainings by title.
    """
    runs = [r for m in made.values() for r in m.runs if r.config.get("model") == "big_deep_mlp" and "seconds" in r.log]
    if not runs:
        return []
    seconds = float(np.mean([np.nanmean(r.log["seconds"]) for r in runs]))
    # A weight is multiplied and added once forward, once for the gradient of its input and once for its own.
    operations = EPOCHS * 6 * runs[0].metrics["parameters"] * runs[0].metrics["events"]["train"]
    mantissa, exponent = f"{operations:.0e}".split("e+")
    power = str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return [
        f"The published training of the big network took 114.5 hours on a graphics card of 2010. An epoch took "
        f"{seconds:.1f} s here, so that {EPOCHS:,} would take {EPOCHS * seconds / 3600:.1f} hours. A graphics card of "
        f"today was not at hand; where it keeps up 10¹³ operations a second, these {mantissa}·10{power} take "
        f"{operations / 1e13 / 60:.1f} minutes."
    ]


def _parts(context: Context) -> Parts:
    if len(context.data) > 1:
        raise ConfigError(f"--data names {len(context.data)} paths; {context.study} wants one folder, that of MNIST")
    train, test = mnist.split(mnist.load(locate("mnist", context.data[0] if context.data else None)))
    share = VALIDATION / len(train)
    fit, follow = train.take(slice(0, context.scale.events)).split((1 - share, share), 0)
    return Parts(fit, follow, test.take(slice(0, context.scale.settings["test"])))


def _note(record: RunRecord) -> str:
    epochs = record.config.get("train", {}).get("epochs")
    return "mean of their probabilities" if epochs is None else f"{epochs} epoch{'s' * (epochs > 1)}"


_MODELS = tuple(dict.fromkeys(c.model for c in CONTENDERS))
_LEAD = (
    "The dense network sees pixels in no order; convolutions look for the same strokes everywhere. Deformations are "
    "drawn anew for every digit in every epoch, so that none is seen twice as it was."
)
_NOTES = (
    "Short of the full scale the convolutional networks see the digits three or four times, where the lecture's saw "
    "them twenty times, and the big network sees them six times, where the published one went on for days: their "
    "learning curves still fall where they end.",
    "The lecture's numbers are of single trainings, read off after the last of 20 epochs. Here 5,000 digits of the "
    "public training part are set aside to follow the training, and the test part is used once, at the end.",
    "The published committee has 35 larger convolutional networks, trained for 800 epochs; the lecture quotes 0.21% "
    "for another one, of five.",
)

VARIANTS = {
    "mnist": Study(
        name="mnist",
        question=QUESTION,
        source=SOURCE,
        scales=SCALES,
        run=run,
        models=_MODELS,
        takes_data="the folder in which MNIST lies",
    )
}
