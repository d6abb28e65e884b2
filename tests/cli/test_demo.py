from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kaon.data import Events, Provenance
from kaon.data.io import write

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

    other = kaon("demo", "--fast", "--seed", 2)
    assert other.code == 3
    assert "jets.h5 is there already, but holds other jets (seed 1 instead of 2)" in other.err
    assert "choose another folder with --output, or delete it" in " ".join(other.err.split())


@pytest.mark.parametrize(("made", "says"), [
    (Provenance("top-tagging", seed=1), "jets 400 instead of 800"),
    (Provenance("quark-gluon", seed=1), "recipe quark-gluon instead of top-tagging"),
    (Provenance("top-tagging", seed=7), "seed 7 instead of 1"),
])  # fmt: skip
def test_jets_that_it_did_not_make_are_not_used(made: Provenance, says: str, jets: Events, kaon: Any) -> None:
    file = write(replace(jets, provenance=made), "demo/jets.h5")
    before = file.read_bytes()
    result = kaon("demo", "--fast", "--output", "demo")
    assert result.code == 3
    assert says in " ".join(result.err.split())
    assert file.read_bytes() == before
    assert list(Path("demo").iterdir()) == [file]
