"""Exported files in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Batch, Events
from kaon.deploy.onnx import export_onnx
from kaon.deploy.session import OnnxTagger, session
from kaon.errors import BundleError, DataError, MissingExtra

onnx = pytest.importorskip("onnx", reason="the extra `deploy` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")


@pytest.fixture
def exported(make_tagger: Any, tmp_path: Path) -> Path:
    return export_onnx(make_tagger("bdt", "tabular", trees=5), tmp_path / "a.onnx", check=False).path


def test_predicts_as_the_tagger_with_everything_beside(make_tagger: Any, jets: Events, tmp_path: Path) -> None:
    tagger = make_tagger("bdt", "jet_features", trees=5)
    loaded = OnnxTagger.load(export_onnx(tagger, tmp_path / "a.onnx").path)
    jets = Events(jets.array, jets.target, np.linspace(-1, 1, len(jets)), jets.index, tagger.classes)
    ours, theirs = tagger.predict(jets), loaded.predict(jets)
    np.testing.assert_allclose(theirs.score, ours.score, atol=1e-6)
    for name in ("target", "weight", "index"):
        np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
    assert theirs.info == ours.info == {"model": "bdt"}
    assert set(theirs.spectators) == set(ours.spectators)


def test_many_slices_and_none(exported: Path) -> None:
    loaded = OnnxTagger.load(exported)
    x = np.random.default_rng(0).normal(size=(10_000, 4)).astype("float32")
    whole = loaded.predict_batch(Batch({"features": x}))
    assert whole.shape == (10_000, 2)
    np.testing.assert_allclose(whole[9_000:], loaded.predict_batch(Batch({"features": x[9_000:]})), atol=1e-6)
    assert loaded.predict_batch(Batch({"features": x[:0]})).shape == (0, 2)
    with pytest.raises(DataError, match="features"):
        loaded.predict_batch(Batch({"features": x[:, :3]}))


def test_not_a_model(tmp_path: Path, exported: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        session(tmp_path / "none.onnx")
    with pytest.raises(BundleError, match="cannot run"):
        session(b"noise")
    content = exported.read_bytes()
    damaged = tmp_path / "damaged.onnx"
    for part in (b"", content[: len(content) // 2], b"\x00" + content):
        damaged.write_bytes(part)
        with pytest.raises(BundleError):
            OnnxTagger.load(damaged)
    assert capfd.readouterr() == ("", "")


def test_a_model_of_someone_else(tmp_path: Path, exported: Path) -> None:
    model = onnx.load(exported)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "b.onnx")
    with pytest.raises(BundleError, match="not written by `kaon export`"):
        OnnxTagger.load(tmp_path / "b.onnx")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, exported: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"kaon\[deploy\]"):
        OnnxTagger.load(exported)
