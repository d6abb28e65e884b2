"""`kaon rank`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kaon.cli.monitor import Monitor, sizes
from kaon.cli.options import DATA, JSON, Files, names, option, pairs, takes
from kaon.cli.output import Output, table
from kaon.cli.settings import CONFIG, RUN, TRAIN, data_arguments, merged, read_config
from kaon.errors import ConfigError, UnknownName
from kaon.learn import Parts, RunConfig
from kaon.registry import lookup, origin

__all__ = ["command"]

FEATURES = option("features", list[str], "Columns to rank. [default: all numeric ones]", metavar="A,B,...")
GROUP = option(
    "group", list[str], "Columns that count as one variable. Repeatable.", metavar="NAME=A,B,...", panel="Ranking"
)
_SHARED = tuple(p for p in (*RUN, *TRAIN) if p.name != "seed")


@takes(CONFIG, FEATURES, *DATA, GROUP, *_SHARED, JSON)
def command(
    files: Files = None,
    model: Annotated[str | None, typer.Option(help="Name of a model that reads plain columns. [default: bdt]")] = None,
    retrain: Annotated[
        Literal["none", "without", "with", "both"],
        typer.Option(help="Train again without each variable, with one more at a time, both, or only shuffle."),
    ] = "without",
    repeats: Annotated[int, typer.Option(help="Permutations of each variable.")] = 5,
    seeds: Annotated[int, typer.Option(help="Trainings of each set of variables.")] = 1,
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory of the ranking.")] = Path("ranking"),
    **given: Any,
) -> None:
    """Rank the input variables of a model, by permutation and by training without them.

    Shuffling a variable among the test events tells what the trained model relies on; training without it tells what no
    other variable knows. All losses are of the weighted AUC of test events. The directory holds ranking.json, figures,
    and every training as a run; trainings that are finished are not repeated.
    """
    from kaon.data.io import read
    from kaon.interpret import permutation_importance, variable_groups
    from kaon.interpret import retrain as train_again
    from kaon.learn.run import Run, execute_run
    from kaon.report.ranking import Ranking, write_ranking
    from kaon.represent.tabular import numeric_columns

    out = Output(given["json"])
    file = read_config(given["config"])
    settings = merged(file, given)
    settings["data"] = data_arguments(files, given, file.get("data"))
    settings["model"] = model or settings.get("model") or "bdt"
    if "tabular" not in origin(lookup("kaon.models", settings["model"])).representations:
        raise ConfigError(
            f"{settings['model']} does not read plain columns, which are what is ranked; choose a model that does, for "
            "example bdt or mlp"
        )
    if repeats < 1 or seeds < 1:
        raise ConfigError(f"repeats={repeats}, seeds={seeds}; at least 1 of each is needed")
    settings["representation"] = "tabular"
    config = RunConfig.from_mapping(settings, str(given["config"] or "options"))
    with out.waiting("reading"):
        events = read(**config.data)
    out.progress.print(sizes(events))
    wanted = names(given["features"]) or config.representation_options.get("features") or numeric_columns(events)
    for column in (c for c in wanted if c not in events.fields):
        raise UnknownName("column", column, events.fields, events.provenance.source)
    groups = {name: names([str(value)]) for name, value in pairs(given["group"], "--group").items()}
    variables = variable_groups(wanted, groups)
    if len(variables) < 2:
        raise ConfigError(f"only {list(variables)} is there to be ranked; name at least two variables")
    parts = Parts.of(events, config.split, config.split_seed)
    ways = {"none": 0, "without": len(variables), "with": len(variables) - 1, "both": 2 * len(variables) - 1}
    monitor = Monitor(out, (1 + ways[retrain]) * seeds)

    def follow(title: str, seed: int, run: Run | None) -> Any:
        return None if (title, seed) == ("all", 0) else monitor(title, seed, run)  # that one was told before

    with monitor:
        options = {**config.representation_options, "features": [c for c in events.fields if c in set(wanted)]}
        first = config.train.model_copy(update={"seed": 0})
        whole = config.model_copy(update={"representation_options": options, "train": first})
        progress = monitor("all", 0, None)
        run = execute_run(whole, parts, output / "runs" / "all-seed0", progress=progress)
        monitor("all", 0, run)
        with out.waiting("shuffling"):
            shuffled = permutation_importance(run.tagger(), parts.test, groups=groups, repeats=repeats)
        without = added = []
        if retrain in ("without", "both"):
            without = train_again(config, parts, variables, output, "without", seeds=seeds, reporter=follow)
        if retrain in ("with", "both"):
            order = {i.name: variables[i.name] for i in shuffled}
            added = train_again(config, parts, order, output, "with", seeds=seeds, reporter=follow)
    ranking = Ranking(
        config.model,
        float(run.metrics["auc"]),
        [{k: v for k, v in asdict(row).items() if k != "drops"} for row in shuffled],
        [asdict(row) for row in without],
        [asdict(row) for row in added],
    )
    written = write_ranking(ranking, output)
    out.show(_losses(ranking))
    if ranking.added:
        out.say("")
        out.show(_added(ranking))
    out.say("", *(f"{path.suffix[1:]:7} {path}" for path in written if path.suffix != ".pdf"))
    out.result({"folder": output, **asdict(ranking)})


def _losses(ranking: Any) -> Any:
    again = {str(row["name"]).removeprefix("without "): row for row in ranking.without[1:]}
    body = []
    for number, row in enumerate(ranking.permutation, start=1):
        cells = [f"{number}", str(row["name"]), f"{row['drop']:.4f} ± {row['spread']:.4f}"]
        if again:
            other = again[row["name"]]
            spread = "" if other["spread"] is None else f" ± {other['spread']:.4f}"
            cells += [f"{other['auc']:.4f}{spread}", f"{other['change']:+.4f} ± {other['error']:.4f}"]
        body.append(cells)
    headings = ["", f"{ranking.model}, AUC {ranking.auc:.4f}", "Loss, shuffled"]
    return table(headings + ["AUC without it", "Change"] * bool(again), body, left=(1,))


def _added(ranking: Any) -> Any:
    whole, *rows = ranking.added
    body = [[row["name"].replace("with ", "+ " if i else ""), f"{row['auc']:.4f}"] for i, row in enumerate(rows)]
    return table(["One more at a time", "AUC"], [*body, ["all", f"{whole['auc']:.4f}"]])
