"""`kaon export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kaon.cli.options import JSON, SOURCE, takes
from kaon.cli.output import Output

__all__ = ["command"]


@takes(SOURCE, JSON)
def command(
    model: Annotated[Path, typer.Argument(help="A .kaon bundle, or the directory of a run.")],
    to: Annotated[Literal["onnx"], typer.Option("--to", help="Format to export to.")] = "onnx",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. [default: beside the bundle]")
    ] = None,
    opset: Annotated[int, typer.Option(help="Version of the ONNX operators.")] = 18,
    **given: Any,
) -> None:
    """Turn a trained model into an ONNX file and check that it gives the same scores.

    The graph takes what the representation makes, normalises it itself, and gives class probabilities; the number of
    events is free. Nothing is written unless ONNX Runtime and kaon agree to 1e-5.
    """
    from kaon.deploy import export_onnx
    from kaon.learn import load

    out = Output(given["json"])
    bundle = model / "bundle.kaon" if model.is_dir() else model
    tagger = load(bundle, given["source"] or ())
    report = export_onnx(tagger, output or bundle.with_suffix(f".{to}"), opset=opset)
    out.say(
        f"{to}    {report.path}",
        f"parity  largest difference of a probability {report.max_difference:.2g} in {report.events:,} events",
        *_rounded(report.rounding),
        *_symmetric(tagger.views),
        *(f"input   {name} {_shape(shape)}" for name, shape in report.inputs.items()),
        *(f"output  {name} {_shape(shape)}" for name, shape in report.outputs.items()),
    )
    out.result(report)


def _rounded(rounding: float) -> list[str]:
    if not rounding:
        return []
    return [f"        which is rounding: the original itself is {rounding:.2g} from its values in double precision"]


def _symmetric(views: int) -> list[str]:
    if views == 1:
        return []
    return [
        f"views   the graph sees an event once; the model averages over {views} turned and mirrored copies, which "
        "kaon predict repeats and other programs must do themselves"
    ]


def _shape(shape: Any) -> str:
    return f"({', '.join(map(str, shape))})"
