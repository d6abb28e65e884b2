"""ROOT trees, through uproot.

Flat, jagged and text branches become columns. Branches `name_px`, `name_py`, `name_pz` and `name_E` of the same shape
become one column `name` of four-momenta; in a file that kaon wrote, also the further members that it stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from kaon.data.io.source import Layout, Notes, Sink, Source, decoding
from kaon.data.records import MOMENTUM
from kaon.errors import ConfigError, DataError, UnknownName

__all__ = ["RootSink", "RootSource"]

_NOTE = "kaon"
_TREE = "events"
_TREE_CLASSES = frozenset({"TTree", "TNtuple", "TNtupleD"})


class RootSource(Source):
    """One tree of a ROOT file.

    Args:
        path: the file.
        layout: `tree` chooses the tree; without it the file must hold one tree only.

    Raises:
        DataError: damaged, or no tree in it.
        ConfigError: several trees, and none was chosen.
        UnknownName: no such tree; the message lists the nearest.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        with decoding(path):
            self._file = uproot.open(path, array_cache=None, object_cache=None)
            note = self._note(path)
            self._tree = self._choose(path, layout.tree)
            self._branches = {b.name: b for b in self._tree.itervalues(recursive=True) if _readable(b)}
            length = int(self._tree.num_entries)
        self._records = dict(note["records"]) if note else _momenta_in(self._branches)
        members = {f"{name}_{m}" for name, found in self._records.items() for m in found}
        counters = frozenset(note["counters"]) if note else frozenset()
        plain = [n for n in self._branches if n not in members and n not in counters]
        notes = Notes.from_json(note["notes"], path) if note else Notes()
        super().__init__(path, [*self._records, *plain], length, notes)

    @property
    def counters(self) -> dict[str, str]:
        """Jagged branch -> the branch that counts its entries."""
        counts = {n: b.count_branch for n, b in self._branches.items()}
        return {n: c.name for n, c in counts.items() if c is not None}

    @property
    def name(self) -> str:
        """Name of the tree."""
        return str(self._tree.name)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        wanted = {n for c in columns for n in self._members(c)}
        if not wanted:
            return
        pieces = self._tree.iterate(
            filter_branch=lambda b: b.name in wanted and _readable(b), step_size=step, library="ak", how=dict
        )
        while True:
            with decoding(self.path):
                piece = next(pieces, None)
            if piece is None:
                return
            flat = {key.rsplit("/", 1)[-1] if key not in wanted else key: values for key, values in piece.items()}
            yield {c: self._column(c, flat) for c in columns}

    def close(self) -> None:
        """See `Source`."""
        self._file.close()

    def _members(self, column: str) -> list[str]:
        return [f"{column}_{m}" for m in self._records[column]] if column in self._records else [column]

    def _column(self, column: str, branches: Mapping[str, Any]) -> Any:
        if column not in self._records:
            return branches[column]
        return ak.zip({m: branches[f"{column}_{m}"] for m in self._records[column]})

    def _note(self, path: Path) -> dict[str, Any] | None:
        if self._file.classname_of(_NOTE) != "TObjString" if _NOTE in self._file else True:
            return None
        try:
            note = json.loads(str(self._file[_NOTE]))
            return note if {"notes", "records", "counters"} <= set(note) else None
        except (ValueError, TypeError):
            return None

    def _choose(self, path: Path, wanted: str | None) -> Any:
        trees: dict[str, int] = {}
        for key, kind in self._file.classnames(recursive=True).items():
            name, _, cycle = key.rpartition(";")
            if kind in _TREE_CLASSES:
                trees[name] = max(trees.get(name, 0), int(cycle))
        if not trees:
            raise DataError(
                f"{path} holds no tree; it holds {sorted(set(self._file.classnames().values())) or 'nothing'}"
            )
        if wanted is not None:
            bare = wanted.partition(";")[0]
            if bare not in trees:
                raise UnknownName("tree", wanted, trees, str(path))
            return self._file[wanted if ";" in wanted else f"{bare};{trees[bare]}"]
        if len(trees) > 1:
            listed = ", ".join(f"{n} ({self._file[f'{n};{c}'].num_entries} entries)" for n, c in trees.items())
            raise ConfigError(f"{path} holds several trees: {listed}; choose one with tree=... (--tree)")
        (name, cycle), *_ = trees.items()
        return self._file[f"{name};{cycle}"]


class RootSink(Sink):
    """Writes a tree of jagged and flat branches, chunk by chunk.

    Args:
        path: file to make.
        notes: stored beside the tree, so that kaon reads its own file back as it was; None to leave the file plain.
        tree: name of the tree.
        counters: jagged branch -> name of the branch that counts it; branches that share one are written together.
    """

    def __init__(
        self, path: Path, notes: Notes | None, *, tree: str = _TREE, counters: Mapping[str, str] | None = None
    ) -> None:
        self._file = uproot.recreate(path)
        self._notes, self._name = notes, tree
        self._tree: Any = None
        self._groups = _shared_counters(counters or {})

    def append(self, array: Any) -> None:
        """See `Sink`.

        Raises:
            DataError: a column has a type that a ROOT tree written by uproot cannot hold.
        """
        columns = self._grouped({name: _writable(array[name]) for name in array.fields})
        try:
            if self._tree is None:
                kinds = {n: ak.type(v).content if isinstance(v, ak.Array) else v.dtype for n, v in columns.items()}
                self._tree = self._file.mktree(
                    self._name, kinds, counter_name=lambda n: self._groups[n][0] if n in self._groups else f"n{n}"
                )
                if self._notes is not None:
                    self._file[_NOTE] = self._marker(columns)
            self._tree.extend(columns)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise DataError(
                f"a column cannot be written to a ROOT tree: {error}; leave it out with columns="
            ) from error

    def close(self) -> None:
        """See `Sink`."""
        self._file.close()

    def _grouped(self, columns: dict[str, Any]) -> dict[str, Any]:
        made = dict(columns)
        for prefix, (counter, members) in self._groups.items():
            present = [m for m in members if m in columns]
            if present:
                made[prefix] = ak.zip({m.removeprefix(f"{prefix}_"): made.pop(m) for m in present}, depth_limit=2)
                made.pop(counter, None)
        return made

    def _marker(self, columns: Mapping[str, Any]) -> str:
        assert self._notes is not None
        records = {n: v.fields for n, v in columns.items() if isinstance(v, ak.Array) and v.fields}
        counters = [f"n{n}" for n, v in columns.items() if isinstance(v, ak.Array) and "var" in str(ak.type(v).content)]
        return json.dumps({"notes": self._notes.to_json(), "records": records, "counters": counters})


def _readable(branch: Any) -> bool:
    """Whether uproot can make an awkward array of a branch; C++ objects without a dictionary it cannot."""
    try:
        return not isinstance(branch.interpretation, uproot.AsGrouped) and bool(
            branch.interpretation.awkward_form(branch.file) is not None
        )
    except Exception:  # unknown interpretations raise errors without a common base class
        return False


def _momenta_in(branches: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names X for which X_px, X_py, X_pz and X_E exist and have the same shape."""
    found: dict[str, list[str]] = {}
    for name in branches:
        stem = name.removesuffix("_px")
        four = [f"{stem}_{m}" for m in MOMENTUM]
        if stem != name and stem not in branches and all(f in branches for f in four):
            counts = {b.count_branch.name if b.count_branch is not None else None for b in map(branches.get, four) if b}
            jagged = {"[]" in str(branches[f].typename) or "vector" in str(branches[f].typename) for f in four}
            if len(counts) == 1 and len(jagged) == 1:
                found[stem] = list(MOMENTUM)
    return found


def _shared_counters(counters: Mapping[str, str]) -> dict[str, tuple[str, list[str]]]:
    """Prefix -> (counter, branches) for counters whose branches are all called prefix_something."""
    by_counter: dict[str, list[str]] = {}
    for branch, counter in counters.items():
        by_counter.setdefault(counter, []).append(branch)
    groups: dict[str, tuple[str, list[str]]] = {}
    for counter, members in by_counter.items():
        prefixes = {m.partition("_")[0] for m in members if "_" in m}
        if len(prefixes) == 1 and all("_" in m for m in members):
            prefix = prefixes.pop()
            if prefix not in groups:
                groups[prefix] = (counter, members)
    return groups


def _writable(values: Any) -> Any:
    """Flat numbers as NumPy arrays, everything else as packed awkward arrays without option types."""
    if ak.to_layout(values).is_numpy:
        return np.asarray(ak.to_numpy(values))
    return ak.to_packed(values)
