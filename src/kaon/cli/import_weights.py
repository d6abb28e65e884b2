"""`kaon import-weights`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kaon.cli.options import JSON, names, option, pairs, takes
from kaon.cli.output import Output

__all__ = ["command"]

_LISTS = (
    option("classes", list[str], "Names of the outputs in the checkpoint's order; comma-separated.", metavar="A,B,..."),
    option("option", list[str], "Hyper-parameter that the weights do not tell; repeatable.", metavar="NAME=VALUE"),
    option("constant", list[str], "Preprocessing of a feature; repeatable.", metavar="NAME=[SHIFT,SCALE]"),
)


@takes(*_LISTS, JSON)
def command(
    file: Annotated[Path, typer.Argument(help="Checkpoint of weaver-core: .pt or .safetensors.")],
    model: Annotated[str, typer.Option(help="Name of the model.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .kaon bundle to write.")],
    signal: Annotated[str | None, typer.Option(help="Class that becomes the last one.")] = None,
    constituents: Annotated[int, typer.Option(help="Most constituents of a jet.")] = 128,
    outward: Annotated[bool, typer.Option(help="deta away from the detector's centre, as weaver's examples.")] = True,
    **given: Any,
) -> None:
    """Turn the weights of weaver-core into a tagger of kaon.

    The outputs are those of weaver-core. Without --constant, the preprocessing is that of its examples for top tagging:
    log pT (1.7, 0.7), log E (2, 0.7), log pT/pT(jet) and log E/E(jet) (-4.7, 0.7), dR (0.2, 4), shift and scale each.
    Its classes are top,qcd there: --classes top,qcd --signal top. Nothing in the file is run.
    """
    from kaon.learn.weaver import TOP_TAGGING, import_weaver

    out = Output(given["json"])
    tagger = import_weaver(
        file,
        model,
        classes=names(given["classes"]),
        signal=signal,
        constituents=constituents,
        options=pairs(given["option"], "--option"),
        constants=pairs(given["constant"], "--constant") or TOP_TAGGING,
        outward=outward,
    )
    tagger.save(output)
    out.say(
        f"model    {model}, {tagger.parameter_count:,} parameters",
        f"classes  {', '.join(tagger.classes)} (the signal is the last)",
        f"bundle   {output}",
    )
    out.result({"path": output, "parameters": tagger.parameter_count, "classes": tagger.classes})
