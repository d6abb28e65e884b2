"""A search for hyper-parameters: its history, where trials were stopped, what mattered, and where the best lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from kaon.report.charts.chart import Chart, Key, Missing, axis, label, numbers
from kaon.tune.record import Search, Trial

__all__ = ["curves", "history", "importances", "setting", "slices"]

_COMPLETE, _PRUNED, _BEST, _DEFAULT = "series-1", "faint", "signal", "series-2"


def history(search: Search) -> Chart:
    """Value of each trial, and the best so far."""
    complete = search.complete
    best = list(accumulate((t.value or 0.0 for t in complete), max))
    data = _points(search, lambda t: t.number)
    data.insert(
        0,
        {
            "x": [*(t.number for t in complete), search.trials[-1].number] if complete else [],
            "y": numbers([*best, *best[-1:]], 7),
            "mode": "lines",
            "line": {"color": _BEST, "width": 2, "shape": "hv"},
            "name": "best so far",
            "hovertemplate": "%{y:.5g}",
        },
    )
    return Chart(
        name="history",
        title="Each trial, and the best so far",
        caption="On validation events. A line that has been flat for long says that more trials would not help much; "
        "the largest of many values is a little too good, which the test events show." + _pruned_words(search),
        data=data,
        layout={"xaxis": axis("trial"), "yaxis": axis(label(search.objective)), "hovermode": "closest"},
        keys=[Key("best so far", _BEST), *_keys(search)],
    )


def curves(search: Search) -> Chart | Missing:
    """What each trial reported on its way; the pruned ones end early."""
    title = "On the way"
    told = [t for t in search.trials if t.curve]
    if not told:
        return Missing(title, "The trials reported nothing on their way, so that none could be stopped early.")
    data: list[dict[str, Any]] = []
    for trial in sorted(told, key=lambda t: t.state == "complete"):
        best = trial == search.best
        colour = _BEST if best else _DEFAULT if trial.default else _COMPLETE if trial.state == "complete" else _PRUNED
        faint = "" if best or trial.default else "/60"
        data.append(
            {
                "x": list(trial.steps),
                "y": numbers(trial.curve),
                "mode": "lines+markers" if len(trial.curve) == 1 or trial.state == "pruned" else "lines",
                "line": {"color": f"{colour}{faint}", "width": 2.5 if best or trial.default else 1.25},
                # a mark at the end only
                "marker": {"color": colour, "size": [*[0] * (len(trial.curve) - 1), 5]},
                "name": f"trial {trial.number}",
                "hovertemplate": "%{y:.5g}",
            }
        )
    return Chart(
        name="curves",
        title=title,
        caption=f"What the trials reported after each {search.unit}: lines that end in a point were stopped there, "
        "because others had been better at the same place.",
        data=data,
        layout={
            "xaxis": axis(search.unit),
            "yaxis": axis(search.curve, type="linear"),
            "hovermode": "closest",
        },
        keys=_keys(search, line=True),
        scale="loss" in search.curve,
    )


def importances(search: Search) -> Chart | Missing:
    """Share of each hyper-parameter in the variance of the objective."""
    title = "What mattered"
    if not search.importances:
        return Missing(title, "Too few trials were complete, or all were equal: importances would be noise.")
    order = sorted(search.importances, key=search.importances.__getitem__)
    return Chart(
        name="importances",
        title=title,
        caption="Share of the variance of the objective over the searched ranges that each hyper-parameter explains by "
        "itself or together with others (fANOVA, Hutter et al., ICML 2014), from the complete trials. A wider range "
        "makes a hyper-parameter more important.",
        data=[
            {
                "type": "bar",
                "orientation": "h",
                "x": numbers([search.importances[name] for name in order]),
                "y": [label(name) for name in order],
                "marker": {"color": f"{_COMPLETE}/70"},
                "hovertemplate": "%{x:.1%}<extra></extra>",
            }
        ],
        layout={
            "xaxis": axis("share of the variance", tickformat=".0%", rangemode="tozero"),
            "yaxis": axis("", type="category"),
        },
    )


def slices(search: Search) -> list[Chart]:
    """One small chart a hyper-parameter: the value of each trial against it."""
    return [_slice(search, number, name) for number, name in enumerate(search.space)]


def _slice(search: Search, number: int, name: str) -> Chart:
    values = [t.settings.get(name) for t in search.trials]
    named = any(not isinstance(v, int | float) or isinstance(v, bool) for v in values) or ".." not in search.space[name]
    kind: dict[str, Any] = {"type": "log", "exponentformat": "power"} if name in search.logarithmic else {}
    drawn = [v for v in values if isinstance(v, int | float) and v > 0]
    if kind and drawn and max(drawn) >= 100 * min(drawn):
        kind["dtick"] = 1  # whole decades only: on a chart this small, what lies between them would overlap
    if named:
        kind = {"type": "category", "categoryorder": "array", "categoryarray": _categories(values)}

    def place(trial: Trial) -> Any:
        value = trial.settings.get(name)
        return setting(value) if named else value

    return Chart(
        name=f"slice-{number}",
        title=name,
        caption="",
        data=_points(search, place),
        layout={"xaxis": axis("", **kind), "yaxis": axis(""), "hovermode": "closest"},
        size="third",
    )


def _points(search: Search, place: Callable[[Trial], Any]) -> list[dict[str, Any]]:
    """Complete trials at their value, pruned ones below all of them, the default and the best on top."""
    found = [t.value for t in search.complete if t.value is not None]
    low, high = min(found, default=0.0), max(found, default=1.0)
    floor = low - 0.08 * ((high - low) or abs(high) or 1.0)
    pruned = [t for t in search.trials if t.state == "pruned"]
    best = [] if search.best is None else [search.best]
    usual = [] if search.default is None else [search.default]
    groups = (
        (pruned, _PRUNED, "x-thin-open", 6),
        (search.complete, _COMPLETE, "circle", 7),
        (usual, _DEFAULT, "diamond", 11),
        (best, _BEST, "star", 14),
    )
    return [
        {
            "x": [place(t) for t in group],
            "y": numbers([floor if t.value is None else t.value for t in group], 7),
            "mode": "markers",
            "marker": {"color": colour, "symbol": symbol, "size": size},
            "text": [label(_told(t)) for t in group],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for group, colour, symbol, size in groups
        if group
    ]


def _told(trial: Trial) -> str:
    value = f"{trial.value:.5g}" if trial.value is not None else f"pruned after {trial.steps[-1] if trial.steps else 0}"
    settings = ", ".join(f"{name} {setting(v)}" for name, v in trial.settings.items())
    return f"trial {trial.number}: {value}; {settings}"


def setting(value: Any) -> str:
    """A value of a hyper-parameter, to be read.

    >>> setting(0.00123456), setting((64, 64)), setting(None)
    ('0.00123', '[64, 64]', 'None')
    """
    return f"{value:.3g}" if isinstance(value, float) else str(list(value) if isinstance(value, tuple) else value)


def _categories(values: Sequence[Any]) -> list[str]:
    """Options in a sensible order: numbers by size, words, lists by length."""
    distinct = {setting(v): v for v in values}

    def order(text: str) -> Any:
        value = distinct[text]
        if isinstance(value, tuple):
            return 2, len(value), value
        return (0, value, ()) if isinstance(value, int | float) else (1, 0, (text,))

    return sorted(distinct, key=order)


def _keys(search: Search, *, line: bool = False) -> list[Key]:
    mark: Any = "line" if line else "point"
    keys = [Key("complete", _COMPLETE, mark)]
    if any(t.state == "pruned" for t in search.trials):
        keys.append(Key("pruned", _PRUNED, mark))
    if search.default is not None:
        keys.append(Key("without a search", _DEFAULT, mark))
    return [*keys, Key("best", _BEST, mark)] if line else keys


def _pruned_words(search: Search) -> str:
    pruned = any(t.state == "pruned" for t in search.trials)
    return " Crosses at the bottom are trials that were stopped early: they have no value." if pruned else ""
