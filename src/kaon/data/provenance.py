"""Where events come from: enough to make them again."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from kaon.errors import DataError

__all__ = ["Provenance", "software_versions"]

_REPORTED = (
    "kaon",
    "numpy",
    "awkward",
    "torch",
    "lightning",
    "lightgbm",
    "xgboost",
    "pythia8mc",
    "fastjet",
    "uproot",
    "h5py",
)


@cache
def software_versions() -> dict[str, str]:
    """Versions of Python, kaon and the libraries that decide its numbers; absent ones are left out."""
    found = {"python": platform.python_version()}
    for name in _REPORTED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Provenance:
    """How a set of events was made.

    Args:
        source: recipe name, or the files that were read.
        settings: every setting of the recipe, or the options of the reader.
        seed: random seed of the simulation; None for files.
        versions: software versions at the time of making.
        sum_weights: sum of the weights of all generated events, before selection.
        generated: number of generated events, before selection.
        cross_section: in pb, of the generated process before selection; None if unknown.
        history: what was done since, one short line a step.
    """

    source: str = "memory"
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=software_versions)
    sum_weights: float | None = None
    generated: int | None = None
    cross_section: float | None = None
    history: tuple[str, ...] = ()

    def then(self, step: str) -> Provenance:
        """The same provenance with one more line of history."""
        return replace(self, history=(*self.history, step))

    def to_json(self) -> str:
        """As a JSON object."""
        return json.dumps(asdict(self), sort_keys=True, default=str)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Read what `to_json` wrote; unknown keys of a newer kaon are ignored.

        Raises:
            DataError: not a JSON object.
        """
        try:
            known = json.loads(text)
            fields = {k: v for k, v in known.items() if k in cls.__dataclass_fields__}
            return cls(**{**fields, "history": tuple(fields.get("history", ()))})
        except (ValueError, AttributeError, TypeError) as error:
            raise DataError(f"the provenance is not a JSON object of kaon's: {error}") from error

    @staticmethod
    def merge(parts: Iterable[Provenance]) -> Provenance:
        """Provenance of concatenated events: what agrees is kept, counts and sums of weights add up."""
        several = list(parts)
        if not several:
            return Provenance()
        if len(several) == 1:
            return several[0]
        first = several[0]

        def same(name: str) -> Any:
            values = [getattr(p, name) for p in several]
            return values[0] if all(v == values[0] for v in values) else None

        def total(name: str) -> Any:
            values = [getattr(p, name) for p in several]
            return None if any(v is None for v in values) else sum(values)

        sources = list(dict.fromkeys(p.source for p in several))
        settings = same("settings")
        return Provenance(
            source=", ".join(sources),
            settings={s.source: dict(s.settings) for s in several} if settings is None else settings,
            seed=same("seed"),
            versions=first.versions,
            sum_weights=total("sum_weights"),
            generated=total("generated"),
            cross_section=same("cross_section"),
            history=same("history") or (),
        )
