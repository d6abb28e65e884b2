"""Is a collision better read as a graph of its objects, or as a list of numbers?"""

from __future__ import annotations

from dataclasses import replace

from kaon.data import Events
from kaon.learn import Parts, RunConfig
from kaon.learn.config import TrainConfig
from kaon.report import Comparison
from kaon.report.charts.performance import roc, significance
from kaon.report.charts.sample import class_keys, inputs
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, measured
from kaon.report.table import COLUMNS
from kaon.represent.tabular import numeric_columns
from kaon.studies.base import Context, Scale, Study, machine

__all__ = ["VARIANTS"]

QUESTION = "Is a collision better read as a graph of its objects?"
SOURCE = "Abdughani, Ren, Wu, Yang, JHEP 08 (2019) 055, arXiv:1807.09088"
MODELS = ("event_mpnn", "mlp", "bdt")
SPLIT = (0.5, 0.1, 0.4)

_ALONE = "event_mpnn without messages"
_COLUMNS = tuple(
    replace(c, title=c.title.replace("jet", "event"), hint=c.hint.replace("jet", "event"))
    for c in COLUMNS
    if c.key != "accuracy"
)


def run(context: Context) -> Result:
    """Train a network on event graphs, the same without messages, and two models on flat event variables."""
    events = context.simulated("stop-search")
    parts = Parts.of(events, SPLIT, 0)
    config = TrainConfig(epochs=context.scale.settings["epochs"], batch_size=64, learning_rate=3e-3, threads=1)
    flat = {"features": [name for name in numeric_columns(events) if name != "met_phi"]}
    graph = RunConfig(model="event_mpnn", representation="event_graph", train=config, spectators=("met", "ht"))
    wanted = {
        "event_mpnn": graph,
        **{
            name: graph.model_copy(update={"model": name, "representation": "tabular", "representation_options": flat})
            for name in ("mlp", "bdt")
        },
    }
    chosen = context.chosen(MODELS)
    made = [context.compare(parts, [wanted[name] for name in chosen])]
    runs = list(made[0].runs)
    if "event_mpnn" in chosen:
        # What the edges are worth: the same nodes vote, but never hear of each other.
        made.append(
            context.compare(parts, [graph.model_copy(update={"options": {"steps": 0}})], name="without-messages")
        )
        runs[_after(made[0], "event_mpnn") : 0] = [replace(r, model=_ALONE) for r in made[1].runs]
    together = Comparison(tuple(runs), made[0].sample)
    rows = [
        ResultRow(name, {c.key: measured(found, c) for c in _COLUMNS}, _READS[name], name)
        for name, found in together.models.items()
    ]
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _COLUMNS,
        rows,
        summary=_summary(rows),
        notes=_NOTES,
        facts={
            "Events": f"{len(events):,} simulated events, half stops, half tops; {len(parts.train):,} to train, "
            f"{len(parts.test):,} to test",
            "Cross-sections": _cross_sections(events),
            "Epochs": str(config.epochs),
            "Seeds": str(context.trainings),
            "Machine": machine(),
        },
        sections=[
            Section("curves", "Which finds more stops?", _LEAD, [roc(together), significance(together)]),
            Section("inputs", "What do the flat models see?", "", inputs(together), class_keys(together)),
        ],
        pages={"All curves and scores": "comparison/report.html"},
        origins=origins(together),
    )


def _after(comparison: Comparison, model: str) -> int:
    """Position behind the last run of a model."""
    return max(i for i, r in enumerate(comparison.runs) if r.model == model) + 1


def _cross_sections(events: Events) -> str:
    """Of the generated processes times the share of collisions that pass the cuts."""
    said = []
    for name, made in events.provenance.settings["classes"].items():
        share = made["jets"] / made["generated"]
        said.append(f"{name}: {made['cross_section']:.3g} pb, of which {share:.1%} pass the cuts")
    return "; ".join(said)


def _summary(rows: list[ResultRow]) -> list[str]:
    auc = {row.name: v.obtained for row in rows if (v := row.values["auc"]).obtained is not None}
    said = []
    if (graph := auc.get("event_mpnn")) is not None and (alone := auc.get(_ALONE)) is not None:
        said.append(f"Messages between the objects take the AUC from {alone:.4f} to {graph:.4f}.")
    flat = [f"{auc[name]:.4f} ({name})" for name in ("mlp", "bdt") if name in auc]
    if flat:
        said.append(f"An analyst's flat variables reach {' and '.join(flat)}.")
    return said


_READS = {
    "event_mpnn": "graph of objects",
    _ALONE: "the same objects, each on its own",
    "mlp": "flat event variables",
    "bdt": "flat event variables",
}
_LEAD = (
    "Events with one lepton, at least four jets, at least one of them tagged as a b-jet, and more than 100 GeV of "
    "missing transverse momentum. Stops of 600 GeV decay to a top and a neutralino of 100 GeV."
)
_NOTES = (
    "The paper finds that message passing extends the reach in the stop mass by several tens of GeV to over a hundred "
    "GeV beyond a dense network. That is a statement about a scan of masses with all backgrounds, which is not made "
    "again here: this is one mass point against top pairs, at leading order, with an emulated detector, so that no "
    "published number stands beside ours.",
    "The flat variables are an analyst's: missing momentum, transverse mass, HT, effective mass, momenta of the four "
    "hardest jets, angles, the mass of lepton and b-jet, and multiplicities. They hold products of momenta and angles "
    "that a graph network must learn by itself, so that with few events they are hard to beat; more events favour the "
    "graph.",
)

_EPOCHS = {"epochs": 40}

VARIANTS = {
    "event-graph": Study(
        name="event-graph",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(60, 1, settings={"epochs": 2}),
            "quick": Scale(6_000, 3, settings=_EPOCHS),
            "full": Scale(1_000_000, 5, settings=_EPOCHS),
        },
        run=run,
        models=MODELS,
        recipes=("stop-search",),
    )
}
