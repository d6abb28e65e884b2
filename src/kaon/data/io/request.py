"""What to read and how, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kaon.data.cuts import Expression, parse
from kaon.data.io.formats import Paths, expand
from kaon.data.io.source import Layout
from kaon.errors import ConfigError

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """The arguments of `kaon.read`, understood.

    Args:
        files: each with its class number, or None where a label column decides.
        label, weight, index, cut: expressions, or None.
        columns: names or patterns of the columns to keep; None keeps all.
        explode: lists to turn into entries.
        drop_invalid: drop events with NaN, infinite or missing values instead of refusing the file.
        missing: number that stands for a missing value, which is then no error; None for none.
        limit: at most this many events; of signal and of background files each.
        classes: names to give to the classes.
        layout: how to understand the files.
    """

    files: tuple[tuple[Path, int | None], ...]
    label: Expression | None = None
    weight: Expression | None = None
    index: Expression | None = None
    cut: Expression | None = None
    columns: tuple[str, ...] | None = None
    explode: str | None = None
    drop_invalid: bool = False
    missing: float | None = None
    limit: int | None = None
    classes: tuple[str, ...] | None = None
    layout: Layout = field(default_factory=Layout)

    @classmethod
    def make(
        cls,
        path: Paths | None,
        signal: Paths | None = None,
        background: Paths | None = None,
        *,
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
        **layout: Any,
    ) -> Self:
        """Parse the expressions, find the files, and check the arguments against each other.

        Raises:
            ConfigError: arguments that exclude each other, or a malformed expression.
            DataError: a file that is not there.
        """
        texts = {"label": label, "weight": weight, "index": index, "cut": cut}
        found = {name: parse(text) for name, text in texts.items() if text is not None}
        if limit is not None and limit < 1:
            raise ConfigError(f"limit={limit} reads nothing; it must be at least 1")
        if path is None and label is not None:
            raise ConfigError("label= has no meaning beside signal= and background= files: these are the labels")
        wanted = (columns,) if isinstance(columns, str) else None if columns is None else tuple(columns)
        if wanted is not None and not wanted:
            raise ConfigError("columns= is empty; name at least one column, or leave it out to keep all")
        if classes is not None and (len(set(classes)) < 2 or len(set(classes)) < len(classes)):
            raise ConfigError(f"classes={tuple(classes)}: two or more different names are needed")
        return cls(
            _files(path, signal, background),
            **found,
            columns=wanted,
            explode=explode,
            drop_invalid=drop_invalid,
            missing=None if missing is None else float(missing),
            limit=limit,
            classes=None if classes is None else tuple(classes),
            layout=Layout(**layout, integers=found["index"].columns if "index" in found else frozenset()),
        )


def _files(path: Paths | None, signal: Paths | None, background: Paths | None) -> tuple[tuple[Path, int | None], ...]:
    if path is not None and (signal is not None or background is not None):
        raise ConfigError("give either a path with a label column, or signal= and background= files, not both")
    if path is not None:
        return tuple((p, None) for p in expand(path))
    if signal is None or background is None:
        lacks = "no file is given" if signal is background else f"only {'signal' if signal else 'background'}= is given"
        raise ConfigError(f"{lacks}; give one path, or both signal= and background= files")
    ones, zeros = expand(signal), expand(background)
    both = sorted(str(p) for p in set(ones) & set(zeros))
    if both:
        raise ConfigError(f"{', '.join(both)} is given both as signal and as background")
    return tuple((p, 1) for p in ones) + tuple((p, 0) for p in zeros)
