from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")
pytest.importorskip("onnxruntime", reason="the export needs the extra deploy")


def test_the_demo_and_its_repetition(kaon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kaon.cli.demo.MODELS", ("bdt", "topodnn"))
    result = kaon("demo", "--fast", "--workers", 1)
    assert result.code == 0, result.err
    files = [Path("kaon-demo-fast") / name for name in ("jets.h5", "comparison/report.html")]
    assert all(path.stat().st_size > 100_000 for path in files)
    assert all(str(path) in result.out for path in files)
    assert "Done in" in result.out

    again = kaon("demo", "--fast", "--workers", 1, "--json")
    assert again.code == 0
    assert again.err.count("finished before") == 2
    assert "jets/s" not in again.err
    assert again.json["best"] == "bdt"
    assert again.json["onnx"]["max_difference"] <= 1e-5
    assert Path(again.json["onnx"]["path"]).exists()
