"""Ranking of variables: files and figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from kaon.errors import DataError, UnknownName
from kaon.report.ranking import Ranking, ranking_figures, write_ranking


def row(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "columns": [name], "auc": 0.8, "spread": None, "change": -0.1, "error": 0.01, **more}


@pytest.fixture
def ranking() -> Ranking:
    shuffled = [{"name": n, "columns": [n], "drop": d, "spread": 0.01} for n, d in (("m_bb", 0.2), ("pt$", -0.01))]
    without = [row("all", change=0.0, error=0.0), row("without pt$", change=0.005), row("without m_bb")]
    return Ranking("bdt", 0.8, shuffled, without, [row("all"), row("with m_bb", auc=0.7)])


def test_bars_are_the_losses_in_their_order(ranking: Ranking) -> None:
    shuffled, without = ranking_figures(ranking)["ranking"].axes
    for panel, losses in ((shuffled, [0.2, -0.01]), (without, [0.1, -0.005])):
        bars = [bar for bar in panel.patches if isinstance(bar, Rectangle)]
        assert [bar.get_width() for bar in bars] == pytest.approx(losses)
    assert [text.get_text() for text in shuffled.get_yticklabels()] == ["m_bb", r"pt\$"]
    low, high = shuffled.get_ylim()
    assert low > high  # the most important stands on top


def test_added_variables_end_with_all(ranking: Ranking) -> None:
    (line, *_) = ranking_figures(ranking)["added"].axes[0].get_lines()
    assert np.asarray(line.get_xdata()).tolist() == [0.7, 0.8]


def test_files(ranking: Ranking, tmp_path: Path) -> None:
    written = write_ranking(ranking, tmp_path)
    assert {p.name for p in written} == {
        "ranking.json",
        *(f"{n}.{s}" for n in ("ranking", "added") for s in ("pdf", "png")),
    }
    assert json.loads((tmp_path / "ranking.json").read_text())["without"][1]["change"] == 0.005
    few = write_ranking(replace(ranking, without=(), added=()), tmp_path / "few")
    assert [p.name for p in few] == ["ranking.json", "ranking.pdf", "ranking.png"]


def test_nothing_to_draw(ranking: Ranking, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to write"):
        write_ranking(replace(ranking, permutation=()), tmp_path)
    with pytest.raises(UnknownName):
        write_ranking(ranking, tmp_path, "lhcb")  # type: ignore[arg-type]  # a user's mistake
