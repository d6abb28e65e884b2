"""Pictures: many small ones side by side, or one with axes and a colour bar."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import ConfigError, DataError
from kaon.report.charts.chart import Chart, axis, label, numbers, pretty

__all__ = ["DECADES", "checked_pictures", "gallery", "picture_scale", "pixel_map", "scale_ticks"]

DECADES = 6.0
"""Most powers of ten on a logarithmic colour scale: what is fainter is not drawn."""

_LEVELS = 254
"""Shades of a gallery, with one exactly in the middle; the last byte, 255, is no value."""
_PICTURE = ("raised", "ink")
_DIVERGING = ("series-1", "raised", "signal")
_HEAT = tuple(f"heat-{i + 1}" for i in range(5))


def gallery(
    name: str,
    title: str,
    caption: str,
    images: ArrayLike,
    *,
    captions: Sequence[str] = (),
    columns: int = 0,
    diverging: bool = False,
    each: bool = False,
    limits: tuple[float, float] | None = None,
    size: Literal["half", "third", "full"] = "full",
) -> Chart:
    """Small pictures side by side, without axes, every pixel a crisp square.

    Pictures of one channel are drawn from paper to ink, so that they turn with the theme of the page; those of three
    are red, green and blue as they are. What is NaN is left open.

    Args:
        name: unique on the page.
        title: what is shown.
        caption: how to read it.
        images: (n, height, width) or (n, channels, height, width) with 1 or 3 channels, the first row at the top;
            bytes are of 0 to 255, colours as fractions of 0 to 1.
        captions: a few words below each picture.
        columns: pictures in a row at every width of the page; 0 for as many as have room.
        diverging: colours for both signs, symmetric about 0, with a colour bar.
        each: every picture on a scale of its own.
        limits: lowest and highest value of the scale; by default 0 to 255 for bytes, else all that is there (from 0
            if nothing is below it).
        size: width on the page.

    Raises:
        DataError: another shape, no picture, or infinite values.
        ConfigError: captions for another number of pictures, a negative number of columns, or limits that are none.
    """
    pictures = checked_pictures(images, captions, columns, diverging)
    count, channels, height, width = pictures.shape
    coloured = channels == 3
    low, high = picture_scale(pictures, diverging=diverging, each=each, limits=limits)
    with np.errstate(invalid="ignore"):
        shade = np.clip((pictures - low) / (high - low), 0, 1) * (255 if coloured else _LEVELS)
    pixels = np.where(np.isnan(shade), 255, np.round(shade)).astype(np.uint8)
    across = min(count, math.ceil(math.sqrt(count)))
    sheet = np.zeros((math.ceil(count / across), across, channels, height, width), np.uint8)
    sheet.reshape(-1, channels, height, width)[:count] = pixels
    rows = sheet.transpose(0, 3, 1, 4, 2).reshape(-1, across * width, channels)
    bar = [] if not diverging else ["−max", "0", "+max"] if each else [f"−{pretty(float(high.max()))}", "0"]
    bar += [pretty(float(high.max()))] if len(bar) == 2 else []
    drawn: dict[str, Any] = {
        "type": "gallery",
        "sheet": f"data:image/png;base64,{base64.b64encode(_png(rows)).decode()}",
        "count": count,
        "across": across,
        "width": width,
        "height": height,
        "columns": columns,
        "captions": list(captions),
        "ramp": [] if coloured else list(_DIVERGING if diverging else _PICTURE),
        "bar": bar,
    }
    return Chart(name, title, caption, [drawn], {}, size=size)


def pixel_map(
    name: str,
    title: str,
    caption: str,
    image: ArrayLike,
    *,
    x: str,
    y: str,
    extent: tuple[float, float, float, float],
    logarithmic: bool = False,
    diverging: bool = False,
    unit: str = "",
    limits: tuple[float, float] | None = None,
    size: Literal["half", "third", "full"] = "half",
) -> Chart:
    """One image with axes and a colour bar, its pixels square where both axes have one unit.

    Args:
        name: unique on the page.
        title: what is shown.
        caption: how to read it.
        image: (height, width); the first row is at `y0`, the first column at `x0`. NaN is left open, and so is what is
            not above 0 on a logarithmic scale.
        x, y: titles of the axes.
        extent: x0, x1, y0, y1: the outer edges of the image; y0 above y1 puts the first row at the top.
        logarithmic: the colour scale, over at most `DECADES` powers of ten.
        diverging: colours for both signs, symmetric about 0.
        unit: of the values, at the colour bar.
        limits: lowest and highest value of the colour scale, for images that are to be compared.
        size: width on the page.

    Raises:
        DataError: not an image, infinite values, or nothing above 0 for a logarithmic scale.
        ConfigError: an extent without area, logarithmic and diverging at once, or limits that are none.
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 2 or not pixels.size or np.isinf(pixels).any():
        raise DataError(f"an image of shape {pixels.shape}; (height, width) of values that are not infinite is needed")
    x0, x1, y0, y1 = (float(edge) for edge in extent)
    if not all(map(math.isfinite, extent)) or x0 == x1 or y0 == y1:
        raise ConfigError(f"extent={extent}; give x0, x1, y0, y1 of an image that has an area")
    if logarithmic and diverging:
        raise ConfigError("a logarithmic scale has no place for values below 0; choose logarithmic or diverging")
    shown = np.where(pixels > 0, pixels, np.nan) if logarithmic else pixels
    if logarithmic and not (pixels > 0).any():
        raise DataError(f"no pixel of {title!r} is above 0, so it has no logarithmic scale")
    lows, highs = picture_scale(shown[None, None], diverging=diverging, limits=limits)
    low, high = float(lows.item()), float(highs.item())
    bar: dict[str, Any] = {"thickness": 10, "outlinewidth": 0, "len": 0.9}
    hover: dict[str, Any] = {"hovertemplate": f"{label(x)} %{{x:.3g}}, {label(y)} %{{y:.3g}}<br>%{{z:.4g}}"}
    if logarithmic:
        least = float(np.nanmin(shown)) if limits is None else low
        if least <= 0:
            raise ConfigError(f"limits={limits}; a logarithmic scale begins above 0")
        low = max(least, high / 10**DECADES) if least < high else high / 10
        ticks = scale_ticks(low, high)
        bar |= {"tickvals": numbers(np.log10(ticks)), "ticktext": _written(ticks)}
        hover = {
            "text": [[pretty(v) if abs(v) >= 1e-3 or v == 0 else f"{v:.3g}" for v in row] for row in pixels],
            "hovertemplate": hover["hovertemplate"].replace("%{z:.4g}", "%{text}"),
        }
        shown = np.log10(np.where(shown >= low * (1 - 1e-12), shown, np.nan))
        low, high = math.log10(low), math.log10(high)
    hover["hovertemplate"] += f"{' ' if unit else ''}{label(unit)}<extra></extra>"
    ramp = _DIVERGING if diverging else _HEAT
    height, width = pixels.shape
    drawn = {
        "type": "heatmap",
        "x": numbers(x0 + (np.arange(width) + 0.5) * (x1 - x0) / width),
        "y": numbers(y0 + (np.arange(height) + 0.5) * (y1 - y0) / height),
        "z": [numbers(row, 4) for row in shown],
        "zmin": low,
        "zmax": high,
        "colorscale": [[i / (len(ramp) - 1), colour] for i, colour in enumerate(ramp)],
        "colorbar": bar | ({"title": {"text": label(unit), "side": "right"}} if unit else {}),
        **hover,
    }
    layout = {
        "xaxis": axis(x, range=[x0, x1], constrain="domain", showgrid=False),
        "yaxis": axis(y, range=[y0, y1], scaleanchor="x", constrain="domain", showgrid=False),
        "hovermode": "closest",
    }
    return Chart(name, title, caption, [drawn], layout, size=size, square=size != "full")


def picture_scale(
    pictures: NDArray[Any],
    *,
    diverging: bool = False,
    each: bool = False,
    limits: tuple[float, float] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest value of the scale of each picture, (n, 1, 1, 1), or of all, (1, 1, 1, 1).

    Args:
        pictures: (n, channels, height, width); NaN is passed over.
        diverging: symmetric about 0.
        each: a scale for each picture.
        limits: the scale as given, instead of what is there.

    Raises:
        ConfigError: limits that are none, or not symmetric where they have to be.
    """
    if limits is not None:
        low, high = (float(limit) for limit in limits)
        if not (math.isfinite(low) and math.isfinite(high)) or low >= high or (diverging and low != -high):
            raise ConfigError(
                f"limits={limits}; give the lowest and the highest value"
                + (", equally far from 0 for diverging colours" if diverging else "")
            )
        return np.full((1, 1, 1, 1), low), np.full((1, 1, 1, 1), high)
    if pictures.dtype == np.uint8 or (pictures.shape[1] == 3 and not each):
        top = 255.0 if pictures.dtype == np.uint8 else 1.0
        return np.zeros((1, 1, 1, 1)), np.full((1, 1, 1, 1), top)
    axes = (1, 2, 3) if each else (0, 1, 2, 3)
    known = np.isfinite(pictures)
    values = np.where(known, pictures, 0).astype(np.float64)
    if diverging:
        highest = np.abs(values).max(axis=axes, keepdims=True)
        highest = np.where(highest > 0, highest, 1)
        return -highest, highest
    highest = np.where(known, pictures, -np.inf).max(axis=axes, keepdims=True).astype(np.float64)
    lowest = values.min(axis=axes, keepdims=True)  # 0 where nothing is below it
    return lowest, np.where(highest > lowest, highest, lowest + 1)


def scale_ticks(low: float, high: float) -> list[float]:
    """Values to be written at a logarithmic scale: powers of ten, or 1, 2, 5 of each where these are fewer than three.

    >>> scale_ticks(1e-4, 1.0), scale_ticks(3.0, 60.0), scale_ticks(1e-9, 1e-1)
    ([0.0001, 0.001, 0.01, 0.1, 1.0], [5.0, 10.0, 20.0, 50.0], [1e-09, 1e-07, 1e-05, 0.001, 0.1])
    """
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    inside = [float(f"{m}e{p}") for p in range(first, last) for m in (1, 2, 5)]
    inside = [tick for tick in inside if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
    powers = [tick for tick in inside if f"{tick:e}".startswith("1.0")]
    if len(powers) >= 3:
        return powers[:: math.ceil(len(powers) / 7)]
    return inside or [float(f"{tick:.2g}") for tick in (low, high)]


def _written(ticks: Sequence[float]) -> list[str]:
    """Ticks as text: powers of ten as powers, if one of them is very small or large."""
    powers = [math.log10(tick) for tick in ticks]
    if all(-2 <= power <= 4 for power in powers) or any(power != round(power) for power in powers):
        return [f"{tick:,.4g}" for tick in ticks]
    return [f"10<sup>{power:.0f}</sup>".replace("-", "−") for power in powers]


def checked_pictures(
    images: ArrayLike, captions: Sequence[str] = (), columns: int = 0, diverging: bool = False
) -> NDArray[Any]:
    """Pictures as (n, channels, height, width), if they can be drawn as asked.

    Raises:
        DataError: another shape, no picture, or infinite values.
        ConfigError: captions for another number of pictures, a negative number of columns, or colours to be diverging.
    """
    pictures = np.asarray(images)
    if pictures.ndim == 3:
        pictures = pictures[:, None]
    if pictures.ndim != 4 or not pictures.size or pictures.shape[1] not in (1, 3):
        raise DataError(
            f"pictures of shape {np.asarray(images).shape}; (n, height, width) or (n, channels, height, width) with 1 "
            "or 3 channels is needed, and at least one picture"
        )
    if captions and len(captions) != len(pictures):
        raise ConfigError(f"{len(captions)} captions for {len(pictures)} pictures; give one each, or none")
    if columns < 0:
        raise ConfigError(f"columns={columns}; give 0 (as many as have room) or more")
    if pictures.shape[1] == 3 and diverging:
        raise ConfigError("three channels are colours already; show each channel as a picture to use diverging ones")
    if pictures.dtype != np.uint8:
        pictures = pictures.astype(np.float64)
    if np.isinf(pictures).any() or (pictures.shape[1] == 3 and np.isnan(pictures).any()):
        raise DataError("pictures hold infinite values, or colours that are NaN; only NaN in one channel can be drawn")
    return pictures


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of (height, width, channels) bytes, grey or RGB, https://www.w3.org/TR/png-3.

    Every row is either as it is or the difference to the row above, whichever gives the smaller file.
    """
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    above = np.concatenate([np.zeros((1, rows.shape[1]), np.uint8), rows[:-1]])
    filtered = [np.insert(lines, 0, kind, axis=1) for kind, lines in ((0, rows), (2, rows - above))]
    data = min((zlib.compress(lines.astype(np.uint8).tobytes(), 9) for lines in filtered), key=len)
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    blocks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in blocks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
