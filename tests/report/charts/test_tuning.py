from __future__ import annotations

from dataclasses import replace
from typing import Any

from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.tuning import curves, history, importances, slices
from kaon.tune.record import Search, Trial

SEARCH = Search(
    "mlp",
    "AUC",
    "validation AUC",
    "epoch",
    {"rate": "0.01..1.0:log", "hidden": "[8, 8],[4],[16]"},
    ("rate",),
    (
        Trial(0, "complete", {"rate": 0.1, "hidden": (8, 8)}, 0.7, (1, 2), (0.6, 0.7), default=True),
        Trial(1, "complete", {"rate": 0.3, "hidden": (16,)}, 0.9, (1, 2), (0.6, 0.9)),
        Trial(2, "pruned", {"rate": 0.02, "hidden": (4,)}, None, (1,), (0.4,)),
        Trial(3, "failed", {"rate": 0.9, "hidden": (4,)}),
        Trial(4, "complete", {"rate": 0.2, "hidden": (4,)}, 0.8, (1, 2), (0.6, 0.8)),
    ),
    {"rate": 0.75, "hidden": 0.25},
)


def traces(chart: Chart) -> dict[str, Any]:
    return {trace["marker"]["symbol"]: trace for trace in chart.data if "symbol" in trace.get("marker", {})}


def test_the_best_so_far_never_falls_and_pruned_trials_are_seen() -> None:
    made = history(SEARCH)
    assert made.data[0]["y"] == [0.7, 0.9, 0.9, 0.9], "to the end of the search"
    found = traces(made)
    assert found["circle"]["y"] == [0.7, 0.9, 0.8]
    assert (found["star"]["x"], found["diamond"]["x"]) == ([1], [0])
    assert found["x-thin-open"]["x"] == [2]
    assert found["x-thin-open"]["y"][0] < 0.7, "below all that have a value"
    assert "pruned after 1" in found["x-thin-open"]["text"][0]


def test_curves_end_where_trials_were_stopped() -> None:
    made = curves(SEARCH)
    assert isinstance(made, Chart)
    ends = {trace["name"]: trace["x"][-1] for trace in made.data}
    assert ends == {"trial 0": 2, "trial 1": 2, "trial 2": 1, "trial 4": 2}
    silent = tuple(replace(t, steps=(), curve=()) for t in SEARCH.trials)
    assert isinstance(curves(replace(SEARCH, trials=silent)), Missing)


def test_importances_are_a_share_each() -> None:
    made = importances(SEARCH)
    assert isinstance(made, Chart)
    assert made.data[0]["y"] == ["hidden", "rate"], "the largest on top"
    assert sum(made.data[0]["x"]) == 1
    assert isinstance(importances(replace(SEARCH, importances={})), Missing)


def test_slices_have_the_axis_of_their_range() -> None:
    rate, hidden = slices(SEARCH)
    assert rate.layout["xaxis"]["type"] == "log"
    assert "dtick" not in rate.layout["xaxis"]
    wide = [replace(t, settings={**t.settings, "rate": 10.0**-t.number}) for t in SEARCH.trials]
    assert slices(replace(SEARCH, trials=tuple(wide)))[0].layout["xaxis"]["dtick"] == 1
    assert traces(rate)["circle"]["x"] == [0.1, 0.3, 0.2]
    assert hidden.layout["xaxis"]["categoryarray"] == ["[4]", "[16]", "[8, 8]"]
    assert traces(hidden)["star"]["x"] == ["[16]"]
