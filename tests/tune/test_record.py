from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kaon.errors import DataError
from kaon.tune.record import RECORD, TABLE, Search, Trial, load, write


def searched() -> Search:
    trials = (
        Trial(0, "complete", {"rate": 0.1, "hidden": (8, 8)}, 0.7, (1, 2), (0.6, 0.7), 1.5, default=True),
        Trial(1, "pruned", {"rate": 0.2, "hidden": (4,)}, None, (1,), (0.4,), 0.5),
        Trial(2, "failed", {"rate": 0.9, "hidden": (4,)}, error="the loss became nan"),
        Trial(4, "complete", {"rate": 0.3, "hidden": (4,)}, 0.8),
        Trial(5, "complete", {"rate": 0.4, "hidden": (4,)}, 0.8),
    )
    space = {"rate": "0.1..1.0:log", "hidden": "[8, 8],[4]"}
    return Search("mlp", "AUC", "validation AUC", "epoch", space, ("rate",), trials, {"rate": 0.9, "hidden": 0.1})


def test_what_is_best() -> None:
    made = searched()
    assert made.best == made.trials[3], "the first among equals"
    assert made.default == made.trials[0]
    assert made.counts == {"complete": 3, "pruned": 1, "failed": 1}


def test_a_search_survives_its_files(tmp_path: Path) -> None:
    write(searched(), tmp_path)
    assert load(tmp_path) == searched()
    rows = list(csv.DictReader((tmp_path / TABLE).read_text().splitlines()))
    assert rows[0]["hidden"] == "[8, 8]"
    assert [row["value"] for row in rows] == ["0.7", "", "", "0.8", "0.8"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no finished search"):
        load(tmp_path)
    for text in ("{", "[]", '{"trials": [{}]}', '{"trials": 3}'):
        (tmp_path / RECORD).write_text(text)
        with pytest.raises(DataError, match="damaged"):
            load(tmp_path)
