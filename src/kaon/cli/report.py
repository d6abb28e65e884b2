"""`kaon report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kaon.cli.options import JSON, takes
from kaon.cli.output import Output

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
    **given: Any,
) -> None:
    """Write the HTML report, or publication figures, of finished runs."""
    from kaon.report import load, write_figures, write_page
    from kaon.report.words import headline

    out = Output(given["json"])
    comparison = load(directory)
    page = write_page(comparison, output or directory / "report.html")
    drawn = list(write_figures(comparison, figures, style=style)) if figures else []
    words = headline(comparison)
    out.say(*words, "", f"report  {page}", *(f"figure  {path}" for path in drawn))
    out.result({"report": page, "figures": drawn, "summary": words})
