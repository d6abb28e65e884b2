"""`kaon predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kaon.cli.options import DATA, JSON, SOURCE, read_arguments, takes
from kaon.cli.output import Output

__all__ = ["command"]

_DATA = tuple(p for p in DATA if p.name not in ("signal", "background"))


@takes(*_DATA, SOURCE, JSON)
def command(
    model: Annotated[Path, typer.Argument(help="A .kaon or .onnx model, or the directory of a run.")],
    files: Annotated[list[str], typer.Argument(help="Files to score, of any size; globs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; its suffix decides the format.")],
    append: Annotated[
        bool, typer.Option("--append", help="Write a copy of the one input file with the scores added.")
    ] = False,
    step: Annotated[int, typer.Option(help="Events at a time: decides the memory.")] = 50_000,
    threads: Annotated[int, typer.Option(help="Of ONNX Runtime.")] = 1,
    **given: Any,
) -> None:
    """Write the scores of a trained model for files of any size.

    One row an event, in the order of the files: the event number, a score for each class, and label and weight where
    the files have them.
    """
    from kaon.deploy import load_model, predict_files

    out = Output(given["json"])
    arguments = read_arguments(files, given)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} events"), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeElapsedColumn(), console=out.progress) as bar:
        task = bar.add_task("predicting", total=None, rate="")

        def report(done: int) -> None:
            elapsed = bar.tasks[task].elapsed or 0.0
            bar.update(task, completed=done, rate=f"{done / elapsed:,.0f} events/s" if elapsed else "")

        summary = predict_files(
            load_model(model / "bundle.kaon" if model.is_dir() else model, threads, given["source"] or ()),
            arguments.pop("path"),
            output,
            append=append,
            step=step,
            progress=report,
            **arguments,
        )
    rate = summary.events / max(summary.seconds, 1e-9)
    out.say(f"scores  {summary.path}", f"{summary.events:,} events, {rate:,.0f} events/s")
    out.result(summary)
