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
from kaon.datasets.locate import cache_folder
from kaon.datasets.pictures import PictureDataset
from kaon.registry import lookup

__all__ = ["command"]


@takes(JSON)
def command(
    dataset: Annotated[str, typer.Argument(help="Name of a data set (`kaon list datasets`).")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder to put it in. [default: this one; for pictures kaon's cache, where studies look]",
            show_default=False,
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Another place to fetch it from, such as a mirror; for several files, their folder."),
    ] = None,
    **given: Any,
) -> None:
    """Download a public data set, and check that it is whole.

    Size and checksum are compared with those published. Stopped at any moment, the same command goes on where it was,
    and a file that is there is only checked. Then give its name to other commands with `--dataset`.
    """
    out = Output(given["json"])
    found = lookup("kaon.datasets", dataset)
    several = isinstance(found, PictureDataset)
    folder = output if output is not None else cache_folder(dataset) if several else Path()
    with _bar(out, dataset) as report:
        path = found.download(folder, url=url, progress=report)
    sums = [remote.sha256 for remote in found.remotes]
    checked = "SHA-256" if all(sums) else "Adler-32 (no SHA-256 is published)"
    place = "folder" if several else "file  "
    out.say(f"{place}    {path}", f"checked   {checked}", f"licence   {found.licence}", f"cite      {found.citation}")
    size = sum((path / remote.name).stat().st_size for remote in found.remotes) if several else path.stat().st_size
    out.result({"path": path, "dataset": dataset, "bytes": size, "sha256": sums if several else sums[0]})


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
