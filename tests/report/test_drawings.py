from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.evaluate import mass_sculpting, rejection_against, rejection_curve
from kaon.report import load
from kaon.report.canvas import STYLES, Canvas, plain, styled
from kaon.report.drawings import DRAWINGS, mass, rejection_by_pt, roc, scores, training
from kaon.report.runs import Comparison, RunRecord


def draw(drawing: Callable[..., Any], comparison: Comparison) -> Any:
    """Figures by name; untyped, as matplotlib's own types allow everything everywhere."""
    return drawing(comparison, partial(Canvas, "plain", "Simulation"))


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    with styled("plain"):
        yield


@pytest.fixture(scope="module")
def comparison(comparison_directory: Path) -> Comparison:
    return load(comparison_directory)


def draw_all(comparison: Comparison, style: str = "plain") -> dict[str, Any]:
    with styled(style):
        paper = partial(Canvas, style, "Simulation")
        return {name: figure for draw in DRAWINGS for name, figure in draw(comparison, paper).items()}


def vertices(ax: Any) -> NDArray[np.float64]:
    """Every visible point of the data, in pixels."""
    found = [line.get_transform().transform(line.get_xydata()) for line in ax.lines]
    found += [ax.transData.transform(p.get_path().vertices) for p in ax.patches if isinstance(p, StepPatch)]
    for artist in ax.collections:
        found += [artist.get_transform().transform(path.vertices) for path in artist.get_paths() if len(path.vertices)]
    points: NDArray[np.float64] = np.concatenate(found)
    frame = ax.get_window_extent()
    kept: NDArray[np.float64] = points[
        np.isfinite(points).all(axis=1) & (points[:, 0] > frame.x0) & (points[:, 0] < frame.x1)
    ]
    return kept


@pytest.mark.parametrize("style", STYLES)
def test_nothing_covers_the_data_or_leaves_the_paper(comparison: Comparison, style: str) -> None:
    two = Comparison(tuple(r for r in comparison.runs if r.model != "topodnn"))
    with styled(style):  # ticks follow the settings of the moment
        for name, figure in draw_all(two, style).items():
            figure.draw_without_rendering()
            ax = figure.axes[0]
            legend = ax.get_legend().get_window_extent()
            texts = [t.get_window_extent() for t in ax.texts]
            for box in (legend, *texts):
                x, y = vertices(ax).T
                covered = (x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)
                assert not covered.any(), name
            assert not any(legend.overlaps(t) for t in texts), name
            whole, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
            assert min(whole.x0, whole.y0) >= 0, name
            assert whole.x1 <= width, name
            assert whole.y1 <= height, name


def test_axes_have_names_and_units(comparison: Comparison) -> None:
    figures = draw_all(comparison)
    assert {"roc", "significance", "calibration", "rejection_pt", "mass_sculpting", "scores_pfn", "training_pfn"} < set(
        figures
    )
    for figure in figures.values():
        assert all(ax.get_ylabel() for ax in figure.axes)
        assert figure.axes[-1].get_xlabel()
    assert "[GeV]" in figures["mass_sculpting"].axes[-1].get_xlabel()
    assert "[GeV]" in figures["rejection_pt"].axes[-1].get_xlabel()


def test_roc_shows_the_mean_rejection_over_seeds_and_its_ratio(comparison: Comparison) -> None:
    upper, lower = draw(roc, comparison)["roc"].axes
    for line, runs in zip(upper.lines, comparison.models.values(), strict=False):
        x, y = line.get_data()
        curves = [rejection_curve(r.predictions["test"], signal_efficiency=x) for r in runs]
        shown = np.isfinite(y)
        assert shown[x > 0.9].all()
        np.testing.assert_allclose(y[shown], np.mean([c.value for c in curves], axis=0)[shown])
        assert max((c.error[shown] / c.value[shown]).max() for c in curves) <= 1 / 3 + 1e-9
    first = lower.lines[0].get_ydata()
    np.testing.assert_allclose(first[np.isfinite(first)], 1)


def test_one_seed_has_its_statistical_error_as_band(comparison: Comparison) -> None:
    (run,) = [r for r in comparison.runs if r.model == "bdt" and r.seed == 0]
    figure = draw(roc, Comparison((run,)))["roc"]
    assert len(figure.axes) == 1
    (band,) = figure.axes[0].collections
    curve = rejection_curve(run.predictions["test"], signal_efficiency=[0.9])
    at = band.get_paths()[0].vertices
    ends = np.sort(at[np.isclose(at[:, 0], 0.9)][:, 1])
    np.testing.assert_allclose(ends[[0, -1]], [curve.value[0] - curve.error[0], curve.value[0] + curve.error[0]])


def test_scores_have_unit_area(comparison: Comparison) -> None:
    figure = draw(scores, comparison)["scores_topodnn"]
    patches = [p for p in figure.axes[0].patches if isinstance(p, StepPatch)]
    for patch in patches:
        values, edges, _ = patch.get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(1)
    texts = " ".join(t.get_text() for t in figure.axes[0].get_legend().get_texts())
    assert texts.count("KS") == 2


def test_mass_is_that_of_the_evaluation_also_where_bins_are_merged(comparison: Comparison) -> None:
    figure = draw(mass, comparison)["mass_sculpting"]
    (before, edges), *after = [p.get_data()[:2] for p in figure.axes[0].patches if isinstance(p, StepPatch)]
    assert len(before) in (40, 20, 10)
    fine = np.linspace(edges[0], edges[-1], 41)
    for runs, (values, _) in zip(comparison.models.values(), after, strict=True):
        found = [mass_sculpting(r.predictions["test"], bins=fine) for r in runs]
        share = np.mean([f.after for f in found], axis=0).reshape(len(values), -1).sum(axis=1)
        np.testing.assert_allclose(values * np.diff(edges), share, atol=1e-12)
    texts = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert sum("chance" in t for t in texts) == 3


def test_a_perfect_model_leaves_no_mass_to_sculpt(comparison: Comparison) -> None:
    """Its separation leaves no background behind the cut; the others are drawn all the same."""

    def perfected(run: RunRecord) -> RunRecord:
        test = run.predictions["test"]
        score = np.eye(len(test.classes))[test.labels]
        return replace(run, predictions={**run.predictions, "test": replace(test, score=score)})

    first = comparison.runs[0].model
    some = Comparison(tuple(perfected(r) if r.model == first else r for r in comparison.runs))
    (figure,) = draw(mass, some).values()
    assert not any(text.get_text().startswith(plain(first)) for text in figure.findobj(Text))
    assert draw(mass, Comparison(tuple(map(perfected, comparison.runs)))) == {}


def test_a_limit_stands_where_no_background_is_left(comparison: Comparison) -> None:
    def perfect(run: RunRecord) -> RunRecord:
        test = run.predictions["test"]
        return replace(run, predictions={"test": replace(test, score=np.eye(2)[test.labels])})

    runs = tuple(perfect(r) for r in comparison.models["pfn"][:1])
    ax = draw(rejection_by_pt, Comparison(runs))["rejection_pt"].axes[0]
    (limits,) = [line for line in ax.lines if line.get_marker() == "_"]
    pt = runs[0].predictions["test"].spectators["jet_pt"]
    expected = rejection_against(
        runs[0].predictions["test"], bins=np.quantile(pt, np.linspace(0, 1, 9)), signal_efficiency=0.5
    )
    assert np.isinf(expected.value).all()
    np.testing.assert_allclose(limits.get_ydata(), expected.lower)
    assert any("limit" in t.get_text() for t in ax.get_legend().get_texts())


def test_training_shows_every_seed_also_of_one_epoch(comparison: Comparison) -> None:
    figure = draw(training, comparison)["training_pfn"]
    assert len(figure.axes[0].lines) == 6
    assert len(figure.axes[1].lines) == 3
    run = comparison.runs[0]
    short = replace(run, log={"train_loss": np.array([0.5]), "validation_loss": np.array([0.6])})
    (only,) = draw(training, Comparison((short,)))[f"training_{run.model}"].axes
    assert [line.get_marker() for line in only.lines] == ["o", "o"]


def test_what_is_missing_is_left_out(comparison: Comparison) -> None:
    run = comparison.runs[0]

    def changed(**fields: Any) -> Comparison:
        return Comparison((replace(run, **fields),))

    bare = {"test": replace(run.predictions["test"], spectators={})}
    independent = {"roc", "significance", "calibration", "scores_bdt", "training_bdt"}
    assert set(draw_all(changed(predictions=bare))) == independent
    unlabelled = {"test": replace(run.predictions["test"], target=None)}
    assert set(draw_all(changed(predictions=unlabelled))) == {"training_bdt"}
    assert "training_bdt" not in draw_all(changed(log={}))
    assert "training_bdt" not in draw_all(changed(log={"train_loss": np.array([np.nan])}))
    assert draw_all(changed(predictions={}, log={})) == {}


def test_several_classes_weights_and_odd_names(comparison_writer: Callable[..., Path], tmp_path: Path) -> None:
    def reweighted(p: Predictions) -> Predictions:
        return replace(p, weight=np.where(np.arange(len(p)) % 10 == 0, -0.5, 1.0))

    folder = comparison_writer(
        tmp_path / "many", models={"bdt": 1.5, "pf$n": 2.5}, seeds=(0,), classes=("q$", "g", "W_Z"), change=reweighted
    )
    figures = draw_all(load(folder))
    assert len(figures) == 9
    text = " ".join(t.get_text() for t in figures["scores_pf$n"].axes[0].get_legend().get_texts())
    assert "W_Z, test" in text
    assert r"q\$, test" in text


def test_a_dozen_models_are_told_apart(comparison: Comparison) -> None:
    run = comparison.runs[0]
    many = Comparison(tuple(replace(run, model=f"model_{i}") for i in range(12)))
    lines = draw(roc, many)["roc"].axes[0].lines[:12]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12
