"""What every page has: sections of figures, texts to unfold, scripts and style inside, a policy against requests."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from kaon import __version__
from kaon.report.charts.chart import Chart, Key, Missing, model_style
from kaon.report.listing import Listing
from kaon.report.origins import Origin

__all__ = ["Section", "render"]


@dataclass(frozen=True)
class Section:
    """A part of a page: a heading that asks, a sentence that introduces, figures and tables."""

    name: str
    title: str
    lead: str
    items: Sequence[Chart | Missing | Listing]
    keys: Sequence[Key] = ()


def render(
    template: str,
    sections: Sequence[Section],
    origins: Sequence[Origin],
    *,
    question: str,
    models: Sequence[str],
    best: str,
    **values: Any,
) -> str:
    """A self-contained page.

    Args:
        template: file name; it extends `frame.html.jinja`.
        sections: figures.
        origins: texts that the reader may unfold.
        question: title of the page.
        models: those that the reader can switch on and off; a model's number decides its colour.
        best: the model that figures of a single model show first.
        values: what else the template asks for.
    """
    drawn = [item for section in sections for item in section.items if isinstance(item, Chart)]
    scripts = {"theme": _template("theme.js"), "plotly": get_plotlyjs(), "page": _template("page.js")}
    environment = Environment(
        loader=PackageLoader("kaon.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(
        policy=_policy(scripts.values()),
        version=__version__,
        css=Markup(_template("page.css")),
        scripts={name: Markup(text) for name, text in scripts.items()},
        style=model_style,
        sections=sections,
        origins=origins,
        charts=Markup(_script_safe([_drawing(chart) for chart in drawn])),
        question=question,
        models=models,
        best=best,
        **values,
    )


def _drawing(chart: Chart) -> dict[str, Any]:
    """What the page's script needs of a chart; its words are in the HTML already."""
    return {name: getattr(chart, name) for name in ("name", "data", "layout", "picks", "notes")}


def _template(name: str) -> str:
    return files("kaon.report").joinpath("templates", name).read_text(encoding="utf-8")


def _policy(scripts: Iterable[str]) -> str:
    """A policy under which only these scripts run and nothing is fetched; plotly sets styles and draws to a canvas."""
    hashes = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    allowed = " ".join(f"'sha256-{h}'" for h in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _script_safe(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
