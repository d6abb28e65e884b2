"""`kaon train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kaon.cli.monitor import Monitor, sizes
from kaon.cli.options import DATA, JSON, Files, names, option, takes
from kaon.cli.output import Output
from kaon.cli.settings import CONFIG, RUN, START, TRAIN, data_arguments, merged, read_config, started
from kaon.data import Events
from kaon.errors import ConfigError
from kaon.learn import Parts, RunConfig, execute_run
from kaon.registry import lookup

__all__ = ["command"]

FEATURES = option(
    "features", list[str], "Columns as inputs of the model (its representation is then tabular).", metavar="A,B,..."
)


@takes(CONFIG, FEATURES, *DATA, *RUN, *START, *TRAIN, JSON)
def command(
    files: Files = None,
    model: Annotated[str | None, typer.Option(help="Name of the model, or a Python file with VARIANTS.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory of the run. [default: runs/MODEL-seedN]")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(help="Cross-train: so many models, each scoring the events it never saw.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="With --ensemble: so many trainings, of the seeds 0, 1, ...", show_default=False)
    ] = None,
    ensemble: Annotated[
        Literal["mean", "validation"] | None,
        typer.Option(help="One model of several trainings: equal shares, or by their validation."),
    ] = None,
    **given: Any,
) -> None:
    """Train one model.

    The run directory holds the settings as resolved, the log, the model, its predictions, the numbers and a report. A
    run that was stopped is resumed, and a finished one is not repeated, when the same command is given again. With
    --folds this holds for each fold, and its model is in folds/foldN; with --ensemble for each member, in
    members/seedN, and `bundle.kaon` is their mean.
    """
    from kaon.data.io import read
    from kaon.learn.run import write_json
    from kaon.learn.sample import sample_summary
    from kaon.report import write_page

    out = Output(given["json"])
    file = read_config(given["config"])
    stored_folds = file.pop("folds", None)
    folds = stored_folds if folds is None else folds
    if folds is not None and (type(folds) is not int or folds < 2):
        raise ConfigError(f"folds: {folds!r} given; cross-training needs a whole number of folds, at least 2")
    if (seeds is None) is not (ensemble is None) or (seeds is not None and (seeds < 2 or folds is not None)):
        raise ConfigError(
            f"--seeds {seeds}, --ensemble {ensemble}, --folds {folds}: several trainings make one model with "
            "--seeds N --ensemble mean (or validation), N at least 2, without --folds; kaon compare compares seeds"
        )
    settings = merged(file, given)
    settings["data"] = data_arguments(files, given, file.get("data"))
    settings["model"] = model or settings.get("model")
    settings = started(settings, given)
    if settings["model"] is None:
        raise ConfigError("no model is named; give --model, for example --model pfn (see `kaon list models`)")
    if given["features"]:
        settings["representation"] = "tabular"
        settings["representation_options"] = {"features": names(given["features"])}
    config = RunConfig.from_mapping(settings, str(given["config"] or "options"))
    lookup("kaon.models", config.model)  # an unknown name is told before anything is read
    folder = output or Path("runs") / f"{Path(config.model.split('.py')[0]).name}-seed{config.train.seed}"
    if folds is None:
        from kaon.cli.crossed import refuse_folds

        refuse_folds(folder)
    with out.waiting("reading"):
        events = read(**config.data)
    out.progress.print(sizes(events))
    monitor = Monitor(out, seeds or 1)
    if seeds is not None and ensemble is not None:
        out.result(_ensemble(config, events, folder, seeds, ensemble, monitor))
        return
    if folds is not None:
        from kaon.cli.crossed import cross_run

        run = cross_run(config, events, folds, folder, monitor)
    else:
        with monitor:
            progress = monitor(config.model, config.train.seed, None)
            run = execute_run(config, Parts.of(events, config.split, config.split_seed), folder, progress=progress)
            monitor(config.model, config.train.seed, run)
    write_json(folder / "sample.json", sample_summary(events))
    page = write_page(folder, folder / "report.html")
    monitor.summary()
    out.say(
        f"model   {folder / 'bundle.kaon'}" if folds is None else f"models  {folder}/folds/fold*/bundle.kaon",
        f"report  {page}",
    )
    out.result({"folder": folder, "report": page, "metrics": run.metrics})


def _ensemble(
    config: RunConfig, events: Events, folder: Path, seeds: int, by: Literal["mean", "validation"], monitor: Monitor
) -> dict[str, Any]:
    """Train the members and put them together; members that are finished are kept."""
    from kaon.cli.ensemble import ensembled
    from kaon.learn.run import write_json
    from kaon.learn.sample import sample_summary

    parts = Parts.of(events, config.split, config.split_seed)
    places = [folder / "members" / f"seed{seed}" for seed in range(seeds)]
    with monitor:
        for seed, place in enumerate(places):
            own = config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})})
            run = execute_run(own, parts, place, progress=monitor(config.model, seed, None))
            monitor(config.model, seed, run)
    write_json(folder / "sample.json", sample_summary(events))
    return ensembled(places, folder, by, monitor.output)
