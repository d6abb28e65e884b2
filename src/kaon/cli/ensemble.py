"""`kaon ensemble`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kaon.cli.monitor import record, results
from kaon.cli.options import JSON, SOURCE, takes
from kaon.cli.output import Output

__all__ = ["command", "ensembled"]


@takes(SOURCE, JSON)
def command(
    runs: Annotated[list[Path], typer.Argument(help="Directories of finished trainings on the same events.")],
    by: Annotated[
        Literal["mean", "validation"],
        typer.Option(help="Equal shares, or those of the mixture that predicts the validation events best."),
    ] = "mean",
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory of the ensemble.")] = Path("ensemble"),
    **given: Any,
) -> None:
    """Put trainings together as one model.

    Its probabilities are the mean of theirs. They may be of different models and representations, but must share events
    and split, so that none of them has seen the test events. The directory is that of a run: its `bundle.kaon`
    predicts, is evaluated and exported as any other, and no events are needed to make it.
    """
    out = Output(given["json"])
    out.result(ensembled(runs, output, by, out, given["source"] or ()))


def ensembled(
    runs: list[Path], folder: Path, by: Literal["mean", "validation"], out: Output, sources: Any = ()
) -> dict[str, Any]:
    """Make the ensemble and its report, and print its numbers below those of its members."""
    from kaon.data.bundle import Bundle
    from kaon.learn.ensemble_run import ensemble_runs
    from kaon.learn.run import Run
    from kaon.report import Comparison, write_page

    made = ensemble_runs(runs, folder, by, sources=sources)
    page = write_page(folder, folder / "report.html")
    members = [Run(run, json.loads((run / "metrics.json").read_text(encoding="utf-8"))) for run in runs]
    shares = Bundle.load(folder / "bundle.kaon").options["shares"]
    out.show(results(Comparison(tuple(record(run) for run in (*members, made))), out.text.width))
    out.say("shares  " + ", ".join(f"{run.name} {share:.3f}" for run, share in zip(runs, shares, strict=True)))
    out.say(f"model   {folder / 'bundle.kaon'}", f"report  {page}")
    return {"folder": folder, "report": page, "shares": shares, "metrics": made.metrics}
