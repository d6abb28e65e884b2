"""`kaon analyse`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kaon.cli.options import JSON, takes
from kaon.cli.output import Output, table

if TYPE_CHECKING:
    from kaon.analysis import Analysis

Style = Literal["atlas", "cms", "plain"]

__all__ = ["Follower", "command", "yields_table"]


@takes(JSON)
def command(
    config: Annotated[str, typer.Argument(help="A .yaml file, or the name of an analysis that ships with kaon.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the result. [default: the analysis's name]")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Folder of the ntuples. [default: where CONFIG lies]", metavar="FOLDER", show_default=False
        ),
    ] = None,
    style: Annotated[Style, typer.Option(help="Of the figures: atlas, cms or plain.")] = "atlas",
    **given: Any,
) -> None:
    """Run an analysis: ntuples, selection, background estimates, figures, fit.

    Reads a file or more a process and the data, and writes cut flow, yields of the regions, stacked figures, estimated
    backgrounds, the pyhf workspace, the fit and a page. The folder appears when all is done; one of an earlier run is
    replaced. Trainings that are finished are found again by a run that was stopped.
    """
    from kaon.analysis import analyse, load_config
    from kaon.analysis.writing import summary, write_files
    from kaon.files import replacing_folder
    from kaon.report import write_analysis

    out = Output(given["json"])
    settings = load_config(config, data)
    folder = output or Path(settings.name)
    check_target(folder)
    work = folder.absolute().with_name(f".{folder.name}.trainings")
    with replacing_folder(folder) as scratch:
        with Follower(out) as follower:
            result = analyse(settings, work=work, progress=follower.reading, trainings=follower.training)
        with out.waiting("writing"):
            write_files(result, scratch)
            write_analysis(result, scratch, style=style)
    remove(work)
    out.show(yields_table(result))
    if result.fit is not None:
        out.say("", *fit_lines(result))
    out.say("", f"tables  {folder / 'yields.md'}, {folder / 'cutflow.md'}", f"report  {folder / 'report.html'}")
    out.result({"folder": folder, "report": folder / "report.html", **summary(result)})


class Follower:
    """Shows how far the reading and the trainings are.

    Args:
        output: of the command.
    """

    def __init__(self, output: Output) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[words]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=output.progress,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Follower:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def reading(self, what: str, done: int, total: int) -> None:
        """Events of a sample."""
        self._show(f"reading {what}", done, total, f"{done:,} of {total:,} events")

    def training(self, name: str, fold: int) -> Callable[[float, float, Mapping[str, float]], None]:
        """Epochs or trees of a fold."""

        def follow(done: float, total: float, row: Mapping[str, float]) -> None:
            loss = row.get("validation_loss", row.get("train_loss"))
            self._show(f"training {name}, fold {fold}", done, total, "" if loss is None else f"loss {loss:.4f}")

        return follow

    def _show(self, what: str, done: float, total: float, words: str) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total, words=words)
        self._bar.update(self._tasks[what], completed=done, total=total, words=words)


def check_target(folder: Path) -> None:
    """Make sure that nothing but an earlier result is replaced, before any work is done.

    Raises:
        ConfigError: the folder holds something else.
    """
    from kaon.errors import ConfigError

    if folder.is_dir() and any(folder.iterdir()) and not (folder / "analysis.json").exists():
        raise ConfigError(f"{folder} is not empty and no earlier result of kaon analyse; choose another with -o")


def remove(work: Path) -> None:
    """Delete finished folds once their models are part of the result."""
    import shutil

    shutil.rmtree(work, ignore_errors=True)


def yields_table(result: Analysis) -> Any:
    """Regions by expectation, uncertainty and data, as far as there are any."""
    from kaon.analysis.entries import DATA

    rows = []
    for region, found in result.yields.items():
        expected = result.expected(region)
        signal = sum(float(found[name].values[0]) for name in result.config.signals)
        seen = found.get(DATA)
        rows.append(
            [
                result.config.region_label(region),
                f"{signal:,.1f}" if result.config.signals else "",
                f"{expected.values[0]:,.1f} ± {expected.errors[0]:,.1f}",
                "" if seen is None else f"{seen.values[0]:,.0f}",
                f"{seen.values[0] / expected.values[0]:.3f}" if seen and expected.values[0] > 0 else "",
            ]
        )
    columns = ("Region", "Signal", "Expected", "Data", "Data / expected")
    data, simulated = result.config.data is not None, bool(result.processes)
    shown = (True, bool(result.config.signals), simulated, data, data and simulated)
    return table(tuple(compress(columns, shown)), [list(compress(row, shown)) for row in rows])


def fit_lines(result: Analysis) -> list[str]:
    """The fit in words."""
    assert result.fit is not None
    found, limit = result.fit.discovery, result.fit.limit
    lines = [f"significance  expected {found.expected:.3g}"]
    if found.observed is not None and found.mu is not None and found.mu_error is not None:
        lines[0] += f", observed {found.observed:.3g}"
        lines.append(f"signal strength  {found.mu:.3g} -{found.mu_error[0]:.2g} +{found.mu_error[1]:.2g}")
    if limit is not None:
        seen = "" if limit.observed is None else f", observed {limit.observed:.3g}"
        lines.append(f"upper limit at {limit.level:.0%}  expected {limit.expected[2]:.3g}{seen}")
    return lines
