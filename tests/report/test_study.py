from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kaon.report import load
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS, Column

AUC = COLUMNS[0]
MASS = Column("mass", "m<sub>top</sub>", 0, "of the top quark", decimals=1, unit="GeV")


def result_of(*rows: ResultRow) -> Result:
    return Result("masses", "smoke", "How heavy?", "arXiv:0000.00000", (AUC, MASS), rows, notes=("Few events.",))


def test_values_as_text() -> None:
    assert Value(172.54, 0.31, 3, published=172.76, published_spread=0.3).text(MASS) == "172.5 ± 0.3 GeV"
    assert Value(172.54, published=172.76, published_spread=0.3).published_text(MASS) == "172.76 ± 0.3 GeV"
    assert Value().text(MASS) == "—"
    assert Value().published_text(MASS) == ""


def test_the_table_is_json_and_holds_what_is_known_only() -> None:
    found = result_of(ResultRow("top", {"mass": Value(172.5, float("nan"), published=172.76)}, "2 seeds")).table()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["rows"] == [
        {"name": "top", "note": "2 seeds", "values": {"mass": {"obtained": 172.5, "seeds": 1, "published": 172.76}}}
    ]
    assert found["columns"][1]["title"] == "mtop"


def test_markdown_has_a_cell_for_every_column_and_escapes_bars() -> None:
    text = result_of(ResultRow("a|b", {"auc": Value(0.98, published=0.981)}), ResultRow("c", {})).markdown()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert table == ["|  | AUC | mtop |", "|---|---:|---:|", "| a\\|b | 0.9800 (0.981) |  |", "| c |  |  |"]
    assert "Few events." in text


def test_measured_is_mean_and_spread_of_the_runs(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    for seed in range(3):
        run_writer(tmp_path / "runs" / f"pfn-seed{seed}", "pfn", seed)
    runs = load(tmp_path).models["pfn"]
    values = [run.metrics["auc"] for run in runs]
    found = measured(runs, AUC, published=0.9819, source="there")
    assert found.obtained == pytest.approx(np.mean(values))
    assert found.spread == pytest.approx(np.std(values, ddof=1))
    assert (found.seeds, found.published, found.source) == (3, 0.9819, "there")
