"""Ensembles in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.deploy import export_onnx, load_model
from kaon.errors import ConfigError
from kaon.learn.config import TrainConfig
from kaon.learn.ensemble import Ensemble
from kaon.learn.tagger import Tagger
from kaon.learn.train import train

pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")
pytest.importorskip("onnxscript", reason="the extra `deploy` is not installed")


def events() -> Events:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 200)
    columns = {f"x{i}": random.normal(size=200) + (i == 0) * target for i in range(3)}
    return Events(ak.Array(columns), target, None, np.arange(200), ("background", "signal"))


def fitted(model: str, seed: int, features: tuple[str, ...] | None = None) -> Tagger:
    options: dict[str, Any] = {"trees": 5} if model == "bdt" else {"hidden": (4,)}
    chosen = {} if features is None else {"features": features}
    config = TrainConfig(epochs=1, seed=seed)
    return train(model, events(), None, config, options=options, representation_options=chosen)


def test_networks_and_trees_in_one_graph(tmp_path: Path) -> None:
    made = Ensemble((fitted("mlp", 0), fitted("mlp", 1), fitted("bdt", 0)), (0.2, 0.3, 0.5))
    report = export_onnx(made, tmp_path / "e.onnx")
    assert report.max_difference is not None
    assert report.max_difference < 1e-5
    assert list(report.inputs) == ["features"]
    assert load_model(report.path).predict(events()).score == pytest.approx(made.predict(events()).score, abs=1e-5)


def test_members_with_other_inputs_have_no_common_graph(tmp_path: Path) -> None:
    made = Ensemble((fitted("bdt", 0), fitted("bdt", 0, ("x0", "x1"))))
    with pytest.raises(ConfigError, match="different inputs"):
        export_onnx(made, tmp_path / "e.onnx")
    assert not (tmp_path / "e.onnx").exists()
