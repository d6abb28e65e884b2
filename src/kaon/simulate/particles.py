"""Particles of many collisions as flat columns, one particle a row, sorted by collision."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics

__all__ = ["Particles"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Particles:
    """Particles (or tracks, towers, flow objects) of a batch of collisions.

    Args:
        events: number of collisions, also those without particles.
        event: collision of each particle, 0 ... events - 1, ascending, (particles,).
        px, py, pz, E: momentum and energy, GeV, (particles,).
        pid: PDG number, (particles,).
        charge: in units of the proton's, (particles,).
        x, y, z: where the particle was produced, mm, (particles,).
    """

    events: int
    event: NDArray[np.int64]
    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    pid: NDArray[np.int64]
    charge: Floats
    x: Floats
    y: Floats
    z: Floats

    def __len__(self) -> int:
        return len(self.px)

    @cached_property
    def pt(self) -> Floats:
        """Transverse momentum, GeV, (particles,)."""
        return kinematics.transverse_momentum(self.px, self.py)

    @cached_property
    def eta(self) -> Floats:
        """Pseudorapidity, (particles,)."""
        return kinematics.pseudorapidity(self.px, self.py, self.pz)

    @cached_property
    def phi(self) -> Floats:
        """Azimuth, radians, (particles,)."""
        return kinematics.phi(self.px, self.py)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Particles of collision i are rows offsets[i] to offsets[i + 1], (events + 1,)."""
        return np.searchsorted(self.event, np.arange(self.events + 1))

    def take(self, chosen: NDArray[Any]) -> Particles:
        """The chosen rows: a boolean mask or ascending positions."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _COLUMNS})

    def scaled(self, factor: Floats) -> Particles:
        """The same directions with momenta and energies multiplied by `factor`, (particles,)."""
        return replace(self, **{name: getattr(self, name) * factor for name in ("px", "py", "pz", "E")})

    @staticmethod
    def massless(events: int, event: NDArray[np.int64], E: Floats, eta: Floats, phi: Floats, pid: int) -> Particles:
        """Neutral massless particles from the origin: energy (GeV) and direction of each, (particles,)."""
        pt = E / np.cosh(eta)
        zeros = np.zeros(len(E))
        return Particles(
            events=events,
            event=event,
            px=pt * np.cos(phi),
            py=pt * np.sin(phi),
            pz=E * np.tanh(eta),
            E=E,
            pid=np.full(len(E), pid, np.int64),
            charge=zeros,
            x=zeros,
            y=zeros,
            z=zeros,
        )

    @staticmethod
    def merge(*several: Particles) -> Particles:
        """All particles of the same collisions, sorted by collision, within one in the order given."""
        event = np.concatenate([p.event for p in several])
        order = np.argsort(event, kind="stable")
        columns = {name: np.concatenate([getattr(p, name) for p in several])[order] for name in _COLUMNS}
        return Particles(events=several[0].events, **columns)


_COLUMNS = tuple(f.name for f in fields(Particles) if f.name != "events")
