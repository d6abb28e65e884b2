"""One chunk: the jets, or whole events, of a fixed number of collisions of one class, made from one seed."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.records import table
from kaon.errors import DataError
from kaon.simulate.detector import detect
from kaon.simulate.generator import Collisions, Generator
from kaon.simulate.jets import JetTable, select
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Recipe
from kaon.simulate.truth import find, match
from kaon.simulate.whole_events import whole_events

__all__ = ["Chunk", "Job", "make_chunk", "seeds"]

_SEEDS = 900_000_000
"""Pythia takes seeds from 1 to this."""
_STRIDE = 556_230_589
"""A prime that does not divide _SEEDS, so that its multiples visit every seed once."""
_WAYS_APART = 50_000_000
"""More chunks than any simulation has."""


@dataclass(frozen=True)
class Job:
    """What a worker is asked to make.

    Args:
        recipe: with shower and detector as they shall be.
        process: position of the class in the recipe.
        number: of the chunk within its class, from 0.
        seed: of the whole simulation.
    """

    recipe: Recipe
    process: int
    number: int
    seed: int

    def to_json(self) -> str:
        """As one line of text."""
        tree = {"recipe": self.recipe.settings_tree(), "process": self.process, "number": self.number}
        return json.dumps({**tree, "seed": self.seed})

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Undo `to_json`."""
        tree = json.loads(text)
        return cls(Recipe.model_validate(tree["recipe"]), tree["process"], tree["number"], tree["seed"])


@dataclass(frozen=True)
class Chunk:
    """The jets of one chunk.

    Args:
        array: awkward record array of the columns, (jets,).
        weight: of each jet, (jets,).
        event: collision of each jet within the chunk, (jets,).
        generated: number of collisions.
        sum_weights: of all collisions.
        cross_section: of the process, before selection, pb.
        cross_section_error: its statistical error, pb.
    """

    array: Any
    weight: NDArray[np.float64]
    event: NDArray[np.int64]
    generated: int
    sum_weights: float
    cross_section: float
    cross_section_error: float

    def __len__(self) -> int:
        return len(self.array)

    def to_bytes(self) -> bytes:
        """As a zip of plain arrays (NumPy's npz); the checksums in it tell a damaged one."""
        form, length, buffers = ak.to_buffers(ak.to_packed(self.array))
        notes = {name: getattr(self, name) for name in _NUMBERS} | {"form": form.to_json(), "length": int(length)}
        stream = io.BytesIO()
        np.savez(stream, notes=np.array(json.dumps(notes)), weight=self.weight, event=self.event, **buffers)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Chunk:
        """Undo `to_bytes`.

        Raises:
            DataError: damaged.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                columns = {name: stored[name] for name in stored.files}
            notes = json.loads(str(columns.pop("notes")))
            weight, event = columns.pop("weight"), columns.pop("event")
            array = ak.from_buffers(ak.forms.from_json(notes["form"]), notes["length"], columns)
            array = table({name: array[name] for name in array.fields})  # with the behaviour of four-vectors
            return cls(array, weight, event, **{name: notes[name] for name in _NUMBERS})
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise DataError(f"a chunk of the simulation is damaged: {error}") from error


_NUMBERS = ("generated", "sum_weights", "cross_section", "cross_section_error")


def seeds(job: Job, way: int = 0) -> tuple[int, np.random.Generator]:
    """The seed for Pythia and the source of randomness of the detector, for one of the alternatives of a process.

    Pythia's seed walks through all its values with a fixed stride, from a start that depends on the seed of the
    simulation: no two chunks of one simulation share one (drawn at random, among 10,000 some would).
    """
    start = int(np.random.SeedSequence(job.seed).generate_state(1, np.uint64)[0])
    place = job.number * len(job.recipe.processes) + job.process + way * _WAYS_APART
    entropy = (job.seed, job.process, job.number)
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(way,) if way else ()))
    return 1 + (start + _STRIDE * place) % _SEEDS, rng


def make_chunk(job: Job) -> Chunk:
    """Generate, detect, cluster, select, match.

    Raises:
        MissingExtra: pythia8mc or fastjet is not installed.
        SimulationError: Pythia refuses the settings or cannot go on.
    """
    recipe, process = job.recipe, job.recipe.processes[job.process]
    arrays, weights, events, values, errors = [], [], [], [], []
    generated, total, ways = 0, 0.0, len(process.alternatives)
    for way, alternative in enumerate(process.alternatives):
        seed, rng = seeds(job, way)
        settings = [f"Beams:eCM = {recipe.energy}", *recipe.settings, *process.settings, *alternative]
        generator = Generator(settings, seed=seed, shower=recipe.shower, slha=process.slha)
        made = 0
        for collisions in generator.batches(len(range(way, recipe.chunk_events, ways))):
            seen = detect(collisions.particles(), recipe.detector, rng)
            array, event, factor = _rows(collisions, seen, job, rng)
            arrays.append(array)
            weights.append(collisions.weight[event] * factor)
            events.append((event + made) * ways + way)
            made += len(collisions)
            total += float(collisions.weight.sum())
        value, error = generator.cross_section
        values.append(value)
        errors.append(error)
        generated += made
    array, weight, number = ak.concatenate(arrays), np.concatenate(weights), np.concatenate(events)
    if ways > 1:  # by turns, as only the first events of the last chunk may be wanted
        order = np.argsort(number, kind="stable")
        array, weight, number = array[order], weight[order], number[order]
    return Chunk(array, weight, number, generated, total, sum(values), float(np.hypot.reduce(errors)))


def _rows(
    collisions: Collisions, seen: Particles, job: Job, rng: np.random.Generator
) -> tuple[Any, NDArray[np.int64], NDArray[np.float64] | float]:
    """What a recipe keeps of a batch: its columns, (rows,), the collision of each row, and a factor of its weight."""
    if job.recipe.objects is not None:
        return whole_events(collisions, seen, job.recipe, rng)
    jets, momentum = _matched(collisions, select(seen, job.recipe.jets), job)
    return _columns(jets, seen, momentum, job.recipe), jets.event, 1.0


def _matched(collisions: Collisions, jets: JetTable, job: Job) -> tuple[JetTable, NDArray[np.float64] | None]:
    matching = job.recipe.processes[job.process].matching
    if matching is None:
        return jets, None
    found, momentum = match(find(collisions, matching), jets.event, jets.eta, jets.phi, matching)
    return (jets.take(found), momentum[found]) if matching.required else (jets, momentum)


def _columns(jets: JetTable, seen: Particles, parton: NDArray[np.float64] | None, recipe: Recipe) -> Any:
    """The columns that are stored: jet and parton in double, constituents in single precision."""
    rank = np.arange(len(jets.members)) - np.repeat(jets.offsets[:-1], jets.counts)
    members = jets.members[rank < recipe.constituents]
    parts = {name: getattr(seen, name)[members].astype(np.float32) for name in ("px", "py", "pz", "E")}
    for name in recipe.fields:
        parts[name] = getattr(seen, name)[members].astype({"charge": np.float32, "pid": np.int32}[name])
    offsets = np.concatenate([[0], np.cumsum(np.minimum(jets.counts, recipe.constituents))])
    listed = ak.contents.ListOffsetArray(ak.index.Index64(offsets), _momenta(parts))
    columns = {
        "jet": _momenta({name: getattr(jets, name) for name in ("px", "py", "pz", "E")}),
        "constituents": listed,
        "jet_pt": jets.pt,
        "jet_eta": jets.eta,
        "jet_phi": jets.phi,
        "jet_mass": jets.mass,
        "jet_constituents": jets.counts,
    }
    if any(process.matching is not None for process in recipe.processes):
        truth = np.zeros((len(jets), 4)) if parton is None else parton
        columns["parton"] = _momenta(dict(zip(("px", "py", "pz", "E"), np.ascontiguousarray(truth.T), strict=True)))
    return table({name: ak.Array(values) for name, values in columns.items()})


def _momenta(columns: dict[str, NDArray[Any]]) -> Any:
    contents = [ak.contents.NumpyArray(np.ascontiguousarray(values)) for values in columns.values()]
    return ak.contents.RecordArray(contents, list(columns), parameters={"__record__": "Momentum4D"})
