"""`kaon report`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kaon.cli.options import JSON, takes
from kaon.cli.output import Output
from kaon.errors import ConfigError

__all__ = ["command"]


@takes(JSON)
def command(
    directory: Annotated[Path, typer.Argument(help="Of a comparison or a single run.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The HTML file. [default: DIRECTORY/report.html]")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Also write publication figures, PDF and PNG, into this folder.")
    ] = None,
    style: Annotated[Literal["atlas", "cms", "plain"], typer.Option(help="Style of these figures.")] = "plain",
    signal_events: Annotated[float, typer.Option(help="Expected before the cut, for its significance.")] = 100.0,
    background_events: Annotated[float, typer.Option(help="Expected before the cut.")] = 1000.0,
    background_uncertainty: Annotated[float, typer.Option(help="Relative; 0.05 stands for 5%.")] = 0.05,
    **given: Any,
) -> None:
    """Write the HTML report, or publication figures, of finished runs."""
    from kaon.report import load, write_figures, write_page
    from kaon.report.runs import Expected
    from kaon.report.words import headline

    out = Output(given["json"])
    expected = Expected(signal_events, background_events, background_uncertainty)
    if min(signal_events, background_events, background_uncertainty) < 0:
        told = f"--signal-events {signal_events:g}, --background-events {background_events:g}"
        raise ConfigError(f"{told}, --background-uncertainty {background_uncertainty:g}: none can be negative")
    comparison = replace(load(directory), expected=expected)
    page = write_page(comparison, output or directory / "report.html")
    drawn = list(write_figures(comparison, figures, style=style)) if figures else []
    words = headline(comparison)
    out.say(*words, "", f"report  {page}", *(f"figure  {path}" for path in drawn))
    out.result({"report": page, "figures": drawn, "summary": words})
