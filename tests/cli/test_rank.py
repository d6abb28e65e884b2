"""`kaon rank` on columns of known power."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import write


@pytest.fixture
def table(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 900)
    shifts = {"strong": 2.0, "weak": 0.7, "noise": 0.0}
    columns = {name: random.normal(size=900) + shift * label for name, shift in shifts.items()}
    path = tmp_path / "t.parquet"
    write(Events(ak.Array({**columns, "label": label})), path)
    return path


def test_the_ranking_is_written_shown_and_resumed(kaon: Any, table: Path) -> None:
    words = ("rank", table, "--label", "label", "--model", "fisher", "--retrain", "both", "--repeats", 2, "-o", "r")
    result = kaon(*words, "--json")
    assert result.code == 0, result.err
    found = result.json
    assert [row["name"] for row in found["permutation"]] == ["strong", "weak", "noise"]
    assert [row["name"] for row in found["without"]] == ["all", "without strong", "without weak", "without noise"]
    assert [row["columns"] for row in found["added"][1:]] == [["strong"], ["strong", "weak"]]
    assert found["without"][1]["change"] < found["without"][2]["change"] < 0.02
    written = json.loads(Path("r/ranking.json").read_text())
    assert written["permutation"] == found["permutation"]
    assert {p.name for p in Path("r").glob("*.p*")} == {"ranking.pdf", "ranking.png", "added.pdf", "added.png"}
    times = {p: p.stat().st_mtime_ns for p in Path("r").rglob("metrics.json")}
    assert len(times) == 6
    assert kaon(*words).code == 0
    assert {p: p.stat().st_mtime_ns for p in Path("r").rglob("metrics.json")} == times


def test_groups_are_one_variable(kaon: Any, table: Path) -> None:
    words = ("--label", "label", "--model", "fisher", "--retrain", "none", "--group", "rest=weak,noise", "--json")
    result = kaon("rank", table, *words)
    assert result.code == 0, result.err
    assert {row["name"]: row["columns"] for row in result.json["permutation"]} == {
        "strong": ["strong"],
        "rest": ["weak", "noise"],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "pfn"), "does not read plain columns"),
        (("--group", "g=absent"), "absent"),
        (("--features", "weak"), "at least two"),
        (("--features", "strong,waek"), "unknown column 'waek'"),
        (("--repeats", "0"), "repeats=0"),
    ],
)
def test_errors(kaon: Any, table: Path, words: tuple[str, ...], message: str) -> None:
    result = kaon("rank", table, "--label", "label", *words)
    assert result.code == 2
    assert message in result.err
    assert not Path("ranking").exists()
