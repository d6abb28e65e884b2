"""Jets and whole events from collisions: `simulate` makes them, `simulate_to_file` makes many and outlives a kill."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

from kaon.data import Events
from kaon.data.io import write
from kaon.data.io.formats import format_of
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.simulate.assembly import assemble, assembled
from kaon.simulate.detector import check_detector
from kaon.simulate.farm import run
from kaon.simulate.generator import check_shower
from kaon.simulate.ntuples import check_target, make_ntuples
from kaon.simulate.parts import open_parts, parts_folder
from kaon.simulate.plan import Memory, Plan, fingerprint
from kaon.simulate.pool import open_pool
from kaon.simulate.progress import Report
from kaon.simulate.recipe import Recipe, load_recipe
from kaon.simulate.toys import draw, is_toy
from kaon.simulate.whole_events import column_set

__all__ = ["Recipe", "load_recipe", "simulate", "simulate_to_file", "simulate_to_ntuples"]


def simulate(
    recipe: str | PathLike[str] | Recipe,
    count: int,
    *,
    seed: int = 0,
    workers: int = 1,
    shower: str = "default",
    detector: str | None = None,
    fractions: Mapping[str, float] | None = None,
    dask: str | None = None,
    progress: Report | None = None,
    output: str | PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Events:
    """Make jets, or whole events where the recipe says so, or the events of a toy.

    Args:
        recipe: a name (`top-tagging`, `stop-search`, `higgs`, ...; `kaon list` has them all), a YAML file, or a
            `Recipe`; or a toy (`shapes`, ...).
        count: jets (or events) in all, accepted by the cuts of the recipe.
        seed: decides the result, whatever the number of workers.
        workers: processes; 1 works in this one.
        shower: `default`, `simple`, `vincia`, ...; see `kaon.simulate.generator.showers`.
        detector: `none`, `towers`, `atlas` or `cms`; None for the recipe's own.
        fractions: of each class; None for those of the recipe, most often equal ones. When `count` does not divide,
            the last class gets more.
        dask: address of a Dask scheduler that makes the chunks instead of local processes.
        progress: told how far it is; `kaon.simulate.progress.progress_bar` shows it.
        output: also write this file, as `simulate_to_file` does.
        options: of a toy, such as `{"noise": 0.5}`; see its file in `kaon.simulate.toys`.

    Returns:
        `count` events with the columns `jet`, `constituents`, `parton` (what the jet is matched to; zeros without a
        match), `jet_pt`, `jet_eta`, `jet_phi`, `jet_mass`, `jet_constituents` (their number before the recipe's limit).
        Constituents are stored in single, all else in double precision. Whole events have the columns of a
        file of `kaon.simulate.columns`.

    Raises:
        MissingExtra: the extra `sim` is not installed.
        ConfigError: an unknown recipe, detector, set of columns, class or option, or a bad number.
        SimulationError: Pythia or a worker failed.
    """
    if is_toy(recipe):
        made = _toy(recipe, count, seed, shower, detector, fractions, options)
        if output is not None:
            write(made, output)
        return made
    plan = _plan(recipe, count, seed, shower, detector, fractions)
    if output is not None:
        from kaon.data.io import read

        more = {"shower": shower, "detector": detector, "fractions": fractions, "dask": dask, "progress": progress}
        file = simulate_to_file(recipe, count, output, seed=seed, workers=workers, **more)  # type: ignore[arg-type]  # mixed
        return read(file)
    store = Memory()
    with open_pool(workers, dask) as pool:
        used = run(plan, pool, store, progress)
    return assembled(plan, store, used)


def simulate_to_file(
    recipe: str | PathLike[str] | Recipe,
    count: int,
    output: str | PathLike[str],
    *,
    seed: int = 0,
    workers: int = 1,
    shower: str = "default",
    detector: str | None = None,
    fractions: Mapping[str, float] | None = None,
    dask: str | None = None,
    progress: Report | None = None,
    layout: str | None = None,
    overwrite: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Path:
    """Make jets and write them to a file, which appears under its name only when it is complete.

    Finished chunks are kept in a hidden folder beside it. Stopped at any moment, with Ctrl-C or `kill -9`, the same
    call goes on from there; also with a larger `count`.

    Args:
        recipe, count, seed, workers, shower, detector, fractions, dask, progress, options: as in `simulate`.
        output: the suffix decides the format: .h5, .root or .parquet.
        layout: of HDF5: `kaon`, or `top-tagging`, the columns of the public data set.
        overwrite: replace a file that is already there.

    Returns:
        The path of the file.

    Raises:
        DataError: the file exists, its suffix is unknown, or the disk is full.
        MissingExtra, ConfigError, SimulationError: as in `simulate`.
    """
    plan = None if is_toy(recipe) else _plan(recipe, count, seed, shower, detector, fractions)
    target = Path(output).expanduser()
    format_of(target)
    if target.exists() and not overwrite:
        raise DataError(f"{target} exists already; choose another name, or give overwrite to replace it")
    if plan is None:
        return write(_toy(recipe, count, seed, shower, detector, fractions, options), target, layout=layout)
    with open_parts(target, fingerprint(plan)) as parts:
        try:
            with open_pool(workers, dask) as pool:
                used = run(plan, pool, parts, progress)
            write(assemble(plan, parts, used), target, layout=layout)
        except BaseException as error:
            if parts.finished():
                error.add_note(
                    f"Finished chunks are kept in {parts_folder(target)}; the same command goes on from there."
                )
            raise
    return target


def simulate_to_ntuples(
    recipe: str | PathLike[str] | Recipe,
    count: int,
    folder: str | PathLike[str],
    *,
    seed: int = 0,
    workers: int = 1,
    luminosity: float | None = None,
    hidden: Mapping[str, float] | None = None,
    shower: str = "default",
    detector: str | None = None,
    fractions: Mapping[str, float] | None = None,
    dask: str | None = None,
    progress: Report | None = None,
    overwrite: bool = False,
) -> Path:
    """Make events and write them as an analysis gets them: a file per process, and pseudo-data.

    See `kaon.simulate.ntuples` for what is in the folder. It appears when it is complete; stopped at any moment, the
    same call goes on from the chunks that are finished, also with another luminosity.

    Args:
        recipe: as in `simulate`; it needs `ntuples`.
        seed, workers, shower, detector, fractions, dask, progress: as in `simulate`.
        count: events of all processes that pass the cuts of the recipe; as many again are made for the pseudo-data.
        folder: to write; the pseudo-data are `data.root` in it, and `truth` tells their processes.
        luminosity: 1/pb, of the weights and of the pseudo-data; None for what suits `count`.
        hidden: beginning of class names -> factor of their rates in pseudo-data, and 1 for all others; None to draw
            factors in the ranges of the recipe.
        overwrite: replace such a folder that is already there.

    Warns:
        KaonWarning: pseudo-data had to be repeated: the luminosity is more than was simulated.

    Raises:
        DataError: the folder exists, a negative weight, or the disk is full.
        ConfigError: the recipe is not made for ntuples, or a luminosity or factor that is no positive number.
        MissingExtra, SimulationError: as in `simulate`.

    Example: `simulate_to_ntuples("ztautau", 20_000, "ztautau", seed=1, workers=2, hidden={"W": 1.2, "QCD": 0.8})`
    """
    plan = _plan(recipe, count, seed, shower, detector, fractions)
    settings = plan.recipe.ntuples
    if settings is None:
        raise ConfigError(
            f"the recipe {plan.recipe.name} is not made for a folder of ntuples; give a file that ends with .h5, .root "
            "or .parquet"
        )
    chosen = settings.luminosity * count / 1000 if luminosity is None else luminosity
    if isinstance(chosen, bool) or not 0 < chosen < float("inf"):
        raise ConfigError(f"the luminosity {luminosity} must be a positive number, in 1/pb")
    target = check_target(folder, overwrite)
    with open_pool(workers, dask) as pool:
        return make_ntuples(plan, target, pool, settings.model_copy(update={"luminosity": chosen}), hidden, progress)


def _toy(
    name: Any,
    count: int,
    seed: int,
    shower: str,
    detector: str | None,
    fractions: Mapping[str, float] | None,
    options: Mapping[str, Any] | None,
) -> Events:
    if shower != "default" or detector is not None or fractions:
        raise ConfigError(f"{name} is a toy: it has no shower, no detector, and equally many events of each class")
    return draw(name, count, seed=seed, **(options or {}))


def _plan(
    recipe: str | PathLike[str] | Recipe,
    count: int,
    seed: int,
    shower: str,
    detector: str | None,
    fractions: Mapping[str, float] | None,
) -> Plan:
    if count < 1:
        raise ConfigError(f"{count} jets or events asked for; at least 1 is needed")
    if seed < 0:
        raise ConfigError(f"the seed {seed} is negative; give 0 or a positive number")
    chosen = load_recipe(recipe).with_options(shower=shower, detector=detector)
    check_detector(chosen.detector)
    check_shower(chosen.shower)
    if chosen.objects is not None:
        column_set(chosen.objects.columns)
    return Plan(chosen, _shares(chosen, count, fractions), seed)


def _shares(recipe: Recipe, count: int, fractions: Mapping[str, float] | None) -> tuple[int, ...]:
    """Jets of each class: they sum to `count`, each is the rounded cumulative share."""
    classes = recipe.classes
    if fractions is None:
        total = sum(process.share for process in recipe.processes)
        fractions = {process.name: process.share / total for process in recipe.processes}
    for name in fractions:
        if name not in classes:
            raise UnknownName("class", name, classes)
    parts = [fractions.get(name, 0.0) for name in classes]
    if min(parts) < 0 or abs(sum(parts) - 1) > 1e-9:
        raise ConfigError(f"the fractions {dict(fractions)} must be non-negative and sum to 1")
    edges = [int(count * sum(parts[:i]) + 1e-9) for i in range(len(parts))] + [count]
    return tuple(b - a for a, b in pairwise(edges))


class _CallablePackage(ModuleType):
    # Python binds an imported package to its name in the parent: `kaon.simulate(...)` has to work all the same.
    def __call__(self, *arguments: Any, **options: Any) -> Events:
        return simulate(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
