from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from kaon.analysis.config import AnalysisConfig, load_config
from kaon.analysis.samples import sample_of, samples_of
from kaon.data import Events, Provenance
from kaon.data.cuts import parse
from kaon.data.io import write
from kaon.errors import DataError, UnknownName


def tree(path: Path, **columns: Any) -> Path:
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    with uproot.recreate(path) as file:
        file.mktree("tree", {n: v.dtype for n, v in arrays.items()}).extend(arrays)
    return path


def config_of(folder: Path, process: dict[str, Any], **more: Any) -> AnalysisConfig:
    return load_config({"processes": {"z": process}, "regions": {"all": "x > 0"}, **more}, folder)


def test_weights_are_scaled_to_cross_section_and_luminosity(tmp_path: Path) -> None:
    tree(tmp_path / "a.root", x=[1.0, 2.0], w=[3.0, -1.0])
    tree(tmp_path / "b.root", x=[3.0], w=[2.0])
    config = config_of(tmp_path, {"files": "*.root", "weight": "w", "cross_section": 0.02}, luminosity=10)
    sample = sample_of(config, "z")
    weights = np.concatenate([part.weight for part in sample.parts([parse("x")])])
    assert weights.sum() == pytest.approx(0.02 * 10 * 1000)  # pb times 1/fb
    assert sample.events == 3


def test_the_sum_of_generated_weights_may_be_given_or_noted(tmp_path: Path) -> None:
    made = Events(ak.Array({"x": [1.0, 2.0]}), provenance=Provenance("a recipe", sum_weights=50.0))
    write(made, tmp_path / "skimmed.h5")
    settings = {"files": "skimmed.h5", "weight": "1", "cross_section": 5}
    assert sample_of(config_of(tmp_path, settings, luminosity=1), "z").scale == pytest.approx(100)
    config = config_of(tmp_path, settings | {"sum_weights": 10}, luminosity=1)
    assert sample_of(config, "z").scale == pytest.approx(500)


def test_the_parts_do_not_depend_on_their_size(tmp_path: Path) -> None:
    tree(tmp_path / "a.root", x=np.arange(7.0))
    tree(tmp_path / "b.root", x=np.arange(4.0))
    sample = sample_of(config_of(tmp_path, {"files": ["a.root", "b.root"], "weight": 2}), "z")
    for step in (2, 100):
        parts = list(sample.parts([parse("x")], step=step))
        assert np.concatenate([p.index for p in parts]).tolist() == list(range(11))
        assert np.concatenate([p.weight for p in parts]).tolist() == [2.0] * 11


def test_event_numbers_may_come_from_a_branch(tmp_path: Path) -> None:
    tree(tmp_path / "a.root", x=[1.0, 2.0], event=np.array([7, 2**60], np.int64))
    sample = sample_of(config_of(tmp_path, {"files": "a.root", "weight": 1}, index="event"), "z")
    (part,) = sample.parts([parse("x")])
    assert part.index.tolist() == [7, 2**60]
    wrong = sample_of(config_of(tmp_path, {"files": "a.root", "weight": 1}, index="x / 4"), "z")
    with pytest.raises(DataError, match="not whole"):
        list(wrong.parts([parse("x")]))


def test_a_missing_file_is_told_with_its_process(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"process z: .*none.root does not exist"):
        samples_of(config_of(tmp_path, {"files": "none.root", "weight": 1}))
    tree(tmp_path / "a.root", x=[1.0])
    with pytest.raises(DataError, match=r"the data: no file matches .*run_"):
        samples_of(config_of(tmp_path, {"files": "a.root", "weight": 1}, data="run_*.root"))


def test_an_unknown_weight_is_told_before_events_are_read(tmp_path: Path) -> None:
    tree(tmp_path / "a.root", x=[1.0], WeightLumi=[1.0])
    sample = sample_of(config_of(tmp_path, {"files": "a.root", "weight": "WeigthLumi"}), "z")
    with pytest.raises(UnknownName, match="did you mean WeightLumi"):
        sample.check([])


@pytest.mark.parametrize(("weight", "words"), [("w", "NaN or infinite in 1 events"), ("kind", "not numbers")])
def test_wrong_weights(tmp_path: Path, weight: str, words: str) -> None:
    write(Events(ak.Array({"x": [1.0, 2.0], "w": [1.0, np.nan], "kind": ["a", "b"]})), tmp_path / "a.parquet")
    sample = sample_of(config_of(tmp_path, {"files": "a.parquet", "weight": weight}), "z")
    with pytest.raises(DataError, match=words):
        list(sample.parts([parse("x")]))


def test_weights_that_sum_to_nothing_cannot_be_scaled(tmp_path: Path) -> None:
    tree(tmp_path / "a.root", x=[1.0, 2.0], w=[1.0, -1.0])
    with pytest.raises(DataError, match="sum to 0, so they cannot be scaled"):
        sample_of(config_of(tmp_path, {"files": "a.root", "weight": "w", "cross_section": 5}, luminosity=1), "z")
