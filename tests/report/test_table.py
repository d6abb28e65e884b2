from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.evaluate import background_rejection
from kaon.report import Comparison, RunRecord, load
from kaon.report.table import COLUMNS, Row, Spread, limit, rows, spread

KEYS = [column.key for column in COLUMNS]


def run(model: str, seed: int = 0, **metrics: Any) -> RunRecord:
    return RunRecord(f"{model}-seed{seed}", model, seed, metrics)


def cell(row: Row, key: str) -> Any:
    return row.cells[KEYS.index(key)]


def test_spread_is_the_sample_standard_deviation() -> None:
    found = spread([run("a", i, auc=v) for i, v in enumerate((0.90, 0.92, 0.97))], "auc")
    assert found is not None
    assert found.mean == pytest.approx(0.93)
    assert found.deviation == pytest.approx(np.std([0.90, 0.92, 0.97], ddof=1))
    assert found.seeds == 3


def test_one_seed_has_no_spread_and_no_run_no_number() -> None:
    assert spread([run("a", auc=0.9)], "auc") == Spread(0.9, None, 1)
    assert spread([run("a"), run("a", auc=None), run("a", auc="x"), run("a", auc=float("nan"))], "auc") is None


def test_best_is_the_highest_or_the_lowest_as_the_column_says() -> None:
    models = {"a": (0.9, 50.0, 10.0), "b": (0.8, 70.0, 5.0), "c": (0.9, 60.0, 5.0)}
    found = rows(
        Comparison(
            tuple(run(m, auc=v[0], rejection_30=v[1], train_seconds=v[2], parameters=7) for m, v in models.items())
        )
    )
    best = {key: [row.model for row in found if cell(row, key).best] for key in KEYS}
    assert best["auc"] == ["a", "c"]
    assert best["rejection_30"] == ["b"]
    assert best["train_seconds"] == ["b", "c"]
    assert best["parameters"] == []
    assert best["inference_us"] == []


def test_a_single_model_is_not_called_best() -> None:
    (row,) = rows(Comparison((run("a", auc=0.9), run("a", 1, auc=0.8))))
    assert not any(c.best for c in row.cells)
    assert row.seeds == (0, 1)


def test_cells_print_value_spread_unit_and_statistical_error(comparison_directory: Path) -> None:
    found = load(comparison_directory)
    runs = found.models["pfn"]
    row = next(r for r in rows(found) if r.model == "pfn")
    auc = [r.metrics["auc"] for r in runs]
    assert cell(row, "auc").text == f"{np.mean(auc):.4f} ± {np.std(auc, ddof=1):.4f}"
    assert cell(row, "train_seconds").text.endswith(" s")
    assert cell(row, "parameters").text == "9,000"
    error = np.mean([r.metrics["rejection_50_error"] for r in runs])
    note = cell(row, "rejection_50").note
    assert float(note.removeprefix("stat. ± ").replace(",", "")) == pytest.approx(error, rel=0.05)


def test_without_background_left_there_is_a_lower_limit_and_no_best(
    run_writer: Callable[..., Path], tmp_path: Path
) -> None:
    sharp = load(run_writer(tmp_path / "pfn", "pfn", 0, distance=6.0)).runs[0]
    other = load(run_writer(tmp_path / "bdt", "bdt", 0, distance=1.0)).runs[0]
    sharp = replace(sharp, metrics={**sharp.metrics, "rejection_30": None, "rejection_30_error": None})
    expected = background_rejection(sharp.predictions["test"], signal_efficiency=0.3).lower
    column = COLUMNS[KEYS.index("rejection_30")]
    assert limit([sharp], column) == expected
    assert limit([other], column) is None
    first, second = rows(Comparison((sharp, other)))
    assert cell(first, "rejection_30").text.startswith("> ")
    assert cell(first, "rejection_30").value == expected
    assert not cell(second, "rejection_30").best  # nobody knows


def test_what_is_not_there_is_a_dash() -> None:
    (row,) = rows(Comparison((run("a"),)))
    assert {c.text for c in row.cells} == {"—"}
    assert {c.value for c in row.cells} == {None}
