"""Whatever predicts is opened by its suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events
from kaon.deploy import OnnxTagger, export_onnx, load_model
from kaon.errors import BundleError
from kaon.learn.tagger import Tagger


@pytest.mark.parametrize(("model", "representation"), [("pfn", "point_cloud"), ("bdt", "jet_features")])
def test_bundle_and_onnx_file_predict_alike(
    model: str, representation: str, make_tagger: Any, jets: Events, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")
    tagger = make_tagger(model, representation)
    bundle = load_model(tagger.save(tmp_path / "a.kaon"))
    exported = load_model(export_onnx(tagger, tmp_path / "a.ONNX").path, threads=2)
    assert isinstance(bundle, Tagger)
    assert isinstance(exported, OnnxTagger)
    np.testing.assert_array_equal(bundle.predict(jets).score, tagger.predict(jets).score)
    np.testing.assert_allclose(exported.predict(jets).score, tagger.predict(jets).score, atol=1e-5)


@pytest.mark.parametrize("name", ["none.kaon", "none.onnx"])
def test_no_such_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        load_model(tmp_path / name)


@pytest.mark.parametrize("name", ["noise.kaon", "noise.onnx", "noise"])
def test_not_a_model(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"noise" * 100)
    with pytest.raises(BundleError):
        load_model(tmp_path / name)
