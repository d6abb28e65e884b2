"""Whole events: the columns that a recipe asks for, of the events that it keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data.cuts import parse
from kaon.data.records import table
from kaon.registry import lookup
from kaon.simulate.columns.event import event_columns
from kaon.simulate.generator import Collisions
from kaon.simulate.objects import ObjectTable, find_objects
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Recipe

__all__ = ["Columns", "column_set", "whole_events"]

Columns = Callable[[ObjectTable], dict[str, Any]]
"""From the objects of a batch of collisions to its columns, (events,) each."""


def column_set(name: str) -> Columns:
    """A set of columns by the name of its file in `kaon.simulate.columns`, or from a Python file with VARIANTS.

    Raises:
        UnknownName: no such set; the message lists the nearest.
    """
    found: Columns = lookup("kaon.simulate.columns", name)
    return found


def whole_events(
    collisions: Collisions, seen: Particles, recipe: Recipe, rng: np.random.Generator
) -> tuple[Any, NDArray[np.int64], NDArray[np.float64]]:
    """The columns of the events that a recipe keeps; the collision of each, and a factor of its weight, (events,).

    Args:
        collisions: as generated.
        seen: what the detector saw of them.
        recipe: one with `objects`.
        rng: source of randomness of all identification.

    Raises:
        UnknownName: no such set of columns.
    """
    assert recipe.objects is not None
    found = find_objects(collisions, seen, recipe.jets, recipe.objects, rng)
    columns = column_set(recipe.objects.columns)(found)
    # A collision that Pythia spoiled has no particles at all.
    kept = np.bincount(seen.event, minlength=len(collisions)) > 0
    if recipe.objects.select:
        kept &= parse(recipe.objects.select).mask(table(event_columns(found) | _counts(found) | columns))
    factor = np.ones(len(collisions)) if found.weight is None else found.weight
    return table(columns)[kept], np.flatnonzero(kept), factor[kept]


def _counts(objects: ObjectTable) -> dict[str, Any]:
    """What a condition can name beside columns; see `kaon.simulate.recipe.Objects`."""
    species = {"n_electrons": 11, "n_muons": 13}
    counts = {name: objects.count(objects.isolated & (np.abs(objects.pid) == pid)) for name, pid in species.items()}
    charged = {"lepton_charge": objects.isolated, "tau_charge": objects.are("tau")}
    return {
        **counts,
        "n_all_leptons": objects.count(objects.are("lepton")),
        "n_taus": objects.count(objects.are("tau")),
        **{
            name: np.bincount(objects.event[chosen], objects.charge[chosen], objects.events)
            for name, chosen in charged.items()
        },
    }
