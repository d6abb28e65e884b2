"""ROOT trees, through uproot.

Flat, jagged and text branches become columns. Branches `name_px`, `name_py`, `name_pz` and `name_E` of the same shape
become one column `name` of four-momenta; in a file that kaon wrote, also the further members that it stored.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from kaon.data.io.source import Layout, Notes, Sink, Source, decoding
from kaon.data.records import MOMENTUM
from kaon.errors import ConfigError, DataError, UnknownName

__all__ = ["NOTE", "RootSink", "RootSource", "marker_reserving"]

NOTE = "kaon"
"""Name of the text object in which kaon describes its tree."""

_TREE = "events"
_TREE_CLASSES = frozenset({"TTree", "TNtuple", "TNtupleD"})


class RootSource(Source):
    """One tree of a ROOT file.

    Args:
        path: the file.
        layout: `tree` chooses the tree; without it the file must hold one tree only.
        raw: every branch is a column as it is, nothing joined to four-momenta, nothing hidden.

    Raises:
        DataError: damaged, or no tree in it.
        ConfigError: several trees, and none was chosen.
        UnknownName: no such tree; the message lists the nearest.
    """

    def __init__(self, path: Path, layout: Layout, *, raw: bool = False) -> None:
        with decoding(path):
            self._file = uproot.open(path, array_cache=None, object_cache=None)
            if self._file.file.fEND > path.stat().st_size:
                raise EOFError(f"{path.stat().st_size} of {self._file.file.fEND} bytes are there")
            note = None if raw else _marker(self._file)
            self._tree = self._choose(path, layout.tree)
            readable = {path: b for path, b in self._tree.iteritems(recursive=True) if _readable(b)}
            length = int(self._tree.num_entries)
        seen = Counter(b.name for b in readable.values())
        self._names = {path: b.name if seen[b.name] == 1 else path for path, b in readable.items()}
        self._branches = {self._names[path]: b for path, b in readable.items()}
        self._records = dict(note["records"]) if note else {} if raw else _momenta_in(self._branches)
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
    def tree(self) -> str:
        """Path of the tree within the file."""
        return str(self._tree.object_path).strip("/").partition(";")[0]

    @property
    def trees(self) -> list[str]:
        """Paths of all trees of the file."""
        return list(_trees(self._file))

    @property
    def unreadable(self) -> list[str]:
        """Branches that are no columns, because only their own C++ classes could read them."""
        leaves = {path: b.name for path, b in self._tree.iteritems(recursive=True) if not b.branches}
        return [name for path, name in leaves.items() if path not in self._names]

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        wanted = {id(self._branches[n]) for c in columns for n in self._members(c)}
        if not wanted:
            return
        pieces = self._tree.iterate(filter_branch=lambda b: id(b) in wanted, step_size=step, library="ak", how=dict)
        while True:
            with decoding(self.path):
                piece = next(pieces, None)
                if piece is None:
                    return
                flat = {self._names[path]: values for path, values in piece.items()}
                chunk = {c: self._column(c, flat) for c in columns}
            yield chunk

    def close(self) -> None:
        """See `Source`."""
        self._file.close()

    def _members(self, column: str) -> list[str]:
        return [f"{column}_{m}" for m in self._records[column]] if column in self._records else [column]

    def _column(self, column: str, branches: Mapping[str, Any]) -> Any:
        if column not in self._records:
            return branches[column]
        return ak.zip({m: branches[f"{column}_{m}"] for m in self._records[column]})

    def _choose(self, path: Path, wanted: str | None) -> Any:
        trees = _trees(self._file)
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
        file: an open uproot file to add the tree to, instead of a new file at `path`.
    """

    def __init__(
        self,
        path: Path,
        notes: Notes | None,
        *,
        tree: str = _TREE,
        counters: Mapping[str, str] | None = None,
        file: Any = None,
    ) -> None:
        self._file = uproot.recreate(path) if file is None else file
        self._notes, self._name, self._owned = notes, tree, file is None
        self._tree: Any = None
        self._lists = _counted_together(counters or {})

    def append(self, array: Any) -> None:
        """See `Sink`.

        Raises:
            DataError: a column has a type that a ROOT tree written by uproot cannot hold.
        """
        columns = self._grouped({name: _writable(array[name]) for name in array.fields})
        try:
            if self._tree is None:
                kinds = {n: ak.type(v).content if isinstance(v, ak.Array) else v.dtype for n, v in columns.items()}
                counters = {name: counter for name, (counter, _) in self._lists.items()}
                self._tree = self._file.mktree(self._name, kinds, counter_name=lambda n: counters.get(n, f"n{n}"))
                if self._notes is not None:
                    self._file[NOTE] = self._marker(columns)
            self._tree.extend(columns)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise DataError(
                f"a column cannot be written to a ROOT tree: {error}; leave it out with columns="
            ) from error

    def close(self) -> None:
        """See `Sink`."""
        if self._owned:
            self._file.close()

    def _grouped(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Branches that one branch counts as one list of records, and without that branch, which uproot makes anew."""
        made = dict(columns)
        for name, (counter, members) in self._lists.items():
            if len(members) > 1:
                made[name] = ak.zip({m.removeprefix(f"{name}_"): made.pop(m) for m in members}, depth_limit=2)
            made.pop(counter, None)
        return made

    def _marker(self, columns: Mapping[str, Any]) -> str:
        assert self._notes is not None
        records = {n: v.fields for n, v in columns.items() if isinstance(v, ak.Array) and v.fields}
        counters = [f"n{n}" for n, v in columns.items() if isinstance(v, ak.Array) and "var" in str(ak.type(v).content)]
        return json.dumps({"notes": self._notes.to_json(), "records": records, "counters": counters})


def marker_reserving(file: Any, names: Iterable[str], path: Path) -> str | None:
    """What kaon noted in an open file, with more columns reserved; None if it is no file of kaon's."""
    note = _marker(file)
    if note is None:
        return None
    return json.dumps(note | {"notes": Notes.from_json(note["notes"], path).reserving(names).to_json()})


def _marker(file: Any) -> dict[str, Any] | None:
    if file.classnames(recursive=False, cycle=False).get(NOTE) != "TObjString":
        return None
    try:
        note = json.loads(str(file[NOTE]))
        return note if {"notes", "records", "counters"} <= set(note) else None
    except (ValueError, TypeError):
        return None


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
            jagged = {"[]" in str(branches[f].typename) or "vector" in str(branches[f].typename) for f in four}
            if len(jagged) == 1:
                found[stem] = list(MOMENTUM)
    return found


def _trees(file: Any) -> dict[str, int]:
    """Path of each tree of a file -> its highest cycle."""
    found: dict[str, int] = {}
    for key, kind in file.classnames(recursive=True).items():
        name, _, cycle = key.rpartition(";")
        if kind in _TREE_CLASSES:
            found[name] = max(found.get(name, 0), int(cycle))
    return found


def _counted_together(counters: Mapping[str, str]) -> dict[str, tuple[str, list[str]]]:
    """Name -> (counter, branches): a counter's only branch, or all its branches name_x, name_y, ...

    Branches of one counter without a common name are left out, and so get a counter each.
    """
    by_counter: dict[str, list[str]] = {}
    for branch, counter in counters.items():
        by_counter.setdefault(counter, []).append(branch)
    found: dict[str, tuple[str, list[str]]] = {}
    for counter, branches in by_counter.items():
        common = os.path.commonprefix(branches)  # noqa: RUF071  # of characters: names are no paths
        name = branches[0] if len(branches) == 1 else common.rpartition("_")[0]
        if name and name not in found:
            found[name] = (counter, branches)
    return found


def _writable(values: Any) -> Any:
    """Flat numbers as NumPy arrays, everything else as packed awkward arrays without option types; arrays as lists."""
    if ak.to_layout(values).is_numpy:
        flat = np.asarray(ak.to_numpy(values))
        return flat if flat.ndim == 1 else ak.from_numpy(flat, regulararray=True)
    return ak.to_packed(values)
