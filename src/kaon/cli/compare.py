"""`kaon compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kaon.cli.monitor import Monitor, sizes
from kaon.cli.options import DATA, JSON, Files, names, option, pairs, takes
from kaon.cli.output import Output
from kaon.cli.settings import CONFIG, RUN, TRAIN, data_arguments, merged, read_config
from kaon.data import Events
from kaon.errors import ConfigError
from kaon.learn import RunConfig
from kaon.registry import lookup, origin

__all__ = ["command", "compared", "settings_by_model"]

FEATURES = option(
    "features", list[str], "Columns as inputs of those models that read plain columns.", metavar="A,B,..."
)

# The seeds are 0, 1, ..., and hyper-parameters may be meant for one of the models.
_SHARED = tuple(p for p in (*RUN, *TRAIN) if p.name not in ("seed", "options"))
OPTION = option(
    "options",
    list[str],
    "Hyper-parameter: of one model as MODEL.NAME=VALUE, of all as NAME=VALUE. Repeatable.",
    "--option",
    metavar="[MODEL.]NAME=VALUE",
    panel="Run",
)


@takes(CONFIG, FEATURES, *DATA, OPTION, *_SHARED, JSON)
def command(
    files: Files = None,
    models: Annotated[
        list[str] | None, typer.Option("--models", help="Models, comma-separated; Python files with VARIANTS too.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Trainings of each model. [default: 1]")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory of the comparison.")] = Path("comparison"),
    **given: Any,
) -> None:
    """Train several models on the same events and compare them.

    All models see the same split, which depends on event numbers and `--split-seed` only. Every training is a run
    directory; finished ones are not repeated, and one that was stopped is resumed, when the same command is given
    again. At the end stands a report.
    """
    from kaon.data.io import read

    out = Output(given["json"])
    file = read_config(given["config"])
    data = data_arguments(files, given, file.get("data"))
    chosen = names(models) or list(file.pop("models", ())) or [m for m in [file.get("model")] if m]
    count = seeds if seeds is not None else int(file.pop("seeds", 1))
    file.pop("seeds", None)
    if not chosen or count < 1:
        raise ConfigError(f"models={chosen}, seeds={count}: name at least one model and one seed: --models bdt,pfn")
    configs = settings_by_model(chosen, {**file, "data": data}, given, str(given["config"] or "options"))
    with out.waiting("reading"):
        events = read(**data)
    out.progress.print(sizes(events))
    out.result(compared(events, configs, output, count, out))


def compared(events: Events, configs: Sequence[RunConfig], folder: Path, seeds: int, out: Output) -> dict[str, Any]:
    """Compare, write the report, and print the table and the answer in words.

    Args:
        events: labelled.
        configs: one a model.
        folder: of the comparison.
        seeds: trainings of each model.
        out: where to print.

    Returns:
        `folder`, `report`, `runs` (their folders and numbers), `summary` (sentences) and `best` (a model).
    """
    from kaon.learn import compare
    from kaon.report import load, write_page
    from kaon.report.words import headline, ranked

    monitor = Monitor(out, len(configs) * seeds)
    with monitor:
        runs = compare(events, configs, folder, seeds=seeds, reporter=monitor)
    page = write_page(folder, folder / "report.html")
    comparison = load(folder)
    words, order = headline(comparison), ranked(comparison)
    monitor.summary()
    out.say("", *words, "", f"report  {page}")
    return {
        "folder": folder,
        "report": page,
        "runs": [{"folder": run.folder, **run.metrics} for run in runs],
        "summary": words,
        "best": order[0] if order else None,
    }


def settings_by_model(
    models: Sequence[str], file: dict[str, Any], given: dict[str, Any], source: str
) -> list[RunConfig]:
    """The validated settings of each model.

    Args:
        models: registered names or Python files.
        file: settings from a file, with their section `data`.
        given: options of the command line.
        source: of the settings, for messages.

    Raises:
        ConfigError: a wrong setting; `--features` where no model reads plain columns; an option of a model that is not
            compared.
    """
    own = _own_options(models, given["options"])
    features = names(given["features"])
    kinds = {model: origin(lookup("kaon.models", model)) for model in models}
    flat = [model for model, kind in kinds.items() if "tabular" in kind.representations]
    if features and not flat:
        raise ConfigError(f"--features is for models that read plain columns, which none of {', '.join(models)} does")
    base = merged(file, {**given, "options": None})
    made = []
    for model in models:
        settings = {**base, "model": model, "options": {**base.get("options", {}), **own[model]}}
        if features and model in flat:
            settings |= {"representation": "tabular", "representation_options": {"features": features}}
        made.append(RunConfig.from_mapping(settings, source))
    return made


def _own_options(models: Sequence[str], words: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {model: {} for model in models}
    for name, value in pairs(words, "--option").items():
        model, dot, option_name = name.rpartition(".")
        if dot and model not in found:
            raise ConfigError(f"--option {name}: {model} is not among the models {', '.join(models)}")
        for meant in [model] if dot else models:
            found[meant][option_name] = value
    return found
