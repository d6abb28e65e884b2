"""`kaon simulate`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from kaon.cli.options import JSON, pairs, takes
from kaon.cli.output import Output
from kaon.errors import ConfigError

__all__ = ["command"]


@takes(JSON)
def command(
    recipe: Annotated[
        str, typer.Argument(help="Name of a recipe (`kaon list recipes`), a YAML or Python file of one, or a toy.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write (.h5, .root or .parquet), or a folder of ntuples.")
    ],
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
    luminosity: Annotated[
        float | None, typer.Option(help="Of ntuples, in 1/pb. [default: what suits the count]", show_default=False)
    ] = None,
    hidden: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS=FACTOR",
            help="Of ntuples: how much more of a class (or of all that begin so, such as W) is in the pseudo-data than "
            "simulated. [default: drawn by the seed]",
        ),
    ] = None,
    choice: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="NAME=VALUE", help="Of a toy (`kaon list toys`), such as noise=0.5. Repeatable."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    **given: Any,
) -> None:
    """Make jets, or whole events, from a recipe with Pythia 8 and FastJet; or toys.

    The file appears under its name only when it is complete. Stopped at any moment, the same command goes on from the
    chunks that are finished.

    With a folder instead of a file (`kaon simulate ztautau -o ztautau`) it writes ntuples as an analysis gets them: one
    ROOT file per process with luminosity weights, and pseudo-data whose composition only the folder `truth` tells.
    """
    from kaon.simulate import load_recipe, simulate_to_file, simulate_to_ntuples
    from kaon.simulate.progress import progress_bar
    from kaon.simulate.toys import is_toy

    out = Output(given["json"])
    toy = is_toy(recipe)
    settings = None if toy else load_recipe(recipe)
    as_ntuples = settings is not None and output.suffix == "" and settings.ntuples is not None
    if choice and not toy:
        raise ConfigError(
            "--option is of a toy (`kaon list toys`); a recipe's settings are changed in a file of its own"
        )
    if as_ntuples and layout is not None:
        raise ConfigError("--layout is of an HDF5 file; a folder of ntuples has none")
    if not as_ntuples and (luminosity is not None or hidden):
        raise ConfigError(
            "--luminosity and --hidden are of ntuples: give a recipe such as ztautau, and a folder as --output"
        )
    common: dict[str, Any] = {
        "seed": seed,
        "workers": workers,
        "shower": shower,
        "detector": detector,
        "fractions": pairs(fraction, "--fraction") or None,
        "dask": dask,
        "overwrite": overwrite,
    }
    unit = "jets" if settings is not None and settings.objects is None else "events"
    with nullcontext() if toy else progress_bar(recipe, unit) as report:
        if as_ntuples:
            path = simulate_to_ntuples(
                recipe,
                count,
                output,
                luminosity=luminosity,
                hidden=pairs(hidden, "--hidden") or None,
                progress=report,
                **common,
            )
        else:
            options = pairs(choice, "--option")
            path = simulate_to_file(recipe, count, output, layout=layout, progress=report, options=options, **common)
    out.say(f"events  {path}")
    size = sum(file.stat().st_size for file in (path.rglob("*.root") if as_ntuples else [path]))
    out.result({"path": path, "recipe": recipe, "jets": count, "seed": seed, "bytes": size})
