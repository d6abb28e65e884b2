"""The front door for reading: any file of any size to `Events`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data.checks import check_classes, check_weights
from kaon.data.events import Events
from kaon.data.io.filereader import FileReader
from kaon.data.io.formats import Paths, open_source
from kaon.data.io.labels import BINARY, Labels
from kaon.data.io.request import Request
from kaon.data.provenance import Provenance
from kaon.errors import ConfigError, DataError

__all__ = ["iterate", "read"]

_STEP = 50_000


def read(
    path: Paths | None = None,
    *,
    signal: Paths | None = None,
    background: Paths | None = None,
    label: str | None = None,
    weight: str | None = None,
    index: str | None = None,
    cut: str | None = None,
    columns: str | Sequence[str] | None = None,
    explode: str | None = None,
    drop_invalid: bool = False,
    missing: float | None = None,
    limit: int | None = None,
    classes: Sequence[str] | None = None,
    tree: str | None = None,
    header: bool | Sequence[str] | None = None,
    layout: str | None = None,
    format: str | None = None,  # noqa: A002  # the word that users expect
) -> Events:
    r"""Read files into memory.

    Args:
        path: one file or several, of ROOT, HDF5, Parquet or text, with globs; files of one call have the same columns.
            Also pictures: idx files, and folders or tar archives with a folder for each class.
        signal, background: files instead of `path`, whose events are all of one class.
        label: column, or expression of `kaon.data.cuts`, that tells the class: true/false and 0/1 become the classes
            background and signal; other whole numbers and texts become classes in sorted order.
        weight: column or expression; weights may be negative.
        index: column or expression with the event number, which alone decides splits; without it, the number of the
            entry within its own file.
        cut: condition that events must fulfil; NaN fulfils none.
        columns: names or patterns (`"Jet_*"`) of columns to keep; all without it.
        explode: list column or group of which each entry becomes an entry of its own, with the event's number; columns
            of the whole event are repeated and reserved, unless `columns` names them.
        drop_invalid: drop events with NaN, infinite or missing values, and say how many, instead of raising an error.
        missing: number that the files write for a value that does not exist, such as -999. It becomes NaN, and NaN is
            then no error in columns that are neither label, weight nor event number (unless `drop_invalid` drops it).
        limit: at most this many events (of signal and of background files each).
        classes: names of the classes, in the order of the label's values; the signal is the last.
        tree: tree of a ROOT file, or key of an HDF5 file, where there are several.
        header: of text files: whether the first row holds names, or the names; without it, the first row decides.
        layout: of HDF5 files: kaon, top-tagging, lhco, pandas or arrays; without it, the file's structure decides.
        format: root, hdf5, parquet, csv, tsv, idx or pictures, where the suffix does not tell.

    Returns:
        The events. Columns of the roles are reserved: no model reads them.

    Raises:
        ConfigError: arguments that make no sense; UnknownName for a column that is not there.
        DataError: a damaged or empty file, invalid values, less than two classes, weights without a positive sum.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "jets.csv"
    ...     _ = path.write_text("flavour,pt,eta\n21,550,0.1\n1,610,-0.7\n2,640,2.9\n")
    ...     jets = read(path, label="flavour == 21", classes=("quark", "gluon"), cut="abs(eta) < 2.5")
    >>> jets["pt"].to_list(), jets.target.tolist(), jets.classes, jets.reserved
    ([550.0, 610.0], [1, 0], ('quark', 'gluon'), frozenset({'flavour'}))
    """
    request = Request.make(
        path,
        signal,
        background,
        label=label,
        weight=weight,
        index=index,
        cut=cut,
        columns=columns,
        explode=explode,
        drop_invalid=drop_invalid,
        missing=missing,
        limit=limit,
        classes=classes,
        tree=tree,
        header=header,
        layout=layout,
        format=format,
    )
    # Events that all stay tell their classes as they are read: a text needs to be parsed but once.
    late = request.label is not None and request.limit is None and not request.drop_invalid
    parts, values = list[Events](), list[NDArray[Any]]()
    for reader in _readers(request, _STEP, None if late else _labels(request, _STEP)):
        chunks = [replace(chunk, provenance=Provenance()) for chunk in reader.chunks(_STEP)]
        values += reader.unnumbered
        if chunks:
            parts.append(replace(Events.concatenate(chunks), provenance=reader.provenance))
    if late:
        found = _discovered(request, values)
    if not parts:
        raise DataError(_nothing(request))
    events = Events.concatenate(parts)
    if late:
        target = found.numbers(np.concatenate(values), events.provenance.source)
        events = replace(events, target=target, classes=found.classes)
    if request.label is not None or request.files[0][1] is not None:
        check_classes(events)
    check_weights(events)
    return events


def iterate(path: Paths | None = None, step: int = _STEP, **options: Any) -> Iterator[Events]:
    """Read files of any size, at most `step` entries at a time, with the memory that one step needs.

    The classes are the same in all parts: where a label is given whose values are unknown, the label column is read
    once beforehand. Each part carries its file's provenance. Weights are not checked to have a positive sum.

    Args:
        path: as for `read`.
        step: most entries at a time.
        options: as for `read`.

    Raises:
        As `read`, when the first part, or the part in question, is asked for.
    """
    if step < 1:
        raise ConfigError(f"step={step}; it must be at least 1")
    request = Request.make(path, **options)
    first: Events | None = None
    for reader in _readers(request, step, _labels(request, step)):
        whole_file_fits = first is None
        for events in reader.chunks(step):
            first = events.take(slice(0, 0)) if first is None else first
            if not whole_file_fits:  # concatenating raises where columns or classes differ
                whole_file_fits = Events.concatenate([first, events.take(slice(0, 0))]) is not None
            yield events
    if first is None:
        raise DataError(_nothing(request))


def _readers(request: Request, step: int, labels: Labels | None) -> Iterator[FileReader]:
    left: dict[int | None, int] = {}
    for path, target in request.files:
        most = None if request.limit is None else left.setdefault(target, request.limit)
        if most == 0:
            continue
        with _open(request, path, target, labels, most) as reader:
            yield reader
        if most is not None:
            left[target] = most - reader.taken


@contextmanager
def _open(
    request: Request, path: Any, target: int | None, labels: Labels | None, limit: int | None
) -> Iterator[FileReader]:
    with open_source(path, request.layout) as source:
        yield FileReader(request, source, target, labels, limit)


def _labels(request: Request, step: int) -> Labels | None:
    """The classes of the request, for which the label column of all files is read once."""
    if request.files[0][1] is not None:
        return Labels.of((0, 1), "label", "the files", request.classes or BINARY)
    if request.label is None:
        return None

    def values() -> Iterator[NDArray[Any]]:
        for path, _ in request.files:
            with _open(request, path, None, None, None) as reader:
                yield from reader.label_values(step)

    return _discovered(request, values())


def _discovered(request: Request, values: Iterable[NDArray[Any]]) -> Labels:
    assert request.label is not None
    names = ", ".join(str(p) for p, _ in request.files[:3]) + (", ..." if len(request.files) > 3 else "")
    return Labels.discover(values, request.label.text, names, request.classes)


def _nothing(request: Request) -> str:
    names = ", ".join(str(p) for p, _ in request.files[:3]) + (", ..." if len(request.files) > 3 else "")
    if request.cut is not None:
        return f"no event of {names} passes the cut {request.cut.text!r}"
    return f"{names} holds no events" + (" without invalid values" if request.drop_invalid else "")
