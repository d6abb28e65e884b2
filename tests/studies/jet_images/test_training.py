from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import jets_of

from kaon.data import Predictions
from kaon.evaluate import auc, significance_improvement
from kaon.learn import Parts, RunConfig, TrainConfig
from kaon.report import RunRecord
from kaon.studies.base import Context, Scale
from kaon.studies.jet_images.training import improvement, train_all, variables


def record(score: list[float], target: list[int], seed: int) -> RunRecord:
    s = np.array(score)
    made = Predictions(np.stack([1 - s, s], 1), np.array(target))
    return RunRecord(f"r{seed}", "m", seed, {}, predictions={"test": made})


def test_one_model_may_read_several_representations(tmp_path: Path) -> None:
    events = jets_of(240)
    context = Context("jet-images-w", "smoke", Scale(240, 2), tmp_path)
    parts = Parts.of(events, (0.6, 0.1, 0.3), 0)
    small = RunConfig(
        model="jet_cnn", options={"filters": [2, 2, 2]}, representation="images_w", train=TrainConfig(epochs=1)
    )
    pytest.importorskip("fastjet")
    configs = {
        "count": variables(["multiplicity"]),
        "width (girth)": variables(["girth"]),
        "images": small,
    }
    made = train_all(context, parts, configs, "networks")
    assert {title: len(runs) for title, runs in made.comparison.models.items()} == {
        "count": 1,
        "width (girth)": 1,
        "images": 2,
    }
    assert (tmp_path / "networks" / "runs" / "width-girth-seed0").is_dir()
    assert made.comparison.classes == events.classes
    count, width = (made.comparison.models[t][0].metrics["auc"] for t in ("count", "width (girth)"))
    assert width > 0.9 > count, "signal is wide, and of as many particles"
    again = train_all(context, parts, configs, "networks")
    assert [r.metrics for r in again.comparison.runs] == [r.metrics for r in made.comparison.runs], "nothing is redone"
    same = made.on(parts.test, "images", "elsewhere")
    for old, new in zip(made.comparison.models["images"], same, strict=True):
        assert (new.model, new.seed) == ("elsewhere", old.seed)
        assert new.metrics["auc"] == pytest.approx(old.metrics["auc"], abs=1e-6)
    tagger = made.tagger("width (girth)")
    assert auc(tagger.predict(parts.test)) == pytest.approx(width, abs=1e-6)


def test_the_largest_improvement_is_averaged_over_the_seeds() -> None:
    random = np.random.default_rng(0)
    target = np.arange(2000) % 2
    runs = [record(list(random.normal(0.4 + 0.2 * target, 0.1).clip(0, 1)), list(target), s) for s in range(3)]
    values = [significance_improvement(p).maximum.value for run in runs if (p := run.labelled()) is not None]
    found = improvement(runs)
    assert found.obtained == pytest.approx(np.mean(values))
    assert found.spread == pytest.approx(np.std(values, ddof=1))
    assert improvement(runs[:1]).spread is None
    assert improvement([]).obtained is None
