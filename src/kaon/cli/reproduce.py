"""`kaon reproduce`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kaon.cli.monitor import Monitor, duration
from kaon.cli.options import JSON, names, takes
from kaon.cli.output import Output, table
from kaon.errors import ConfigError

if TYPE_CHECKING:
    from kaon.report.study import Result
    from kaon.simulate.progress import Report

__all__ = ["Follower", "command", "results_table", "study_states"]

_WIDE = 128
"""Columns of text that fit obtained and published side by side."""


@takes(JSON)
def command(
    name: Annotated[str | None, typer.Argument(help="Of the study; `--list` shows them.", show_default=False)] = None,
    scale: Annotated[str, typer.Option(help="smoke: minutes, to see that it works; quick; full: as published.")] = (
        "quick"
    ),
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of all studies; this one works in OUTPUT/NAME/SCALE.")
    ] = Path("kaon-studies"),
    seeds: Annotated[
        int | None, typer.Option(help="Trainings of each model. [default: as the scale says]", show_default=False)
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="FILE...", help="Your files instead of a simulation, as the study wants them."),
    ] = None,
    models: Annotated[
        list[str] | None, typer.Option("--models", metavar="A,B,...", help="Some of the study's models.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that simulate.")] = 2,
    show: Annotated[bool, typer.Option("--list", help="Show each study, its source and how far it is.")] = False,
    **given: Any,
) -> None:
    """Make a published result again, beside the published numbers.

    Whatever is finished is kept: stopped at any moment, the same command goes on where it was, and given again after
    the end it only draws the page anew. `quick` takes up to half an hour on two cores.
    """
    from kaon.registry import lookup
    from kaon.studies.base import Study, perform

    out = Output(given["json"])
    if show:
        found = study_states(output)
        heads = ("name", "question", "source", *(found[0]["states"] if found else ()))
        body = [[s["name"], s["question"], s["source"], *s["states"].values()] for s in found]
        out.show(table(heads, body, left=range(len(heads))))
        out.result(found)
        return
    if name is None:
        raise ConfigError("which study? `kaon reproduce --list` shows them; for example: kaon reproduce landscape")
    study = lookup("kaon.studies", name)
    if not isinstance(study, Study):
        raise ConfigError(f"{name} is a {type(study).__name__}, not a kaon.studies.base.Study")
    start = time.perf_counter()
    result, folder = perform(
        study,
        scale,
        output,
        seeds=seeds,
        workers=workers,
        data=data or (),
        models=names(models),
        reporter=Follower(out),
    )
    out.show(results_table(result, out.text.width))
    out.say("", *result.summary, "", *result.notes, "", f"Done in {duration(time.perf_counter() - start)}.")
    out.say(f"table   {folder / 'table.md'}", f"report  {folder / 'report.html'}")
    out.result({"folder": folder, "report": folder / "report.html", **result.table()})


class Follower:
    """Shows how far a study is: what it is at, a bar for simulations, a live table for trainings.

    Args:
        output: of the command.
    """

    def __init__(self, output: Output) -> None:
        self.output = output

    def stage(self, text: str) -> None:
        """A line of its own."""
        self.output.progress.print(text, soft_wrap=True, markup=False)

    def simulation(self, recipe: str) -> AbstractContextManager[Report]:
        """Jets or events, how many a second, time left."""
        from kaon.simulate import load_recipe
        from kaon.simulate.progress import progress_bar

        return progress_bar(recipe, "jets" if load_recipe(recipe).objects is None else "events")

    @contextmanager
    def trainings(self, count: int) -> Iterator[Monitor]:
        """Each training with its time left, and how many there are."""
        monitor = Monitor(self.output, count)
        with monitor:
            yield monitor


def study_states(output: Path) -> list[dict[str, Any]]:
    """Every study: name, question, source, models, recipes, and by scale how far it is in this folder."""
    from kaon.registry import variants
    from kaon.studies.base import state

    def words(study: Any, scale: Any, far: str) -> str:
        minutes = study.scales[scale].minutes
        return far if far != "not run" or minutes is None else f"{far} (about {minutes:g} min)"

    return [
        {
            "name": name,
            "question": study.question,
            "source": study.source,
            "models": list(study.models),
            "recipes": list(study.recipes),
            "states": {s.scale: words(study, s.scale, s.words) for s in state(study, output)},
        }
        for name, study in variants("kaon.studies").items()
    ]


def results_table(result: Result, width: int) -> Any:
    """The numbers with the published ones in brackets.

    Args:
        result: of the study.
        width: of the terminal; in a narrow one, brackets and spread go below.
    """

    def cell(value: Any, column: Any) -> str:
        if value is None:
            return ""
        told, published = value.text(column), value.published_text(column)
        text = f"{told} [dim]({published})[/]" if published else told
        return text if width >= _WIDE else text.replace(" [dim](", "\n[dim](").replace(" ± ", "\n± ", 1)

    heads = [
        re.sub(r"<[^>]+>", "", column.title.replace("<br>", "\n")).replace(" at ", "\n") for column in result.columns
    ]
    body = [[f"[bold]{row.name}[/]", *(cell(row.values.get(c.key), c) for c in result.columns)] for row in result.rows]
    return table([result.study, *heads], body)
