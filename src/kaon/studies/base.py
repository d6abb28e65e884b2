"""What a study is: a published result to be made again, at three scales, with what it needs handed to it.

A study is data (name, question, source, scales) and one function, `run(context) -> Result`. The context simulates,
reads and trains for it, so that everything is cached in the study's folder: a simulation that was stopped goes on from
its finished chunks, a training from its last epoch, and what is finished is not done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from kaon.data import Events
from kaon.data.io import read
from kaon.errors import ConfigError, DataError, KaonError, UnknownName
from kaon.files import locked, write_text
from kaon.learn import Parts, RunConfig, compare
from kaon.learn.compare import Reporter as TrainingReporter
from kaon.learn.run import environment
from kaon.report import Comparison, load, write_page
from kaon.report.study import Result
from kaon.report.study_page import write_result
from kaon.simulate import Recipe, load_recipe, simulate_to_file
from kaon.simulate.progress import Report

__all__ = [
    "SCALES",
    "Context",
    "Reporter",
    "Scale",
    "ScaleName",
    "Silent",
    "State",
    "Study",
    "machine",
    "perform",
    "state",
    "together",
]

ScaleName: TypeAlias = Literal["smoke", "quick", "full"]
SCALES: tuple[ScaleName, ...] = ("smoke", "quick", "full")

TABLE, STARTED = "table.json", "study.json"
_JETS_SEED = 1
"""Of the simulated events; trainings have seeds of their own."""


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Args:
        events: jets (or events) that are simulated.
        seeds: trainings of each model, where nothing else is said.
        minutes: it takes about so many on two cores; None where nobody has waited for it.
        settings: whatever else the study's own code looks up, such as epochs.
    """

    events: int
    seeds: int = 1
    minutes: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class Reporter(Protocol):
    """Is told how far a study is."""

    def stage(self, text: str) -> None:
        """A new part of the study begins."""

    def simulation(self, recipe: str) -> AbstractContextManager[Report | None]:
        """Followed while the block runs."""

    def trainings(self, count: int) -> AbstractContextManager[TrainingReporter | None]:
        """So many trainings are followed while the block runs."""


class Silent:
    """A reporter that says nothing."""

    def stage(self, text: str) -> None:
        """Nothing."""

    def simulation(self, recipe: str) -> AbstractContextManager[Report | None]:
        """Nothing."""
        return nullcontext()

    def trainings(self, count: int) -> AbstractContextManager[TrainingReporter | None]:
        """Nothing."""
        return nullcontext()


@dataclass(frozen=True)
class Context:
    """What a study is handed.

    Args:
        study: name of the study.
        scale_name: smoke, quick or full.
        scale: what that means for this study.
        folder: of this study at this scale; all its files lie here.
        seeds: trainings of each model if the user said so; None for what the scale says.
        workers: processes that simulate.
        data: the user's own files, instead of a simulation.
        models: the user's choice of models; empty for all.
        reporter: is told how far it is.
    """

    study: str
    scale_name: ScaleName
    scale: Scale
    folder: Path
    seeds: int | None = None
    workers: int = 1
    data: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    reporter: Reporter = field(default_factory=Silent)

    @property
    def trainings(self) -> int:
        """Seeds of each model: the user's number, else the scale's."""
        return self.scale.seeds if self.seeds is None else self.seeds

    def chosen(self, models: Sequence[str]) -> list[str]:
        """Those of the study's models that the user wants, in the study's order.

        Raises:
            UnknownName: the user named another one.
        """
        for name in self.models:
            if name not in models:
                raise UnknownName("model", name, models, f"the study {self.study}")
        return [m for m in models if not self.models or m in self.models]

    def simulated(
        self, recipe: str | Recipe, count: int | None = None, *, seed: int = _JETS_SEED, **options: Any
    ) -> Events:
        """Events of a recipe, simulated once and then read from the study's folder.

        Args:
            recipe: registered name, or a recipe.
            count: events; those of the scale by default.
            seed: of the simulation.
            options: more for `kaon.simulate.simulate_to_file`: `shower`, `detector`, `fractions`.

        Raises:
            MissingExtra: the extra `sim` is not installed.
            SimulationError: Pythia or a worker failed.
            DataError: the file is there but holds something else.
        """
        count = self.scale.events if count is None else count
        name = load_recipe(recipe).name
        told = "".join(f"-{value}" for value in options.values() if isinstance(value, str))
        file = self.folder / "events" / f"{name}-{count}-seed{seed}{told}.h5"
        if not file.exists():
            self.reporter.stage(f"simulating {count:,} events of the recipe {name}")
            with self.reporter.simulation(name) as report:
                simulate_to_file(recipe, count, file, seed=seed, workers=self.workers, progress=report, **options)
        events = read(str(file))
        made = events.provenance
        if (made.source, made.seed, len(events)) != (name, seed, count):
            raise DataError(
                f"{file} holds {len(events)} events of {made.source} with seed {made.seed}, which this study did not "
                "make; choose another folder with --output, or delete it"
            )
        return events

    def compare(
        self,
        events: Events | Parts,
        configs: Sequence[RunConfig],
        *,
        seeds: int | Mapping[str, int] | None = None,
        name: str = "comparison",
        page: bool = True,
    ) -> Comparison:
        """Train models on the same events; finished trainings are not repeated.

        Args:
            events: to be split as the configurations say, or parts that are split already.
            configs: one a model.
            seeds: trainings, of each model or by model; `trainings` by default.
            name: of the folder.
            page: write the comparison's own page into it.
        """
        wanted = self.trainings if seeds is None else seeds
        count = sum(wanted if isinstance(wanted, int) else wanted[c.model] for c in configs)
        home = self.folder / name
        with self.reporter.trainings(count) as follow:
            compare(events, configs, home, seeds=wanted, reporter=follow)
        comparison = load(home)
        if page:
            write_page(comparison, home / "report.html")
        return comparison


def together(comparisons: Mapping[str, Comparison]) -> Comparison:
    """One comparison of several, of one model each, under their titles; the sample is that of the first."""
    runs = tuple(replace(run, model=title) for title, made in comparisons.items() for run in made.runs)
    return Comparison(runs, next(iter(comparisons.values())).sample)


@dataclass(frozen=True)
class Study:
    """A published result to be made again.

    Args:
        name: for the command line.
        question: that it answers, in one sentence; the title of its page.
        source: the publication, with its number or address.
        scales: what smoke (under 2 minutes), quick (under 30 minutes on two cores) and full (as published) mean.
        run: does the work.
        models: that it compares by default.
        recipes: that it simulates.
        takes_data: whether the user's own files may take the place of the simulation, and which: shown in messages.
    """

    name: str
    question: str
    source: str
    scales: Mapping[ScaleName, Scale]
    run: Callable[[Context], Result]
    models: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    takes_data: str = ""


@dataclass(frozen=True)
class State:
    """How far a study is at one scale: `not run`, `partly` or `done`."""

    scale: ScaleName
    words: Literal["not run", "partly", "done"]


def state(study: Study, output: str | os.PathLike[str]) -> list[State]:
    """How far a study is at each of its scales.

    Args:
        study: which.
        output: the folder of all studies.
    """

    def words(folder: Path) -> Literal["not run", "partly", "done"]:
        return "done" if (folder / TABLE).exists() else "partly" if (folder / STARTED).exists() else "not run"

    return [State(scale, words(Path(output) / study.name / scale)) for scale in study.scales]


def perform(
    study: Study,
    scale: str,
    output: str | os.PathLike[str],
    *,
    seeds: int | None = None,
    workers: int = 1,
    data: Sequence[str] = (),
    models: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> tuple[Result, Path]:
    """Run a study, or go on with it, and write `table.json`, `table.md` and `report.html` into its folder.

    Args:
        study: which.
        scale: smoke, quick or full.
        output: the folder of all studies; this one works in OUTPUT/NAME/SCALE.
        seeds: trainings of each model; the scale's by default.
        workers: processes that simulate.
        data: the user's files instead of a simulation.
        models: some of the study's models; all by default.
        reporter: told how far it is.

    Returns:
        What was found, and the folder.

    Raises:
        UnknownName: no such scale.
        ConfigError: a number that makes no sense, or data that the study does not take.
        DataError: the folder was begun with other data, or another process works in it.
    """
    name = next((s for s in study.scales if s == scale), None)
    if name is None:
        raise UnknownName("scale", scale, study.scales, f"the study {study.name}")
    if (seeds is not None and seeds < 1) or workers < 1:
        raise ConfigError(f"seeds={seeds}, workers={workers}: at least 1 is needed")
    if data and not study.takes_data:
        raise ConfigError(f"the study {study.name} simulates its own events and takes no --data")
    folder = Path(output) / study.name / scale
    context = Context(
        study.name, name, study.scales[name], folder, seeds, workers, tuple(data), tuple(models), reporter or Silent()
    )
    context.chosen(study.models)
    with locked(folder / ".lock", f"another process works on this study in {folder}; wait for it, or give --output"):
        _begin(folder, context)
        try:
            result = study.run(context)
        except KaonError:
            if {entry.name for entry in folder.iterdir()} <= {STARTED, ".lock"}:
                (folder / STARTED).unlink()  # nothing was done, so a better call may use the folder
            raise
        write_result(result, folder)
    return result, folder


def machine() -> str:
    """The machine in a few words, for the facts of a result."""
    found = environment()
    return f"{found['cores']} cores, {found['processor']}, {found['platform']}"


def _begin(folder: Path, context: Context) -> None:
    """Note how the study was begun; refuse to go on with other data."""
    noted, now = folder / STARTED, {"study": context.study, "scale": context.scale_name, "data": list(context.data)}
    if noted.exists() and (before := json.loads(noted.read_text()))["data"] != now["data"]:
        raise DataError(
            f"{folder} was begun with {_told(before['data'])}, not with {_told(now['data'])}; choose another folder "
            "with --output, or delete it"
        )
    write_text(noted, json.dumps(now, indent=1) + "\n")


def _told(data: Any) -> str:
    return "the files " + ", ".join(data) if data else "simulated events"
