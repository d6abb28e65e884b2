from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from kaon.analysis import analyse
from kaon.analysis.writing import cut_flow_rows, errors_of, summary, write, yield_rows
from kaon.errors import DataError


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("writing")
    rng = np.random.default_rng(1)
    for name, count in (("s", 100), ("b", 400), ("data", 500)):
        with uproot.recreate(folder / f"{name}.root") as file:
            file.mktree("tree", {"x": np.float64}).extend({"x": rng.uniform(0, 1, count)})
    tree = {
        "data": "data.root",
        "processes": {
            "s": {"files": "s.root", "signal": True, "weight": 0.5, "label": "Signal"},
            "b": {"files": "b.root", "weight": 1},
        },
        "selection": {"low": "x < 0.9"},
        "regions": {"sr": {"cuts": "x > 0.5", "label": "Signal region"}, "cr": "x < 0.5"},
        "systematics": {"lumi": {"normalisation": 0.1}},
        "fit": {"regions": {"sr": "yield"}, "limit": False},
    }
    return analyse(tree, data=folder)


def test_rows_add_up(result: Any) -> None:
    rows = {(row["region"], row["process"]): row for row in yield_rows(result)}
    for region in ("sr", "cr"):
        total = rows[region, "total"]
        assert total["events"] == pytest.approx(rows[region, "s"]["events"] + rows[region, "b"]["events"])
        assert total["systematic"] == pytest.approx(0.1 * total["events"])
        assert total["statistical"] ** 2 == pytest.approx(
            rows[region, "s"]["statistical"] ** 2 + rows[region, "b"]["statistical"] ** 2
        )
    flow = [row for row in cut_flow_rows(result) if row["process"] == "s"]
    assert [(row["region"], row["cut"]) for row in flow] == [
        ("", "all events"),
        ("", "low"),
        ("sr", "x > 0.5"),
        ("cr", "x < 0.5"),
    ]
    assert flow[0]["raw"] == 100
    assert flow[0]["weighted"] == 50


def test_files_hold_the_same_numbers(result: Any, tmp_path: Path) -> None:
    folder = write(result, tmp_path / "out")
    with (folder / "yields.csv").open() as stream:
        read = list(csv.DictReader(stream))
    assert [float(row["events"]) for row in read] == [row["events"] for row in yield_rows(result)]
    made = json.loads((folder / "analysis.json").read_text())
    assert made == json.loads(json.dumps(summary(result)))
    assert made["fit"] == json.loads((folder / "fit.json").read_text())
    workspace = json.loads((folder / "workspace.json").read_text())
    (channel,) = workspace["channels"]
    assert {s["name"] for s in channel["samples"]} == {"s", "b"}
    page = (folder / "yields.md").read_text()
    assert "| Signal |" in page
    assert "Signal region" in page
    assert "| low |" in (folder / "cutflow.md").read_text()


def test_statistical_and_systematic_are_all_of_the_error(result: Any) -> None:
    found = result.expected("sr")
    statistical, systematic = errors_of(found)
    np.testing.assert_allclose(np.hypot(statistical, systematic), found.errors)
    assert systematic[0] > 0


def test_an_earlier_result_is_replaced_whole(result: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    write(result, tmp_path / "out")
    assert not (tmp_path / "out" / "old.txt").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        write(result, tmp_path / "file")
