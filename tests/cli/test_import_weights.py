from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from kaon.learn import load

REFERENCE = Path(__file__).parents[1] / "references" / "weaver-particle_net.safetensors"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    state = {k.removeprefix("state."): v for k, v in load_file(REFERENCE).items() if k.startswith("state.")}
    torch.save(state, tmp_path / "net.pt")
    return tmp_path / "net.pt"


def test_a_checkpoint_becomes_a_tagger_that_predicts(kaon: Any, checkpoint: Path, jets_file: Path) -> None:
    words = ("--model", "particle_net", "--classes", "top,qcd", "--signal", "top", "--option", "neighbours=5")
    result = kaon("import-weights", checkpoint, *words, "--constant", "dr=[0.1, 3]", "-o", "net.kaon", "--json")
    assert result.code == 0, result.err
    assert result.json["classes"] == ["qcd", "top"]
    tagger = load("net.kaon")
    assert tagger.parameter_count == result.json["parameters"]
    assert tagger.spec["features"].scale[4] == 3
    assert kaon("predict", "net.kaon", jets_file, "-o", "scores.parquet").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("absent.pt", "--classes", "a,b"), 3),
        (("CHECKPOINT",), 2),
        (("CHECKPOINT", "--classes", "a,b", "--constant", "dr"), 2),
        (("CHECKPOINT", "--classes", "a,b,c"), 3),
    ],
)
def test_errors(words: tuple[str, ...], code: int, kaon: Any, checkpoint: Path) -> None:
    given = [checkpoint if word == "CHECKPOINT" else word for word in words]
    result = kaon("import-weights", *given, "--model", "particle_net", "-o", "net.kaon")
    assert (result.code, result.out) == (code, "")
    assert not Path("net.kaon").exists()
