"""What the events look like: the small summary that a report draws, so that it need not read them again."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.jagged import counts_of
from kaon.errors import DataError
from kaon.evaluate import column_correlation
from kaon.extras import available
from kaon.represent.jet_features import OBSERVABLES, jet_features
from kaon.represent.pictures import Pictures
from kaon.represent.point_cloud import point_features
from kaon.represent.tabular import Tabular, numeric_columns

__all__ = ["average_image", "sample_summary"]

_BINS = 40
_COLUMNS = 40
_ACROSS = 12
"""Pictures of each class."""
_EVENTS = 50_000
"""Histograms of more events than this look the same."""


def sample_summary(events: Events) -> dict[str, Any]:
    """Counts, weights, input distributions and average jet image of each class; JSON values only.

    At most 50,000 events (the first) and 40 columns are drawn; counts and weights are of all events.
    """
    classes = events.classes
    few = events.take(slice(0, _EVENTS))
    numbers = range(len(classes))
    columns = _columns(few)
    return {
        "classes": list(classes),
        "events": {classes[i]: int((events.labels == i).sum()) for i in numbers},
        "weights": {classes[i]: float(events.weights[events.labels == i].sum()) for i in numbers},
        "provenance": json.loads(json.dumps(asdict(events.provenance), default=str)),
        "features": [_histogram(name, unit, values, few) for name, unit, values in columns],
        "correlation": _correlation(columns, few),
        "image": average_image(few) if "constituents" in few else None,
        "pictures": _pictures(few) if "image" in few and "constituents" not in few else None,
    }


def average_image(events: Events, pixels: int = 40) -> dict[str, Any]:
    """Mean image of each class: share of the jet's pT by distance from its axis.

    Args:
        events: with `constituents`.
        pixels: on each side.

    Returns:
        `edges` (pixels + 1,), the same for deta and dphi; `mean` (class name -> (pixels, pixels), deta first); `unit`.
    """
    column, labels = events["constituents"], events.labels
    counts = counts_of(column)
    deta, dphi, z = point_features(column, ("deta", "dphi", "z")).T
    reach = np.quantile(np.maximum(np.abs(deta), np.abs(dphi)), 0.995) if len(deta) else 1.0
    half = max(np.ceil(float(reach) * 10) / 10, 0.1)
    edges = np.linspace(-half, half, pixels + 1)
    owner = np.repeat(labels, counts)
    weight = np.repeat(np.abs(events.weights), counts)
    mean = {}
    for i, name in enumerate(events.classes):
        chosen = owner == i
        image, _, _ = np.histogram2d(deta[chosen], dphi[chosen], (edges, edges), weights=(z * weight)[chosen])
        total = np.abs(events.weights[labels == i]).sum()
        mean[name] = (image / total if total else image).round(9).tolist()
    return {"edges": edges.round(6).tolist(), "mean": mean, "unit": "mean share of the jet's pT"}


def _pictures(events: Events) -> dict[str, Any] | None:
    """The first pictures of each class, as bytes; None for those that are neither grey nor red, green and blue.

    None too for what no network can read as pictures: of several sizes, or with missing pixels.

    Returns:
        `classes` that have enough of them, `across` (pictures of each), `shape` (pictures, channels, height, width),
        and `pixels`, base64.
    """
    chosen = [np.flatnonzero(events.labels == i)[:_ACROSS] for i in range(len(events.classes))]
    shown = [i for i, rows in enumerate(chosen) if len(rows) == _ACROSS]
    if not shown:
        return None
    rows = np.concatenate([chosen[i] for i in shown])
    few = events.take(rows)
    try:
        pixels = Pictures().arrays(few)["image"]
    except DataError:  # the models may read other columns
        return None
    if pixels.shape[1] not in (1, 3):
        return None
    low, high = min(0.0, float(pixels.min())), float(pixels.max())
    if np.asarray(few["image"]).dtype == np.uint8:
        high = 1.0
    shade = np.round(255 * (pixels - low) / ((high - low) or 1.0)).astype(np.uint8)
    return {
        "classes": [events.classes[i] for i in shown],
        "across": _ACROSS,
        "shape": list(shade.shape),
        "pixels": base64.b64encode(shade.tobytes()).decode(),
    }


def _columns(events: Events) -> list[tuple[str, str, NDArray[Any]]]:
    if "constituents" in events:
        names = [n for n in OBSERVABLES if not n.startswith("tau") or available("fastjet")]
        values = jet_features(events["constituents"], names)
        return [(n, "GeV" if n in ("jet_pt", "jet_mass") else "", values[:, i]) for i, n in enumerate(names)]
    names = numeric_columns(events)[:_COLUMNS]
    if not names:
        return []
    return [(n, "", v) for n, v in zip(names, Tabular(names, missing="keep").arrays(events)["features"].T, strict=True)]


def _correlation(columns: list[tuple[str, str, NDArray[Any]]], events: Events) -> dict[str, Any] | None:
    """`names`, and by class the matrix of linear correlations; None stands for a column that does not vary."""
    if len(columns) < 2:
        return None
    values = np.stack([column for _, _, column in columns])
    matrices = {}
    for i, label in enumerate(events.classes):
        chosen = events.labels == i
        found = column_correlation(values[:, chosen], events.weights[chosen])
        matrices[label] = [[None if np.isnan(r) else round(float(r), 4) for r in row] for row in found]
    return {"names": [name for name, _, _ in columns], "matrices": matrices}


def _histogram(name: str, unit: str, values: NDArray[Any], events: Events) -> dict[str, Any]:
    there = np.isfinite(values)
    absent = {}
    if not there.all():
        for i, label in enumerate(events.classes):
            of_class = events.labels == i
            absent[label] = round(float((~there & of_class).sum() / max(of_class.sum(), 1)), 6)
        values, events = values[there], events.take(there)
    low, high = (float(q) for q in np.quantile(values, (0.002, 0.998))) if len(values) else (0.0, 1.0)
    whole = bool(np.all(values == np.round(values)))
    if whole and high > low:
        # Bins of a whole number of integers: anything else draws a comb.
        width = max(1, int(np.ceil((high - low) / 60)))
        edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + width, width)
    else:
        edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    counts = {}
    for i, label in enumerate(events.classes):
        chosen = events.labels == i
        counts[label] = np.histogram(values[chosen], edges, weights=events.weights[chosen])[0].tolist()
    return {"name": name, "unit": unit, "edges": edges.tolist(), "counts": counts} | (
        {"missing": absent} if absent else {}
    )
