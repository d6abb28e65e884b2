"""`kaon tune`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kaon.cli.monitor import sizes
from kaon.cli.options import DATA, JSON, Files, names, option, takes
from kaon.cli.output import Output, table
from kaon.cli.settings import CONFIG, RUN, TRAIN, data_arguments, merged, read_config
from kaon.cli.trials import TrialsMonitor
from kaon.errors import ConfigError
from kaon.registry import lookup

if TYPE_CHECKING:
    from kaon.data.space import Space
    from kaon.tune import Search

__all__ = ["command", "search_table"]

FEATURES = option(
    "features", list[str], "Columns as inputs of the model (its representation is then tabular).", metavar="A,B,..."
)
_MOST = 8
"""Trials shown on the terminal; the page shows all."""


def _objective(name: str, kind: Any, text: str, metavar: str) -> inspect.Parameter:
    return option(name, kind, text, panel="Objective", metavar=metavar)


OBJECTIVE = (
    _objective(
        "objective", str, "What is made large, on validation events. [default: auc]", "auc|rejection|significance"
    ),
    _objective("signal_efficiency", float, "Of the rejection. [default: 0.3]", "NUMBER"),
    _objective("signal_events", float, "Expected before the cut, for the significance.", "NUMBER"),
    _objective("background_events", float, "Expected before the cut, for the significance.", "NUMBER"),
    _objective("background_uncertainty", float, "Relative; 0.05 stands for 5%. [default: 0]", "NUMBER"),
)


@takes(CONFIG, FEATURES, *DATA, *OBJECTIVE, *RUN, *TRAIN, JSON)
def command(
    files: Files = None,
    model: Annotated[str | None, typer.Option(help="Name of the model, or a Python file with VARIANTS.")] = None,
    trials: Annotated[int, typer.Option("--trials", "-n", help="Trainings in all.")] = 50,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RANGE",
            help="Range of a hyper-parameter or training setting instead of the model's own: LOW..HIGH, "
            "LOW..HIGH:log or A,B,... Repeatable.",
            show_default=False,
        ),
    ] = None,
    pruner: Annotated[
        Literal["median", "hyperband", "none"], typer.Option(help="How hopeless trials are stopped early.")
    ] = "median",
    workers: Annotated[int, typer.Option(help="Trainings at a time, each in a process with one thread.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the search. [default: tune/MODEL]")
    ] = None,
    **given: Any,
) -> None:
    """Search the hyper-parameters of a model.

    Every model brings ranges, and networks the learning rate, batch size and weight decay besides; what an option
    gives a value is not varied. A search that was stopped goes on, and a larger --trials extends it, when the same
    command is given again. The test events are used once, for the best trial. The folder holds best.yaml for `kaon
    train --config`, the best run, a table of all trials and a report.
    """
    from kaon.data.io import read
    from kaon.learn import RunConfig
    from kaon.learn.run import write_json
    from kaon.learn.sample import sample_summary
    from kaon.report import write_page
    from kaon.report.tuning import headline, write_tuning
    from kaon.tune import search as run_search
    from kaon.tune import search_space
    from kaon.tune.words import read_space, read_words

    out = Output(given["json"])
    file = read_config(given["config"])
    stored = file.pop("search", None) or {}
    if not isinstance(stored, Mapping):
        raise ConfigError(f"search: {stored!r} is not a section of ranges, such as 'learning_rate: 1e-4..1e-2:log'")
    file.pop("folds", None)
    ranges: dict[str, Space] = {str(name): read_space(str(name), value) for name, value in stored.items()}
    ranges |= read_words(search)
    objective = objective_of(given, file.pop("objective", None))
    settings = merged(file, given)
    settings["data"] = data_arguments(files, given, file.get("data"))
    settings["model"] = model or settings.get("model")
    if settings["model"] is None:
        raise ConfigError("no model is named; give --model, for example --model bdt (see `kaon list models`)")
    if given["features"]:
        settings["representation"] = "tabular"
        settings["representation_options"] = {"features": names(given["features"])}
    config = RunConfig.from_mapping(settings, str(given["config"] or "options"))
    lookup("kaon.models", config.model)
    if trials < 1 or workers < 1:
        raise ConfigError(f"trials={trials}, workers={workers}: at least 1 is needed")
    search_space(config, ranges)  # a wrong name or range is told before anything is read
    folder = output or Path("tune") / Path(config.model.split(".py")[0]).name
    with out.waiting("reading"):
        events = read(**config.data)
    out.progress.print(sizes(events))
    with TrialsMonitor(out, workers) as monitor:
        found, run = run_search(
            events,
            config,
            folder,
            trials=trials,
            space=ranges,
            objective=objective,
            pruner=pruner,
            workers=workers,
            follow=monitor,
            finishing=monitor.finishing,
        )
    write_json(run.folder / "sample.json", sample_summary(events))
    write_page(run.folder, run.folder / "report.html")
    said = headline(found)
    page = write_tuning(found, folder / "report.html")
    out.show(search_table(found))
    out.say("", *said, "")
    out.say(f"settings  {folder / 'best.yaml'}", f"model     {run.folder / 'bundle.kaon'}", f"report    {page}")
    out.result(
        {
            "folder": folder,
            "report": page,
            "config": folder / "best.yaml",
            "bundle": run.folder / "bundle.kaon",
            "objective": found.objective,
            "best": found.best,
            "trials": {
                state: sum(t.state == state for t in found.trials) for state in ("complete", "pruned", "failed")
            },
            "importances": found.importances,
            "test": run.metrics,
            "summary": said,
        }
    )


def objective_of(given: Mapping[str, Any], stored: Any = None) -> Any:
    """The objective of the options, over that of a file's section `objective` (a name, or names and numbers).

    Raises:
        ConfigError: it makes no sense.
    """
    from kaon.tune import Objective

    section = {"kind": stored} if isinstance(stored, str) else dict(stored or {}) if _is_section(stored) else stored
    if not isinstance(section, dict):
        raise ConfigError(f"objective: {stored!r} is neither a name nor a section")
    values = {p.name: given[p.name] for p in OBJECTIVE if given.get(p.name) is not None}
    if "objective" in values:
        values["kind"] = values.pop("objective")
    try:
        return Objective(**{**section, **values})
    except TypeError as error:
        allowed = ", ".join(inspect.signature(Objective).parameters)
        raise ConfigError(f"objective: {section} has a wrong name or value; allowed: {allowed}") from error


def search_table(search: Search) -> Any:
    """The best trials with their settings."""
    from kaon.report.charts.tuning import setting

    ranked = sorted(search.complete, key=lambda t: t.value or 0.0, reverse=True)[:_MOST]
    body = [
        [
            f"{t.number}{' (defaults)' * t.default}",
            f"{t.value:.5g}",
            *(setting(t.settings.get(n)) for n in search.space),
        ]
        for t in ranked
    ]
    return table([f"{search.model}, trial", search.objective, *search.space], body)


def _is_section(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)
