from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from matplotlib.patches import StepPatch
from numpy.typing import NDArray

from kaon.analysis.counts import Counts
from kaon.errors import UnknownName
from kaon.report.canvas import STYLES, Style, styled
from kaon.report.stack import Stack
from kaon.report.stack_figure import conditions, stack_figure, write_stack_figure


def example(data: bool = True, uniform: bool = True, **more: Any) -> Stack:
    rng = np.random.default_rng(0)
    edges = np.linspace(0, 150, 11) if uniform else np.array([0.0, 20, 30, 40, 50, 60, 75, 90, 110, 150, 250])
    shape = np.exp(-np.square(np.arange(10) - 4.0) / 8)
    sizes = {"multijet": 400, "wjets": 300, "top": 40, "zll": 50, "ztautau": 900, "a process of a long name": 100}
    processes = {n: Counts(size * shape, size * shape / 4) for n, size in sizes.items()}
    seen = rng.poisson(sum(c.values for c in processes.values())).astype(float)
    return Stack(
        edges, processes, Counts(seen, seen) if data else None, ["ztautau"], x="Visible mass [GeV]",
        labels={"wjets": "W → ℓν + $5", "top": "tt\u0304"}, **more,
    )  # fmt: skip


def draw(stack: Stack, **options: Any) -> Any:
    return stack_figure(stack, **options)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("uniform", "logarithmic"), [(True, False), (False, True)])
def test_nothing_covers_the_data_or_leaves_the_paper(style: Style, uniform: bool, logarithmic: bool) -> None:
    stack = example(uniform=uniform, systematic=np.full(10, 20.0))
    figure = draw(stack, style=style, note="Signal region", luminosity=20.3, energy=8, logarithmic=logarithmic)
    ax = figure.axes[0]
    boxes = [ax.get_legend().get_window_extent()]
    boxes += [t.get_window_extent() for t in ax.texts if t.get_window_extent().y0 < ax.get_window_extent().y1]
    assert stack.points is not None
    tops = ax.transData.transform(np.column_stack([stack.centres, stack.points.value + stack.points.up]))
    for box in boxes:
        assert not ((tops[:, 0] > box.x0) & (tops[:, 0] < box.x1) & (tops[:, 1] > box.y0)).any()
    with styled("plain"):  # a figure does not change with the settings of the moment
        figure.draw_without_rendering()
    whole, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(whole.x0, whole.y0) >= 0
    assert whole.x1 <= width
    assert whole.y1 <= height


def test_layers_end_at_the_running_sums() -> None:
    stack = example()
    figure = draw(stack, style="plain")
    filled = [p for p in figure.axes[0].patches if isinstance(p, StepPatch) and p.get_fill() and not p.get_hatch()]
    assert len(filled) == len(stack.layers)
    running: NDArray[np.float64] = np.zeros(stack.bins)
    for layer, patch in zip(stack.layers, reversed(filled), strict=True):
        running = running + stack.processes[layer].values
        np.testing.assert_allclose(patch.get_data()[0], running)
    legend = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert (legend[0], legend[1], legend[-1]) == ("Data", "ztautau", "Stat. unc.")
    assert r"W → ℓν + \$5" in legend
    assert r"t$\bar{\mathrm{t}}$" in legend
    assert [t.get_text() for t in draw(stack).axes[0].texts] == ["kaon", "", ""]


def test_ratio_panel_shows_the_ratio_and_points_to_what_lies_beyond() -> None:
    seen = np.full(10, 100.0)
    seen[3] = 450.0
    stack = Stack(np.arange(11.0), {"b": Counts(np.full(10, 100.0), np.zeros(10))}, Counts(seen, seen))
    lower = draw(stack, style="plain").axes[1]
    bottom, top = lower.get_ylim()
    assert (bottom + top) / 2 == pytest.approx(1)
    assert 0 <= top - 1 < 2
    arrows = [line for line in lower.lines if line.get_marker() == "^"]
    assert arrows[0].get_xdata().tolist() == [3.5]
    assert bottom < arrows[0].get_ydata()[0] < top


@pytest.mark.parametrize("lower", ["ratio", "pulls"])
def test_regions_stand_side_by_side(lower: Literal["ratio", "pulls"]) -> None:
    names = ["Signal region", "Same sign", "W control, opposite sign", "W control, same sign"]
    values = {n: Counts(np.array([9.0, 5, 70, 800]), np.ones(4)) for n in ("w", "z")}
    stack = Stack(np.array([]), values, Counts(*[np.array([18.0, 10, 100, 1900])] * 2), names=names)
    figure = draw(stack, style="plain", lower=lower, logarithmic=True)
    assert [t.get_text() for t in figure.axes[1].get_xticklabels()] == names
    whole = figure.get_tightbbox()
    assert whole.y0 >= 0
    assert whole.x0 >= 0
    if lower == "pulls":
        assert figure.axes[1].get_ylim() == (-3.6, 3.6)


def test_without_data_there_is_one_panel_and_overlaid_signals_are_lines() -> None:
    figure = draw(example(data=False, overlay=True, magnify=10), style="plain")
    assert len(figure.axes) == 1
    assert figure.axes[0].texts[1].get_text() == "Simulation"
    legend = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert legend[0] == "ztautau × 10"
    assert "Data" not in legend


@pytest.mark.parametrize("logarithmic", [False, True])
def test_data_alone_are_not_called_simulation(logarithmic: bool) -> None:
    whole = example()
    figure = draw(Stack(whole.edges, {}, whole.data, x=whole.x), logarithmic=logarithmic)
    (ax,) = figure.axes
    assert not any("Simulation" in text.get_text() for text in ax.texts)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Data"]
    assert whole.data is not None
    lowest = whole.data.values[whole.data.values > 0].min()
    assert ax.get_ylim()[0] < lowest
    assert ax.get_ylim()[1] > whole.data.values.max()


def test_conditions_and_files(tmp_path: Path) -> None:
    assert conditions() == ""
    assert conditions(energy=13.6) == "√$s$ = 13.6 TeV"
    assert conditions(luminosity=0.5) == "0.5 fb$^{-1}$"
    files = write_stack_figure(example(), tmp_path / "new" / "mass", style="plain")
    assert [path.name for path in files] == ["mass.pdf", "mass.png"]
    assert all(path.stat().st_size > 5000 for path in files)
    with pytest.raises(UnknownName, match="style"):
        write_stack_figure(example(), tmp_path / "x", style="atlss")
