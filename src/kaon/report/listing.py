"""A table among the figures of a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Entry", "Heading", "Line", "Listing", "asymmetric", "quantity", "signed"]


@dataclass(frozen=True)
class Heading:
    """Of a column: its text, what it means, and a colour (CSS variable or #rrggbb) if it belongs to something drawn."""

    text: str
    hint: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Entry:
    """One cell: its text, the number it sorts by, a second line, and whether it stands out."""

    text: str
    value: float | None = None
    note: str = ""
    marked: bool = False


@dataclass(frozen=True)
class Line:
    """One row; a line without entries is a heading of those that follow."""

    name: str
    entries: Sequence[Entry] = ()
    note: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Listing:
    """A table.

    Args:
        title: what it lists.
        headings: of the columns, the one of the names first.
        lines: its rows.
        caption: how to read it.
        folded: whether the reader has to unfold it.
        sortable: whether a click on a heading sorts; not for lines whose order means something.
        size: width on the page.
    """

    title: str
    headings: Sequence[Heading]
    lines: Sequence[Line]
    caption: str = ""
    folded: bool = False
    sortable: bool = False
    size: Literal["half", "full"] = "full"


def quantity(value: float, *errors: float) -> str:
    """A number with its uncertainties, two digits of the largest.

    >>> quantity(1234.56, 23.4), quantity(0.7312, 0.012, 0.0034), quantity(57.0), quantity(2.5, 0.0)
    ('1,235 ± 23', '0.731 ± 0.012 ± 0.003', '57', '2.5')
    """
    if not math.isfinite(value):
        return "—"
    known = [e for e in errors if math.isfinite(e) and e > 0]
    if not known:
        return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.3g}"
    digits = min(max(0, 1 - math.floor(math.log10(max(known)))), 6)
    return " ± ".join(f"{x:,.{digits}f}" for x in (value, *(e for e in errors if math.isfinite(e) and e > 0)))


def asymmetric(value: float, down: float, up: float) -> tuple[str, str]:
    """A number, and its uncertainties down and up, two digits of the smaller one.

    >>> asymmetric(0.9443, 0.0298, 0.0466), asymmetric(1.2, 0.31, 0.31)
    (('0.944', '−0.030 +0.047'), ('1.20', '± 0.31'))
    """
    known = [e for e in (down, up) if math.isfinite(e) and e > 0]
    if not known:
        return f"{value:.3g}", ""
    digits = min(max(0, 1 - math.floor(math.log10(min(known)))), 6)
    low, high = f"{down:.{digits}f}", f"{up:.{digits}f}"
    return f"{value:.{digits}f}", f"± {up:.{digits}f}" if low == high else f"−{low} +{high}"


def signed(value: float, digits: int = 1, unit: str = "") -> str:
    """A difference, with its sign.

    >>> signed(1.26), signed(-0.04), signed(-12.0, 0, " %"), signed(float("nan"))
    ('+1.3', '0.0', '−12 %', '—')
    """
    if not math.isfinite(value):
        return "—"
    text = f"{abs(value):,.{digits}f}"
    sign = "" if float(text.replace(",", "")) == 0 else "+" if value > 0 else "−"
    return f"{sign}{text}{unit}"
