"""`kaon interpret`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kaon.cli.options import DATA, JSON, SOURCE, Files, read_arguments, takes
from kaon.cli.output import Output, table
from kaon.errors import ConfigError

__all__ = ["command"]


@takes(*DATA, SOURCE, JSON)
def command(
    model: Annotated[Path, typer.Argument(help="A .kaon model that reads images, or the directory of a run.")],
    files: Files = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory of what is found.")] = Path(
        "interpretation"
    ),
    layer: Annotated[
        list[int] | None,
        typer.Option(help="Number of a convolution whose patches are wanted, from 0; repeatable. [default: 0 and 1]"),
    ] = None,
    patches: Annotated[int, typer.Option(help="Patches for each filter.")] = 9,
    right: Annotated[int, typer.Option(help="Events of each class that are looked at one by one.")] = 2,
    wrong: Annotated[int, typer.Option(help="Events that are taken for another class, the surest of all first.")] = 4,
    size: Annotated[
        int | None, typer.Option(help="Side of the patch that is covered, pixels. [default: a seventh of the image]")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(help="From one patch to the next, pixels. [default: a third of the patch]")
    ] = None,
    steps: Annotated[int, typer.Option(help="Of the integrated gradients.")] = 50,
    style: Annotated[Literal["atlas", "cms", "plain"], typer.Option(help="Of the figures.")] = "plain",
    **given: Any,
) -> None:
    """Look into a trained network on images: its filters, what excites them, what it cannot do without.

    The directory holds report.html, every figure as PDF and PNG, all maps as arrays (maps.safetensors) and
    interpretation.json: filters of the first layer, the patches that each filter answers most strongly, maps of
    occlusion and gradients of single events, and the correlation of each pixel with the output. FILES are best events
    that the network was not trained on. Needs the extra `interpret`.
    """
    from kaon.data.io import read
    from kaon.extras import require
    from kaon.interpret.overview import overview
    from kaon.interpret.picture_net import image_net
    from kaon.learn.tagger import load
    from kaon.report.interpretation import summary, write_interpretation

    out = Output(given["json"])
    require("captum")
    tagger = load(model / "bundle.kaon" if model.is_dir() else model, given["source"] or ())
    image_net(tagger.model)
    arguments = read_arguments(files, given)
    if not {"path", "signal", "background"} & set(arguments):
        raise ConfigError(f"{model} is a model: name FILES of events to look at it with")
    with out.waiting("reading"):
        events = read(**arguments)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out.progress, transient=True) as bar:
        task = bar.add_task("predicting", total=None)

        def follow(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        found = overview(
            tagger,
            events,
            layers=layer,
            patches=patches,
            right=right,
            wrong=wrong,
            size=size,
            stride=stride,
            steps=steps,
            progress=follow,
        )
    facts = {
        "Model": str(model),
        "Events": f"{len(events):,} of {events.provenance.source}",
        "Classes": ", ".join(tagger.classes),
        "Image": " x ".join(str(n) for n in tagger.spec["image"].shape),
    }
    with out.waiting("drawing"):
        written = write_interpretation(found, output, facts=facts, style=style)
    told = summary(found)
    rows = [
        [str(r["event"]), r["truth"] or "—", r["predicted"], f"{r['probability']:.4f}", f"{r['largest_loss']:+.4f}"]
        for r in told["shown"]
    ]
    out.show(table(("Event", "Is", "Taken for", "Probability", "Largest loss, covered"), rows, left=(1, 2)))
    out.say("", *(f"{path.suffix[1:]:11} {path}" for path in written if path.suffix != ".pdf"))
    out.result({"folder": output, **told})
