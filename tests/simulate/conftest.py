"""What the tests of the simulation share: particles made of random numbers, and a recipe that is quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kaon.data.objects import KINDS
from kaon.simulate import Recipe, load_recipe
from kaon.simulate.generator import Collisions
from kaon.simulate.objects import ObjectTable
from kaon.simulate.particles import Particles

MakeParticles = Callable[..., Particles]


def particles_of(events: int = 5, count: int = 40, seed: int = 0, **columns: Any) -> Particles:
    """Particles of random direction and momentum from the origin; columns given replace the random ones."""
    random = np.random.default_rng(seed)
    n = events * count
    pt, eta, phi = random.exponential(5, n) + 0.2, random.uniform(-2.5, 2.5, n), random.uniform(-np.pi, np.pi, n)
    mass = 0.13957
    pid = random.choice([211, -211, 22, 130, 11, -13], n)
    charges = {211: 1.0, -211: -1.0, 22: 0.0, 130: 0.0, 11: -1.0, -13: 1.0}
    made: dict[str, Any] = {
        "event": np.repeat(np.arange(events), count),
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "E": np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2),
        "pid": pid,
        "charge": np.array([charges[int(p)] for p in pid]),
        "x": np.zeros(n),
        "y": np.zeros(n),
        "z": np.zeros(n),
    }
    return Particles(events=events, **{**made, **columns})


def record(particles: Particles, extra: dict[str, Any] | None = None) -> Collisions:
    """These particles as an event record; of `extra` (pid, pt, eta, phi) one entry is put at the end of each event."""
    n = particles.events
    columns = {name: getattr(particles, name) for name in ("px", "py", "pz", "E", "pid", "event")}
    if extra is not None:
        pt, eta, phi = (np.broadcast_to(extra[name], n).astype(float) for name in ("pt", "eta", "phi"))
        new = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
        new |= {"pid": np.broadcast_to(extra["pid"], n), "event": np.arange(n)}
        columns = {name: np.concatenate([values, new[name]]) for name, values in columns.items()}
        order = np.argsort(columns["event"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
    event = columns.pop("event")
    zeros = np.zeros(len(event), np.int64)
    return Collisions(
        offsets=np.searchsorted(event, np.arange(n + 1)),
        status=zeros + 1,
        daughter1=zeros,
        daughter2=zeros,
        visible=zeros == 0,
        charge=zeros.astype(float),
        vertex=np.zeros((len(event), 3)),
        weight=np.ones(n),
        **columns,
    )


def table_of(*events: list[dict[str, Any]]) -> ObjectTable:
    """Massless objects by hand, of falling pT in each event: dicts of kind, pt, eta, phi and columns of the table."""
    rows = [(number, thing) for number, event in enumerate(events) for thing in event]

    def column(name: str, default: float) -> Any:
        return np.array([thing.get(name, default) for _, thing in rows])

    pt, eta, phi = (column(name, 0.0) for name in ("pt", "eta", "phi"))
    lepton = np.array([thing["kind"] == "lepton" for _, thing in rows])
    return ObjectTable(
        events=len(events),
        sum_et=np.zeros(len(events)),
        event=np.array([number for number, _ in rows], np.int64),
        px=pt * np.cos(phi),
        py=pt * np.sin(phi),
        pz=pt * np.sinh(eta),
        E=pt * np.cosh(eta),
        kind=np.array([KINDS.index(thing["kind"]) for _, thing in rows], np.int64),
        charge=np.where(lepton, column("charge", -1.0), column("charge", 0.0)),
        pid=np.where(lepton, column("pid", 13), 0).astype(np.int64),
        isolated=lepton & column("isolated", True).astype(bool),
        isolation=column("isolation", 0.0),
        tracks=column("tracks", 0).astype(np.int64),
        pi0s=column("pi0s", 0).astype(np.int64),
    )


@pytest.fixture(scope="session")
def make_particles() -> MakeParticles:
    """`make_particles(events, count, seed, **columns)`: see `particles_of`."""
    return particles_of


@pytest.fixture(scope="session")
def quick() -> Recipe:
    """Top tagging without detector in chunks of 60 collisions: about 40 and 25 jets in a fifth of a second each."""
    return load_recipe("top-tagging").model_copy(update={"chunk_events": 60, "detector": "none"})
