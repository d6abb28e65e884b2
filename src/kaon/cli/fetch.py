"""`kaon fetch`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from kaon.cli.options import JSON, takes
from kaon.cli.output import Output
from kaon.datasets.download import Progress
from kaon.registry import lookup

__all__ = ["command"]


@takes(JSON)
def command(
    dataset: Annotated[str, typer.Argument(help="Name of a data set (`kaon list datasets`).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to put the file in.")] = Path(),
    url: Annotated[str | None, typer.Option(help="Another place to fetch it from, such as a mirror.")] = None,
    **given: Any,
) -> None:
    """Download a public data set, and check that it is whole.

    Size and checksum are compared with those published. Stopped at any moment, the same command goes on where it was,
    and a file that is there is only checked. Then give its name to other commands with `--dataset`.
    """
    out = Output(given["json"])
    found = lookup("kaon.datasets", dataset)
    with _bar(out, found.remote.name) as report:
        path = found.download(output, url=url, progress=report)
    checked = "SHA-256" if found.remote.sha256 else "Adler-32 (no SHA-256 is published)"
    out.say(f"file      {path}", f"checked   {checked}", f"licence   {found.licence}", f"cite      {found.citation}")
    out.result({"path": path, "dataset": dataset, "bytes": path.stat().st_size, "sha256": found.remote.sha256})


@contextmanager
def _bar(out: Output, name: str) -> Iterator[Progress]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=out.progress) as bar:
        task = bar.add_task(name, total=None)

        def report(have: int, total: int | None) -> None:
            bar.update(task, completed=have, total=total)

        yield report
