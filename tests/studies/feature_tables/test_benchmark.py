from __future__ import annotations

import pytest

from kaon.datasets.base import Dataset
from kaon.registry import lookup
from kaon.simulate import load_recipe
from kaon.studies.feature_tables import SETS
from kaon.studies.feature_tables.benchmark import BENCHMARKS, Benchmark


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda b: b.name)
def test_every_name_is_known(benchmark: Benchmark) -> None:
    dataset: Dataset = lookup("kaon.datasets", benchmark.dataset)
    assert load_recipe(benchmark.recipe).name == benchmark.recipe
    assert set(benchmark.left_out) <= set(dataset.features)
    for model in benchmark.models:
        lookup("kaon.models", model)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda b: b.name)
def test_published_numbers_cover_the_table_or_none_of_it(benchmark: Benchmark) -> None:
    assert set(benchmark.published) in (set(), {(m, name) for m in benchmark.models for name in SETS})
    for published in benchmark.published.values():
        assert 0.5 < published.auc < 1
