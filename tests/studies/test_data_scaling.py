from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events, Provenance
from kaon.data.io import write
from kaon.datasets.uci_higgs import FEATURES
from kaon.errors import ConfigError, DataError
from kaon.learn import load
from kaon.registry import lookup
from kaon.studies.base import perform
from kaon.studies.data_scaling import Exponent, exponent, sizes, slopes

STUDY = lookup("kaon.studies", "data-scaling")


def test_sizes_are_equal_steps_in_the_logarithm() -> None:
    found = sizes(100_000, 1000, 4)
    assert found[:: len(found) - 1] == [1000, 100_000]
    assert np.diff(np.log10(found)) == pytest.approx([0.25] * 8, abs=1e-3)
    assert sizes(999, 1000, 4) == []
    assert sizes(1000, 1000, 4) == [1000]


def test_a_power_law_is_found_and_only_the_last_decade_counts() -> None:
    n = sizes(100_000, 100, 3)
    alpha = np.array([0.1, 0.35])
    area = 1 - 0.5 * (np.array(n) / n[-1]) ** -alpha[:, None]
    assert slopes(n, area) == pytest.approx(alpha)
    before = [i for i, size in enumerate(n) if size < 0.99 * n[-1] / 10]
    area[:, before] = 0.1
    assert slopes(n, area) == pytest.approx(alpha)
    assert np.isnan(slopes([10, 1000], [0.5, 0.6])), "one size in the last decade"
    assert slopes([100, 1000], [1.0, 1.0], resolution=1e-4) == 0, "perfect is no more than the test events can tell"


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(0)
    covered = []
    for _ in range(2000):
        shared = random.normal(0, 0.02)  # of the test events
        by_seed = 0.2 + shared + random.normal(0, 0.03, 3)
        resampled = by_seed.mean() + random.normal(0, 0.02, 50)
        made = exponent(by_seed, resampled)
        assert made.half is not None
        covered.append(abs(made.value - 0.2) < made.half)
    assert 0.93 < np.mean(covered) < 0.99


def test_what_an_interval_says() -> None:
    assert [Exponent(*x).sign for x in ((0.2, 0.1), (-0.2, 0.1), (0.1, 0.2), (0.1, None))] == [1, -1, 0, None]
    assert exponent(np.array([0.2]), np.zeros(5)).half is None, "one seed has no spread"
    assert exponent(np.array([np.nan, np.nan]), np.zeros(5)).sign is None


def put_events(home: Path) -> None:
    """Random numbers where the study looks for what it simulated."""
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 300)
    columns = random.normal(size=(len(FEATURES), 300)) + 0.3 * target
    events = Events(
        ak.Array(dict(zip(FEATURES, columns, strict=True))),
        target=target,
        classes=("ttbar", "higgs"),
        provenance=Provenance("higgs", seed=1),
    )
    file = home / "data-scaling" / "smoke" / "events" / "higgs-300-seed1.h5"
    file.parent.mkdir(parents=True)
    write(events, file)


def test_the_smoke_scale_runs(tmp_path: Path) -> None:
    pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")
    put_events(tmp_path)
    result, folder = perform(STUDY, "smoke", tmp_path)
    assert [row.name for row in result.rows] == ["bdt", "nn", "dn"]
    keys = [column.key for column in result.columns]
    assert keys == ["auc_60", "auc_129", "exponent", "seconds"]
    made = json.loads((folder / "table.json").read_text())
    assert all(0 < row["values"]["auc_60"]["obtained"] < 1 for row in made["rows"])
    assert result.summary[0].startswith(("Yes", "No"))
    bundle = load(folder / "129-events" / "runs" / "dn-seed1" / "bundle.kaon")
    assert bundle.training["events"] == 129 - 26, "a fifth chooses the epoch"
    assert bundle.spec["features"].features == tuple(FEATURES)
    again, _ = perform(STUDY, "smoke", tmp_path, models=["nn"], seeds=1)
    assert [row.name for row in again.rows] == ["nn"]
    assert again.rows[0].values["auc_60"].spread is None


def test_what_data_it_takes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    header = ",".join(("label", *FEATURES))
    few = np.column_stack([np.arange(40) % 2, random.normal(size=(40, len(FEATURES)))])
    np.savetxt(tmp_path / "few.csv", few, delimiter=",", header=header, comments="")
    with pytest.raises(DataError, match="too few"):
        perform(STUDY, "smoke", tmp_path, data=[str(tmp_path / "few.csv")])
    with pytest.raises(ConfigError, match="wants one"):
        perform(STUDY, "smoke", tmp_path, data=["a.csv", "b.csv"])
