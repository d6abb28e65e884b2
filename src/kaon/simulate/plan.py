"""What is to be made, and where what is made is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from kaon.data.provenance import software_versions
from kaon.simulate.chunk import Chunk
from kaon.simulate.recipe import Recipe

__all__ = ["Key", "Memory", "Plan", "Share", "Store", "fingerprint"]

Key = tuple[int, int]
"""Position of a class in the recipe, and number of one of its chunks."""

_DECIDING = ("kaon", "pythia8mc", "fastjet", "numpy", "awkward")


@dataclass(frozen=True)
class Plan:
    """What is to be made.

    Args:
        recipe: with shower and detector as they shall be.
        wanted: jets of each class.
        seed: of the simulation.
    """

    recipe: Recipe
    wanted: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Share:
    """The part that a finished chunk has in the result.

    Args:
        number: of the chunk.
        taken: its first jets that are in the result.
        jets, generated, sum_weights, cross_section, cross_section_error: as in `Chunk`.
    """

    number: int
    taken: int
    jets: int
    generated: int
    sum_weights: float
    cross_section: float
    cross_section_error: float

    @classmethod
    def of(cls, number: int, chunk: Chunk) -> Share:
        """A chunk of which all is taken."""
        size = len(chunk)
        sums = (chunk.generated, chunk.sum_weights, chunk.cross_section, chunk.cross_section_error)
        return cls(number, size, size, *sums)


class Store(Protocol):
    """Where finished chunks are kept."""

    def finished(self) -> list[Key]:
        """The chunks that are there."""

    def load(self, key: Key) -> Chunk:
        """One of them."""

    def save(self, key: Key, data: bytes) -> None:
        """Keep one."""


class Memory:
    """Keeps chunks in memory."""

    def __init__(self) -> None:
        self._held: dict[Key, bytes] = {}

    def finished(self) -> list[Key]:
        """See `Store`."""
        return sorted(self._held)

    def load(self, key: Key) -> Chunk:
        """See `Store`."""
        return Chunk.from_bytes(self._held[key])

    def save(self, key: Key, data: bytes) -> None:
        """See `Store`."""
        self._held[key] = data


def fingerprint(plan: Plan) -> dict[str, Any]:
    """Everything that decides what a chunk holds; the number of jets does not."""
    versions = {name: version for name, version in software_versions().items() if name in _DECIDING}
    return {"recipe": plan.recipe.settings_tree(), "seed": plan.seed, "versions": versions}
