from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import read
from kaon.learn import load


def test_scores_of_a_file(kaon: Any, trained: Path, jets: Events, jets_file: Path) -> None:
    result = kaon("predict", trained, jets_file, "-o", "scores.parquet", "--step", 150, "--json")
    assert result.code == 0
    assert result.json["events"] == 400
    made = read("scores.parquet")
    wanted = load(trained / "bundle.kaon").predict(jets)
    np.testing.assert_allclose(made["score_top"], wanted.score[:, 1], rtol=1e-5)
    assert made.index.tolist() == jets.index.tolist()


def test_the_scores_join_a_copy_of_the_file(kaon: Any, trained: Path, jets_file: Path) -> None:
    before = jets_file.read_bytes()
    result = kaon("predict", trained / "bundle.kaon", jets_file, "--append", "-o", "copy.h5")
    assert result.code == 0
    assert "400 events" in result.out
    assert {"score_qcd", "score_top", "constituents", "jet_pt"} <= set(read("copy.h5").fields)
    assert jets_file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("MODEL", "absent.h5", "-o", "a.parquet"), 3, "does not exist"),
        (("absent.kaon", "JETS", "-o", "a.parquet"), 3, "absent.kaon"),
        (("MODEL", "JETS", "-o", "a.xyz"), 2, ".xyz"),
        (("MODEL", "JETS"), 2, "--output"),
        (("MODEL", "JETS", "--append", "--limit", "3", "-o", "a.h5"), 2, "whole file"),
    ],
)
def test_errors_write_nothing(
    words: tuple[str, ...], code: int, says: str, kaon: Any, trained: Path, jets_file: Path
) -> None:
    names = {"MODEL": trained, "JETS": jets_file}
    result = kaon("predict", *(names.get(word, word) for word in words))
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert not list(Path().iterdir())


OWN = """
from torch import nn
from kaon.models.base import Net

class Linear(Net):
    representations = ("jet_features",)

    def __init__(self, spec, outputs):
        super().__init__(spec, outputs)
        self.head = nn.Linear(spec["features"].width, outputs)

    def forward(self, inputs):
        return self.head(inputs["features"])

VARIANTS = {"linear": Linear}
"""


def test_ones_own_model_runs_only_when_its_file_is_named(kaon: Any, jets_file: Path) -> None:
    Path("mine.py").write_text(OWN)
    assert kaon("train", jets_file, "--model", "mine.py", "--epochs", 1, "-o", "run").code == 0
    for words in (("predict", "run", jets_file, "-o", "s.csv"), ("evaluate", "run", jets_file), ("export", "run")):
        refused = kaon(*words)
        assert refused.code == 3
        assert "--source mine.py" in refused.err
        assert kaon(*words, "--source", "mine.py").code == 0
