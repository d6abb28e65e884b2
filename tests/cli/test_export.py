from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.data.io import read

pytest.importorskip("onnxruntime", reason="the export needs the extra deploy")


def test_the_onnx_file_gives_the_same_scores(kaon: Any, trained: Path, jets_file: Path) -> None:
    result = kaon("export", trained, "--to", "onnx", "-o", "mlp.onnx", "--json")
    assert result.code == 0, result.err
    assert result.json["max_difference"] <= 1e-5
    assert result.json["inputs"]["features"][0] == "batch"
    assert kaon("predict", "mlp.onnx", jets_file, "-o", "onnx.parquet").code == 0
    assert kaon("predict", trained, jets_file, "-o", "own.parquet").code == 0
    one, two = read("onnx.parquet"), read("own.parquet")
    np.testing.assert_allclose(one["score_top"], two["score_top"], atol=1e-5)
    kaon("evaluate", "mlp.onnx", jets_file, "--replicas", 0, "-o", "p.parquet")
    assert len(Predictions.load("p.parquet")) == 400


def test_the_parity_is_printed(kaon: Any, trained: Path) -> None:
    result = kaon("export", trained / "bundle.kaon", "-o", "mlp.onnx")
    assert "parity  largest difference" in result.out
    assert "score (batch, 2)" in result.out


@pytest.mark.parametrize(
    ("words", "code"), [(("absent.kaon",), 3), (("MODEL", "--to", "hls"), 2), (("MODEL", "--opset", "3"), 2)]
)
def test_errors(words: tuple[str, ...], code: int, kaon: Any, trained: Path) -> None:
    result = kaon("export", *(trained if word == "MODEL" else word for word in words), "-o", "x.onnx")
    assert (result.code, result.out) == (code, "")
    assert not Path("x.onnx").exists()
