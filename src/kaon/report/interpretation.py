"""What was seen in a network on images: a page, figures for a paper, and the maps as arrays."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from safetensors.numpy import save

from kaon.files import replacing, write_text
from kaon.interpret.overview import Overview
from kaon.interpret.patches import Patches
from kaon.report.canvas import Style, styled
from kaon.report.charts.chart import Chart
from kaon.report.charts.gallery import gallery
from kaon.report.frame import Section, render
from kaon.report.gallery_drawing import tiles
from kaon.report.origins import Origin

__all__ = ["MAPS", "interpretation_charts", "interpretation_figures", "summary", "write_interpretation"]

MAPS = "maps.safetensors"
_FILTERS = 64
"""Most filters of the first layer on the page."""
_BLOCKS = 12
"""Most filters whose patches are on the page."""


def write_interpretation(
    found: Overview,
    folder: str | os.PathLike[str],
    *,
    facts: Mapping[str, str] | None = None,
    origins: Sequence[Origin] = (),
    style: Style = "plain",
) -> list[Path]:
    """Write `report.html`, each figure as PDF and PNG, `maps.safetensors` with all arrays, and `interpretation.json`.

    Args:
        found: in the network.
        folder: where to; made if it does not exist.
        facts: for the head of the page.
        origins: texts to unfold.
        style: of the figures.

    Returns:
        The files; the JSON is written last, and its presence means done.

    Raises:
        DataError: the folder cannot be written.
        UnknownName: no such style.
    """
    home = Path(folder)
    charts = interpretation_charts(found)
    page = render(
        "interpretation.html.jinja",
        [Section("network", "What does it look for?", _NETWORK, charts["network"])] * bool(charts["network"])
        + [Section("events", "What does it look at?", _EVENTS, charts["events"])]
        + [Section("pixels", "Where is it decided?", _PIXELS, charts["pixels"])],
        origins,
        question=f"What does {found.model} see?",
        models=(),
        best="",
        answer=_answer(found),
        facts=list((facts or {}).items()),
    )
    written = [write_text(home / "report.html", page)]
    for name, figure in interpretation_figures(found, style).items():
        for suffix, options in ((".pdf", {"metadata": {"CreationDate": None}}), (".png", {"dpi": 200})):
            with replacing(home / f"{name}{suffix}") as scratch:
                figure.savefig(scratch, **options)
            written.append(home / f"{name}{suffix}")
    with replacing(home / MAPS) as scratch:
        scratch.write_bytes(save(_arrays(found)))
    text = json.dumps(summary(found), indent=1, allow_nan=False) + "\n"
    return [*written, home / MAPS, write_text(home / "interpretation.json", text)]


def summary(found: Overview) -> dict[str, Any]:
    """What is not a picture, as JSON values."""
    shown = found.shown
    names = [*found.classes, None]  # the last one, at -1, for what is not known
    return {
        "model": found.model,
        "representation": found.representation,
        "classes": list(found.classes),
        "events": found.events,
        "filters": None if found.filters is None else [found.filters.kind, *found.filters.weights.shape],
        "layers": [
            {"convolution": p.layer.number, "filters": p.layer.filters, "receptive_field": list(p.pixels.shape[-2:])}
            for p in found.patches
        ],
        "strongest_pixel": [float(np.abs(c).max()) for c in found.correlation],
        "shown": [
            {
                "event": int(event),
                "truth": names[truth],
                "predicted": names[predicted],
                "probability": float(probability),
                "largest_loss": float(loss),
                "completeness_gap": float(gap),
            }
            for event, truth, predicted, probability, loss, gap in zip(
                shown.event,
                shown.truth,
                shown.predicted,
                shown.probability,
                shown.occlusion.maps.max((1, 2)),
                shown.integrated.gap,
                strict=True,
            )
        ],
    }


def interpretation_charts(found: Overview, name: str = "", about: str = "") -> dict[str, list[Chart]]:
    """The galleries of a page: `network` (filters, patches), `events` (images and maps), `pixels` (correlation).

    Args:
        found: in the network.
        name: put before the names of the charts, where a page shows several networks.
        about: put behind their titles.
    """
    return {
        part: [
            gallery(f"{name}{key}", title + about, caption, images, **options)
            for key, title, caption, images, options in pictures
        ]
        for part, pictures in _pictures(found).items()
    }


def interpretation_figures(found: Overview, style: Style = "plain") -> dict[str, Figure]:
    """The same galleries as figures for a paper, by name.

    Raises:
        UnknownName: no such style.
    """
    with styled(style):
        return {
            key.replace("-", "_"): tiles(images, **{k: v for k, v in options.items() if k != "size"})
            for pictures in _pictures(found).values()
            for key, _, _, images, options in pictures
        }


Picture = tuple[str, str, str, NDArray[Any], dict[str, Any]]


def _pictures(found: Overview) -> dict[str, list[Picture]]:
    """Name, title, caption, images and options of each gallery."""
    photographs = found.representation == "pictures"
    shown, coloured = found.shown, photographs and found.shown.images.shape[1] == 3
    network: list[Picture] = []
    if found.filters is not None:
        weights = found.filters.weights[:_FILTERS]
        signed = not coloured
        pictures = _placed(_flat(weights), photographs) if signed else _scaled(weights)
        network.append(
            (
                "filters",
                "Filters of the first layer",
                f"{len(weights)} of {len(found.filters.weights)} filters, each on its own scale. " + _KINDS[coloured],
                pictures,
                {"diverging": signed, "each": signed},
            )
        )
    network += [_blocks(patches, photographs, coloured) for patches in found.patches]
    names = [*found.classes, "unknown"]
    said = [
        f"{names[p]}, {100 * q:.0f} %" + (f" (is {names[t]})" if t not in (p, -1) else "")
        for t, p, q in zip(shown.truth, shown.predicted, shown.probability, strict=True)
    ]
    raw = shown.images if coloured else _placed(_flat(shown.images), photographs)
    maps = {
        "occlusion": shown.occlusion.maps,
        "saliency": shown.saliency.maps.sum(1),
        "integrated": shown.integrated.maps.sum(1),
    }
    options: dict[str, Any] = {"each": not coloured}
    if not photographs:
        raw = np.cbrt(raw)
    events: list[Picture] = [
        (
            "images",
            "Images",
            "Below each the class it is taken for, with its probability."
            + ("" if photographs else " The cube root of what is in a pixel is shown: energies span decades."),
            raw,
            {**options, "captions": said},
        )
    ]
    for key, values in maps.items():
        title, caption = _MAPS[key]
        events.append(
            (key, title, caption, _placed(values, photographs), {"diverging": True, "each": True, "captions": said})
        )
    classes = found.classes if len(found.classes) > 2 else found.classes[-1:]
    correlation = found.correlation[-len(classes) :]
    channels = correlation.shape[1]
    labels = [f"{c}, channel {k}" if channels > 1 else c for c in classes for k in range(channels)]
    pixels: list[Picture] = [
        (
            "correlation",
            "Correlation of each pixel with the output",
            "Pearson correlation of the intensity of a pixel with the probability of the class.",
            _placed(correlation.reshape(-1, *correlation.shape[2:]), photographs),
            {"diverging": True, "captions": labels, "columns": channels if channels > 1 else 0},
        )
    ]
    return {"network": network, "events": events, "pixels": pixels}


def _blocks(patches: Patches, photographs: bool, coloured: bool) -> Picture:
    """The patches of each filter as one picture, three in a row, with a line between them."""
    most = patches.value[:, 0].argsort(kind="stable")[::-1]  # filters that answer at all come first
    chosen = np.sort(most[:_BLOCKS])
    pixels = patches.pixels[chosen]
    if not coloured:
        pixels = _placed(_flat(pixels), photographs)[..., np.newaxis, :, :]
    number, count, channels, height, width = pixels.shape
    columns = min(3, count)
    rows = -(-count // columns)
    low, high = (float(f(pixels)) for f in (np.nanmin, np.nanmax))
    sheet = np.full((number, rows * columns, channels, height + 1, width + 1), np.nan, np.float32)
    sheet[:, :count, :, :-1, :-1] = pixels
    blocks = sheet.reshape(number, rows, columns, channels, height + 1, width + 1).transpose(0, 3, 1, 4, 2, 5)
    blocks = blocks.reshape(number, channels, rows * (height + 1), columns * (width + 1))[..., :-1, :-1]
    if coloured:
        blocks = np.nan_to_num(np.clip(blocks, 0, 1), nan=0.5)
    names = [f"filter {i}: {patches.value[i, 0]:.2g}" for i in chosen]
    options: dict[str, Any] = {"captions": names} | ({} if coloured else {"limits": (min(low, 0.0), max(high, 1e-9))})
    return (
        f"patches-{patches.layer.number}",
        f"Top {count} patches, convolution {patches.layer.number + 1}",
        f"Each block shows the {count} patches ({height} x {width} pixels, the receptive field) of {len(chosen)} of "
        f"{patches.layer.filters} filters which the filter answers most strongly, at most one an event; what is beyond "
        "the border of the image is left open. Below, the largest answer.",
        blocks if coloured else blocks[:, 0],
        options,
    )


def _flat(images: NDArray[Any]) -> NDArray[Any]:
    """The sum of the channels, (..., height, width)."""
    return np.asarray(images.sum(axis=-3))


def _placed(images: NDArray[Any], photographs: bool) -> NDArray[Any]:
    """Jet images lie in memory as (eta, phi); on a page eta runs to the right and phi up."""
    return images if photographs else np.flip(np.swapaxes(images, -1, -2), -2)


def _scaled(weights: NDArray[Any]) -> NDArray[Any]:
    """Filters of three colours between 0 and 1, 0.5 for no weight, each on its own scale."""
    highest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + 0.5 * weights / np.where(highest > 0, highest, 1)


def _answer(found: Overview) -> list[str]:
    shown = found.shown
    wrong = int(((shown.truth >= 0) & (shown.truth != shown.predicted)).sum())
    strongest = float(np.abs(found.correlation).max())
    return [
        f"{found.model} tells {', '.join(found.classes)} apart. {found.events:,} events were looked at, and "
        f"{len(shown.event)} of them one by one, of which {wrong} are taken for another class.",
        f"No single pixel is correlated with the output by more than {strongest:.2f}.",
    ]


def _arrays(found: Overview) -> dict[str, NDArray[Any]]:
    shown = found.shown
    arrays: dict[str, NDArray[Any]] = {
        "correlation": found.correlation,
        "event": shown.event,
        "images": shown.images,
        "truth": shown.truth,
        "predicted": shown.predicted,
        "occlusion": shown.occlusion.maps,
        "saliency": shown.saliency.maps,
        "integrated_gradients": shown.integrated.maps,
    }
    if found.filters is not None:
        arrays["filters"] = found.filters.weights
    for patches in found.patches:
        for key in ("pixels", "value", "event", "corner"):
            arrays[f"patches_{patches.layer.number}_{key}"] = getattr(patches, key)
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


_NETWORK = "Filters are small pictures that a network slides over the image; the patches show where they fit best."
_EVENTS = "For single events: what the network cannot do without, and which pixels its answer hangs on."
_PIXELS = "Over all events: where more light, or more energy, goes with which answer."
_KINDS = {
    False: "Red lets light count for the filter, blue against it; channels are summed.",
    True: "Grey is no weight; brighter colours count for the filter, darker ones against it.",
}
_MAPS = {
    "occlusion": (
        "Occlusion",
        "How far the probability of that class falls when a patch around the pixel is covered: red is what the network "
        "needs to see, blue what speaks against the class. Each on its own scale.",
    ),
    "saliency": (
        "Gradient",
        "Gradient of the class's logit with respect to each pixel (channels are summed): red where more light would "
        "raise it. Each on its own scale.",
    ),
    "integrated": (
        "Integrated gradients",
        "Each pixel's share of the logit, compared with an image of nothing; the shares sum to the difference. Each on "
        "its own scale.",
    ),
}
