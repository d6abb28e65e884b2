"""Collisions from Pythia 8, whole batches at a time, as flat arrays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.errors import SimulationError
from kaon.extras import require
from kaon.files import write_text
from kaon.simulate.console import captured
from kaon.simulate.particles import Particles

__all__ = ["BATCH", "Collisions", "Generator", "check_shower", "showers"]

BATCH = 250
"""Collisions held in memory at once: about 60 MB with multiple interactions."""

_NO_CHECK = "Check:event = off"
"""See `Collisions.sound`."""
_COMMON = 10_000
"""PDG numbers below this are looked up in a table."""
_SHOWERS = {"simple": 1, "vincia": 2, "dire": 3}
"""Name of a parton shower -> Pythia's PartonShowers:model."""


@dataclass(frozen=True)
class Collisions:
    """The whole event record of a batch of collisions.

    Args:
        offsets: entries of collision i are rows offsets[i] to offsets[i + 1], (events + 1,).
        pid, status: PDG number and Pythia status of each entry, (entries,).
        daughter1, daughter2: range of the daughters, counted within the collision, 0 for none, (entries,).
        px, py, pz, E: GeV, (entries,).
        visible: final and not invisible (neutrinos, ...), (entries,) bool.
        charge: in units of the proton's; 0 for entries that are not final, (entries,).
        vertex: production point of each entry, mm, (entries, 3).
        weight: of each collision, (events,).
    """

    offsets: NDArray[np.int64]
    pid: NDArray[np.int64]
    status: NDArray[np.int64]
    daughter1: NDArray[np.int64]
    daughter2: NDArray[np.int64]
    px: NDArray[np.float64]
    py: NDArray[np.float64]
    pz: NDArray[np.float64]
    E: NDArray[np.float64]
    visible: NDArray[np.bool_]
    charge: NDArray[np.float64]
    vertex: NDArray[np.float64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def event(self) -> NDArray[np.int64]:
        """Collision of each entry, (entries,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def event_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Collision of some of the entries, (rows,)."""
        return np.searchsorted(self.offsets, rows, side="right") - 1

    def sound(self) -> NDArray[np.bool_]:
        """Whether the final particles of each collision have the momentum of the beams to a part in 10^4, (events,).

        It takes the place of Pythia's own check of each event, which costs a tenth of the time.
        """
        rows = np.flatnonzero(self.status > 0)
        event, system = self.event[rows], self.offsets[:-1]  # the first entry of a record is the whole system
        good = np.ones(len(self), bool)
        for values in (self.px, self.py, self.pz, self.E):
            total = np.bincount(event, values[rows], len(self))
            good &= np.abs(total - values[system]) < 1e-4 * self.E[system]  # false for NaN too
        return good

    def particles(self) -> Particles:
        """The visible final particles."""
        rows = np.flatnonzero(self.visible)
        x, y, z = self.vertex[rows].T
        return Particles(
            events=len(self),
            event=self.event[rows],
            px=self.px[rows],
            py=self.py[rows],
            pz=self.pz[rows],
            E=self.E[rows],
            pid=self.pid[rows],
            charge=self.charge[rows],
            x=x,
            y=y,
            z=z,
        )


class Generator:
    """A Pythia 8 ready to collide protons.

    Args:
        settings: lines that Pythia reads; a later line overrides an earlier one.
        seed: 1 to 900,000,000.
        shower: `default` (what the settings say), or one of `showers()`.
        slha: spectrum and decay tables as text of the SUSY Les Houches Accord (hep-ph/0311123), for processes that
            need one.

    Raises:
        MissingExtra: pythia8mc is not installed.
        SimulationError: Pythia does not know or accept a setting, or cannot start with them; the message has its words.
    """

    def __init__(self, settings: Sequence[str], *, seed: int, shower: str = "default", slha: str = "") -> None:
        check_shower(shower)
        chosen = [] if shower == "default" else [f"PartonShowers:model = {_SHOWERS[shower]}"]
        lines = [_NO_CHECK, *settings, *chosen, f"Random:seed = {seed}"]
        with _as_file(slha) as extra:  # Pythia reads it from a file, and at its start only
            self._pythia = _initialised([*lines, *extra])

    def batches(self, count: int) -> Iterator[Collisions]:
        """`count` collisions, `BATCH` at a time; those that do not conserve momentum have no visible particles.

        Raises:
            SimulationError: Pythia could not make them.
        """
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            try:
                array = self._pythia.nextBatch(size)
            except RuntimeError as error:
                raise SimulationError(f"Pythia stopped: {error}") from error
            if len(array) == 0:
                raise SimulationError(
                    f"Pythia made none of {size} collisions; the settings leave it nothing to do (too narrow a window?)"
                )
            collisions = self._collisions(array)
            good = np.repeat(collisions.sound(), np.diff(collisions.offsets))
            yield collisions if good.all() else replace(collisions, visible=collisions.visible & good)

    @property
    def cross_section(self) -> tuple[float, float]:
        """Cross-section of what was generated so far and its statistical error, pb."""
        info = self._pythia.infoPython()
        return info.sigmaGen() * 1e9, info.sigmaErr() * 1e9

    def _collisions(self, array: Any) -> Collisions:
        listed = ak.to_layout(array.prt).to_ListOffsetArray64(True)
        offsets = np.asarray(listed.offsets, np.int64)
        record = listed.content

        def column(name: str, dtype: Any = np.int64) -> NDArray[Any]:
            return np.asarray(ak.to_numpy(record[name]), dtype)

        pid, status = column("id"), column("status")
        final = np.flatnonzero(status > 0)
        visible, charge = np.zeros(len(pid), bool), np.zeros(len(pid))
        visible[final], charge[final] = self._species(pid[final])
        px, py, pz, E = (np.asarray(ak.to_numpy(record["p"][name])) for name in ("px", "py", "pz", "e"))
        return Collisions(
            offsets=offsets,
            pid=pid,
            status=status,
            daughter1=column("daughter1"),
            daughter2=column("daughter2"),
            px=px,
            py=py,
            pz=pz,
            E=E,
            visible=visible,
            charge=charge,
            vertex=_vertices(record["vProd"]),
            weight=np.asarray(ak.to_numpy(array.info.weights[:, 0]), float),
        )

    def _species(self, pid: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether particles are visible, and their charges: Pythia is asked once a species, not once a particle."""
        data = self._pythia.particleData
        code = np.clip(pid, -_COMMON, _COMMON) + _COMMON  # the numbers of nuclei are too large for a table
        known = np.flatnonzero(np.bincount(code, minlength=2 * _COMMON + 1)[1:-1]) + 1 - _COMMON
        rare = np.unique(pid[np.abs(pid) >= _COMMON])
        visible, charge = np.zeros(2 * _COMMON + 1, bool), np.zeros(2 * _COMMON + 1)
        for species in known:
            visible[species + _COMMON] = data.isVisible(int(species))
            charge[species + _COMMON] = data.charge(int(species))
        seen, charges = visible[code], charge[code]
        for species in rare:
            seen[pid == species] = data.isVisible(int(species))
            charges[pid == species] = data.charge(int(species))
        return seen, charges


def showers() -> tuple[str, ...]:
    """The parton showers that the installed Pythia has.

    Raises:
        MissingExtra: pythia8mc is not installed.
    """
    with captured():
        pythia = require("pythia8mc").Pythia("", False)
        return tuple(n for n, model in _SHOWERS.items() if pythia.readString(f"PartonShowers:model = {model}", False))


def check_shower(shower: str) -> None:
    """Make sure that a shower exists in the installed Pythia.

    Raises:
        SimulationError: it does not; the message says which do.
    """
    if shower == "default":
        return
    known = showers()
    if shower not in known:
        installed = require("pythia8mc").Pythia("", False).parm("Pythia:versionNumber")
        raise SimulationError(
            f"the installed Pythia {installed:.3f} has no shower {shower!r}; choose default, {', '.join(known)}"
        )


@contextmanager
def _as_file(slha: str) -> Iterator[list[str]]:
    """The setting that makes Pythia read this text, or none without a text."""
    if not slha:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="kaon-") as folder:
        path = Path(folder) / "spectrum.slha"
        write_text(path, slha)
        yield [f"SLHA:file = {path}"]


def _initialised(settings: Sequence[str]) -> Any:
    quiet = ["Print:quiet = on", "Random:setSeed = on"]
    with captured():  # Vincia prints its configuration whatever Print:quiet says
        pythia = _read([*settings, *quiet])
        ready = pythia.init()
    if ready:
        return pythia
    with captured() as printed:
        loud = _read([*settings, "Random:setSeed = on", *(f"Init:show{x} = off" for x in _LISTINGS)])
        loud.init()
    said = [line.strip() for line in printed if "PYTHIA" in line and ("Error" in line or "Abort" in line)]
    raise SimulationError(
        f"Pythia cannot start with the settings {list(settings)}: {' '.join(said) or 'it gave no reason'}"
    )


_LISTINGS = ("ChangedSettings", "ChangedParticleData", "Processes", "MultipartonInteractions")


@cache
def _pristine() -> Any:
    """A Pythia without settings, to copy from: its tables take as long to read as thirty collisions to make."""
    return require("pythia8mc").Pythia("", False)


def _read(settings: Sequence[str]) -> Any:
    pristine = _pristine()
    pythia = require("pythia8mc").Pythia(pristine.settings, pristine.particleData, False)
    for line in settings:
        if not pythia.readString(line, False):
            raise SimulationError(
                f"Pythia does not know or accept the setting {line!r}; names and ranges are listed at "
                "https://pythia.org/latest-manual/"
            )
    return pythia


def _vertices(option: Any) -> NDArray[np.float64]:
    """Production points of an optional four-vector column, mm, (entries, 3); missing ones are the origin."""
    indexed = option.to_IndexedOptionArray64() if option.is_option else None
    content = option if indexed is None else indexed.content
    points = np.stack([ak.to_numpy(content[name]) for name in ("px", "py", "pz")], axis=1)
    if indexed is None:
        return points
    index = np.asarray(indexed.index)
    known = index >= 0
    found = np.zeros((len(index), 3))
    found[known] = points[index[known]]
    return found
