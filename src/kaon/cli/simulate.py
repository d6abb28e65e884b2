"""`kaon simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kaon.cli.options import JSON, pairs, takes
from kaon.cli.output import Output

__all__ = ["command"]


@takes(JSON)
def command(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe (`kaon list recipes`), or a YAML or Python file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .h5, .root or .parquet.")],
    count: Annotated[
        int, typer.Option("--count", "-n", help="Jets, or events, in all that pass the cuts of the recipe.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Decides the result, whatever the number of workers.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    shower: Annotated[str, typer.Option(help="Parton shower: default, simple, vincia, dire.")] = "default",
    detector: Annotated[
        str | None, typer.Option(help="none, towers, atlas or cms. [default: that of the recipe]")
    ] = None,
    fraction: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=SHARE", help="Share of a class; all of them must sum to 1.")
    ] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to work on.")] = None,
    layout: Annotated[
        str | None, typer.Option(help="Of an HDF5 file: kaon, or top-tagging as the public data set.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    **given: Any,
) -> None:
    """Make jets, or whole events, from a recipe with Pythia 8 and FastJet.

    The file appears under its name only when it is complete. Stopped at any moment, the same command goes on from the
    chunks that are finished.
    """
    from kaon.simulate import simulate_to_file
    from kaon.simulate.progress import progress_bar

    out = Output(given["json"])
    with progress_bar(recipe) as report:
        path = simulate_to_file(
            recipe,
            count,
            output,
            seed=seed,
            workers=workers,
            shower=shower,
            detector=detector,
            fractions=pairs(fraction, "--fraction") or None,
            dask=dask,
            progress=report,
            layout=layout,
            overwrite=overwrite,
        )
    out.say(f"events  {path}")
    out.result({"path": path, "recipe": recipe, "jets": count, "seed": seed, "bytes": path.stat().st_size})
