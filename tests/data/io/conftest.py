"""Events of every kind of column, and the folder of real data."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.records import momenta, sort_by_pt, table


@pytest.fixture
def real() -> Path:
    folder = os.environ.get("KAON_DATA")
    if not folder:
        pytest.skip("KAON_DATA does not name the folder of real data")
    return Path(folder)


@pytest.fixture
def events() -> Events:
    """300 events with a column of every kind, both classes, negative weights, and event numbers out of order."""
    random, n = np.random.default_rng(0), 300
    counts = random.poisson(4, n)
    m = int(counts.sum())
    px, py, pz = random.normal(size=(3, m))
    energy = np.sqrt(px**2 + py**2 + pz**2)
    particles = ak.unflatten(momenta(px, py, pz, energy, charge=random.integers(-1, 2, m)), counts)
    columns = {
        "constituents": sort_by_pt(particles),
        "jet": momenta(px[:n], py[:n], pz[:n], energy[:n]),
        "x": random.normal(size=n).astype(np.float32),
        "count": random.integers(0, 5, n),
        "flag": random.random(n) > 0.5,
        "hits": ak.unflatten(random.normal(size=m), counts),
        "name": ak.Array(["ab", "c", "déf"] * (n // 3)),
        "image": random.normal(size=(n, 2, 3)),
    }
    return Events(
        table(columns),
        target=random.integers(0, 2, n),
        weight=random.normal(1, 0.5, n),
        index=random.permutation(n),
        classes=("qcd", "top"),
        reserved=frozenset({"count"}),
    )


@pytest.fixture
def flat(events: Events) -> Events:
    """The columns that a text file can hold."""
    return replace(events, array=events.array[["x", "count", "flag", "name"]])
