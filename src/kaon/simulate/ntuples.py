"""A folder of ntuples as an analysis gets them: one ROOT file per process with luminosity weights, and pseudo-data::

    FOLDER/
      CLASS.root            one file per process, with the branch PREFIX + WeightLumi
      data.root             pseudo-data of another seed; no labels, no weights
      simulation.json       luminosity; of each process cross-section, generated, selected and expected events
      truth/data.parquet    process of each event of data.root, in the same order
      truth/truth.json      hidden factors, expected and drawn numbers of each process

The weight of an event is L sigma w / (sum of w of all generated events), so that the weights of any selection add up to
what is expected of it at the luminosity L.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.io import write
from kaon.errors import ConfigError, DataError
from kaon.files import replacing_folder, write_text
from kaon.simulate.assembly import assembled
from kaon.simulate.farm import run
from kaon.simulate.parts import open_parts, parts_folder
from kaon.simulate.plan import Plan, Share, Store, fingerprint
from kaon.simulate.pool import Pool
from kaon.simulate.progress import Progress, Report
from kaon.simulate.pseudo_data import PseudoData, draw, hidden_factors
from kaon.simulate.recipe import Ntuples

__all__ = ["WEIGHT", "check_target", "luminosity_weights", "make_ntuples"]

WEIGHT = "WeightLumi"
"""Branch of the weight, after the prefix."""

_DATA_SEED = 0x64617461
"""Added to the seed for the collisions that pseudo-data come from."""
_TRUTH = Path("truth") / "truth.json"


def luminosity_weights(events: Events, luminosity: float) -> NDArray[np.float64]:
    """L sigma w / (sum of all generated w), (events,): they add up to the expected number of events.

    Args:
        events: from `kaon.simulate`, whose provenance knows cross-sections and sums of weights.
        luminosity: L, 1/pb.

    Raises:
        ConfigError: the luminosity is not positive.
    """
    if not 0 < luminosity < np.inf:
        raise ConfigError(f"the luminosity {luminosity} must be a positive number, in 1/pb")
    settings = events.provenance.settings
    processes = {process["name"]: process for process in settings["recipe"]["processes"]}
    factors = [
        luminosity * _cross_section(processes[name], settings["classes"][name]) / sums if sums else 0.0
        for name, sums in ((name, settings["classes"][name]["sum_weights"]) for name in events.classes)
    ]
    return np.array(factors)[events.labels] * events.weights


def _cross_section(process: Mapping[str, Any], summary: Mapping[str, float]) -> float:
    """pb: the better known one, else Pythia's; times the factor of the recipe."""
    return float(process["cross_section"] or summary["cross_section"]) * float(process["k_factor"])


def check_target(folder: str | PathLike[str], overwrite: bool) -> Path:
    """The folder to write, if it may be written.

    Raises:
        DataError: it is there already; or it shall be replaced and holds something else than such ntuples.
    """
    target = Path(folder).expanduser()
    if target.exists():
        if not overwrite:
            raise DataError(f"{target} exists already; choose another name, or give overwrite to replace it")
        if not (target / _TRUTH).is_file():
            raise DataError(f"{target} holds no ntuples of kaon, and is not replaced; choose another name")
    return target


def make_ntuples(
    plan: Plan,
    folder: Path,
    pool: Pool,
    settings: Ntuples,
    hidden: Mapping[str, float] | None = None,
    report: Report | None = None,
) -> Path:
    """Simulate twice, once for the processes and once for the pseudo-data, and write the folder.

    It appears when it is complete. Finished chunks are kept beside it until then.

    Args:
        plan: what is simulated; classes without events are left out.
        folder: to write.
        pool: who makes the chunks.
        settings: luminosity, prefix, ranges of hidden factors.
        hidden: see `kaon.simulate.pseudo_data.hidden_factors`.
        report: told how far it is.

    Warns:
        KaonWarning: the luminosity is more than was simulated.

    Raises:
        SimulationError, DataError, ConfigError: as `kaon.simulate.simulate_to_file`.
    """
    rng = np.random.default_rng(np.random.SeedSequence((plan.seed, _DATA_SEED)))
    factors = hidden_factors(plan.recipe.classes, settings.hidden, hidden, rng)
    again = replace(plan, seed=plan.seed + _DATA_SEED)
    total = sum(plan.wanted)
    simulated = folder.with_name(f"{folder.name}-data")
    try:
        with open_parts(folder, fingerprint(plan)) as parts, open_parts(simulated, fingerprint(again)) as others:
            used = run(plan, pool, parts, _part_of(report, 0, 2 * total))
            shares = run(again, pool, others, _part_of(report, total, 2 * total))
            model = _expected(plan, parts, used, settings.luminosity)
            nature = _expected(again, others, shares, settings.luminosity)
            hide = np.array([factors[name] for name in plan.recipe.classes])
            nature = replace(nature, weight=nature.weights * hide[nature.labels])
            drawn = draw(nature, rng)
            with replacing_folder(folder) as scratch:
                _write_processes(model, plan, settings, scratch)
                _write_data(nature, drawn, plan, settings, factors, scratch)
    except BaseException as error:
        if parts_folder(folder).exists() or parts_folder(simulated).exists():
            error.add_note(f"Finished chunks are kept in {parts_folder(folder)}; the same command goes on from there.")
        raise
    return folder


def _expected(plan: Plan, store: Store, used: Sequence[Sequence[Share]], luminosity: float) -> Events:
    """All events of a plan; their weights are those of the luminosity."""
    events = assembled(plan, store, used)
    return replace(events, weight=luminosity_weights(events, luminosity))


def _write_processes(events: Events, plan: Plan, settings: Ntuples, folder: Path) -> None:
    classes, weight = events.provenance.settings["classes"], f"{settings.prefix}{WEIGHT}"
    summary = {}
    for number, process in enumerate(plan.recipe.processes):
        made = _prefixed(events.take(events.labels == number), settings.prefix)
        if not len(made):
            continue
        made = made.with_columns(**{weight: made.weights})
        write(
            replace(made, target=None, classes=(), reserved=made.reserved | {weight}), folder / f"{process.name}.root"
        )
        summary[process.name] = {
            **classes[process.name],
            "cross_section": _cross_section(process.model_dump(), classes[process.name]),
            "pythia_cross_section": classes[process.name]["cross_section"],
            "expected": float(made.weights.sum()),
        }
    notes = {"recipe": plan.recipe.name, "seed": plan.seed, "luminosity": settings.luminosity, "processes": summary}
    _write_json(notes, folder / "simulation.json")


def _write_data(
    nature: Events, drawn: PseudoData, plan: Plan, settings: Ntuples, factors: Mapping[str, float], folder: Path
) -> None:
    write(_prefixed(drawn.data, settings.prefix), folder / "data.root")
    write(drawn.truth, folder / "truth" / "data.parquet")
    count = len(plan.recipe.classes)
    notes = {
        "luminosity": settings.luminosity,
        "hidden": dict(factors),
        "expected": _by_class(plan, np.bincount(nature.labels, nature.weights, count)),
        "drawn": _by_class(plan, np.bincount(drawn.truth.labels, minlength=count)),
        "repeats": drawn.repeats,
    }
    _write_json(notes, folder / _TRUTH)


def _by_class(plan: Plan, values: Sequence[float] | NDArray[Any]) -> dict[str, float]:
    return dict(zip(plan.recipe.classes, np.asarray(values).tolist(), strict=True))


def _prefixed(events: Events, prefix: str) -> Events:
    array = events.array
    renamed = dict(zip(array.fields, (f"{prefix}{name}" for name in array.fields), strict=True))
    return replace(
        events,
        array=ak.zip({new: array[old] for old, new in renamed.items()}, depth_limit=1),
        reserved=frozenset(renamed[name] for name in events.reserved if name in renamed),
    )


def _write_json(tree: Mapping[str, Any], path: Path) -> None:
    write_text(path, json.dumps(tree, indent=1) + "\n")


def _part_of(report: Report | None, before: int, wanted: int) -> Report | None:
    """Tells of one of several simulations as of a part of them all."""
    if report is None:
        return None

    def tell(now: Progress) -> None:
        report(replace(now, jets=before + now.jets, resumed=before + now.resumed, wanted=wanted))

    return tell
