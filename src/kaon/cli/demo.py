"""`kaon demo`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kaon.cli.options import JSON, takes
from kaon.cli.output import Output
from kaon.errors import DataError

if TYPE_CHECKING:
    from kaon.data import Events

__all__ = ["command"]

RECIPE = "top-tagging"
MODELS = ("bdt", "topodnn", "efn", "pfn")


@takes(JSON)
def command(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory. [default: kaon-demo, or kaon-demo-fast]")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="A few jets and epochs: a look in under a minute.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that simulate.")] = 2,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 1,
    **given: Any,
) -> None:
    """Simulate jets, compare taggers, write the report and an ONNX file: all of kaon in a few minutes.

    Stopped at any moment, the same command goes on where it was. It does what these commands would do: `kaon simulate
    top-tagging`, `kaon compare`, `kaon export`.
    """
    from kaon.cli.compare import compared
    from kaon.cli.monitor import duration
    from kaon.data.io import read
    from kaon.deploy import export_onnx
    from kaon.learn import RunConfig, load
    from kaon.simulate import simulate_to_file
    from kaon.simulate.progress import progress_bar

    out = Output(given["json"])
    start = time.perf_counter()
    folder = output or Path("kaon-demo-fast" if fast else "kaon-demo")
    jets, epochs, batch = (800, 2, 64) if fast else (16_000, 12, 128)

    out.say(f"1/3  {jets:,} jets of the recipe {RECIPE}: top quarks against QCD, Pythia 8 and a detector emulation")
    file = folder / "jets.h5"
    if not file.exists():
        with progress_bar(RECIPE) as report:
            simulate_to_file(RECIPE, jets, file, seed=seed, workers=workers, progress=report)
    events = read([str(file)])
    _check(file, events, jets, seed)

    out.say("", f"2/3  {len(MODELS)} taggers, {epochs} epochs each, on the same training, validation and test jets")
    settings = {"data": {"path": [str(file)]}, "train": {"epochs": epochs, "batch_size": batch}}
    configs = [RunConfig.from_mapping({**settings, "model": model}) for model in MODELS]
    result = compared(events, configs, folder / "comparison", 1, out)

    best = result["best"] or MODELS[0]
    out.say("", f"3/3  {best} as an ONNX file, which runs in C++ without kaon")
    bundle = folder / "comparison" / "runs" / f"{best}-seed0" / "bundle.kaon"
    exported = export_onnx(load(bundle), folder / f"{best}.onnx")
    out.say(
        f"largest difference of a probability to the original: {exported.max_difference:.1g}",
        "",
        f"jets    {file}",
        f"model   {bundle}",
        f"onnx    {exported.path}",
        f"report  {result['report']}",
        "",
        *result["summary"][:2],
        f"Done in {duration(time.perf_counter() - start)}. Open the report in a browser.",
    )
    result |= {"jets": file, "model": bundle, "onnx": exported}
    out.result(result | {"seconds": time.perf_counter() - start})


def _check(file: Path, events: Events, jets: int, seed: int) -> None:
    """Refuse a file that this very command did not make."""
    made = events.provenance
    found = {"recipe": made.source, "seed": made.seed, "jets": len(events)}
    wanted = {"recipe": RECIPE, "seed": seed, "jets": jets}
    odd = [f"{name} {found[name]} instead of {wanted[name]}" for name in wanted if found[name] != wanted[name]]
    if odd:
        raise DataError(
            f"{file} is there already, but holds other jets ({', '.join(odd)}); choose another folder with --output, "
            "or delete it"
        )
