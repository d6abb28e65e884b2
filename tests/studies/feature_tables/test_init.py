from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events, Predictions, Provenance
from kaon.data.io import write
from kaon.datasets.base import Dataset
from kaon.errors import ConfigError
from kaon.evaluate import best_cut
from kaon.registry import lookup
from kaon.report import RunRecord
from kaon.report.study import Value
from kaon.studies.base import Study, perform
from kaon.studies.feature_tables import SETS, _summary, feature_sets, significance
from kaon.studies.feature_tables.benchmark import BENCHMARKS, Benchmark


def events(benchmark: Benchmark, count: int, seed: int = 1) -> Events:
    """Random numbers under the columns of a benchmark; one high-level column knows the class."""
    dataset: Dataset = lookup("kaon.datasets", benchmark.dataset)
    rng = np.random.default_rng(seed)
    target = np.arange(count) % 2
    sets = feature_sets(dataset, benchmark.left_out)
    columns = {name: rng.normal(size=count) for name in sets["complete"]}
    columns[sets["high-level"][1]] += 2 * target
    return Events(
        ak.Array(columns), target, classes=("background", "signal"), provenance=Provenance(benchmark.recipe, seed=seed)
    )


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda b: b.name)
def test_the_smoke_scale_runs(benchmark: Benchmark, tmp_path: Path) -> None:
    study: Study = lookup("kaon.studies", benchmark.name)
    count = study.scales["smoke"].events
    write(events(benchmark, count), tmp_path / study.name / "smoke" / "events" / f"{benchmark.recipe}-{count}-seed1.h5")
    result, folder = perform(study, "smoke", tmp_path)
    assert [row.name for row in result.rows] == [f"{m}, {name}" for m in benchmark.models for name in SETS]
    auc = {row.name: row.values["auc"].obtained for row in result.rows}
    assert (auc["bdt, high-level"] or 0) > 0.8 > (auc["bdt, low-level"] or 0), "who knows the class, and who does not"
    for row in result.rows:
        model, _, name = row.name.partition(", ")
        published = benchmark.published.get((model, name))
        assert row.values["auc"].published == (None if published is None else published.auc)
    assert "bdt separates better with the high-level features" in result.summary[0]
    assert "stand-in" in result.facts["Events"]
    assert (folder / "report.html").exists()
    assert all((folder / page).exists() for page in result.pages.values())


@pytest.mark.parametrize(
    ("spread", "words"), [(0.001, "better with the high-level features"), (0.01, "as far as the seeds tell")]
)
def test_words_claim_a_difference_only_beyond_the_spread(spread: float, words: str) -> None:
    found = {("dn", n): Value(auc, spread, 5) for n, auc in zip(SETS, (0.75, 0.76, 0.78), strict=True)}
    (said,) = _summary(["dn"], found)
    assert words in said
    assert ("no gain" in said) == (spread > 0.005)


def test_files_of_the_public_sample_take_the_place_of_the_simulation(tmp_path: Path) -> None:
    benchmark = BENCHMARKS[0]
    made, study = events(benchmark, 150), lookup("kaon.studies", benchmark.name)
    rows = np.column_stack([made.labels, *(np.asarray(made[name]) for name in made.fields)])
    file = tmp_path / "HIGGS.csv"
    np.savetxt(file, rows, delimiter=",", fmt="%.6e")
    result, _ = perform(study, "smoke", tmp_path / "out", data=[str(file)], models=["bdt"])
    assert "150 events of" in result.facts["Events"]
    with pytest.raises(ConfigError, match="wants one"):
        perform(study, "smoke", tmp_path / "two", data=[str(file), str(file)])


def test_significance_is_that_of_the_best_cut() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(2000) % 2
    made = []
    for seed in range(3):
        x = rng.normal(size=2000) + 1.5 * target
        score = np.column_stack([1 - x, x])
        made.append(RunRecord(f"r{seed}", "m", seed, {}, predictions={"test": Predictions(score, target)}))
    found = significance(made, 3.0)
    z = [
        best_cut(r.predictions["test"], signal_events=100, background_events=1000, background_uncertainty=0.05).maximum
        for r in made
    ]
    assert found.obtained == pytest.approx(np.mean([v.value for v in z]))
    assert found.spread == pytest.approx(np.std([v.value for v in z], ddof=1))
    assert (found.seeds, found.published) == (3, 3.0)
    assert significance([]).obtained is None
