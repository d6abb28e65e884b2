from __future__ import annotations

import re
from pathlib import Path

import pytest

from kaon.report.study import Value
from kaon.studies.depth.greedy import _sentence, rebuilt


@pytest.mark.parametrize(
    ("first", "spread", "words"),
    [
        (80.0, 1.0, r"from 20.0% to 80.0% \(\+60.0 points, more\)"),
        (21.0, 5.0, r"\(\+1.0 points, within the uncertainty\)"),
        (10.0, 0.5, r"\(-10.0 points, less\)"),
    ],
)
def test_a_difference_is_judged_by_its_uncertainty(first: float, spread: float, words: str) -> None:
    found = {"sigmoid, end to end": Value(20.0, spread, 3, 0.5), "sigmoid, pre-trained": Value(first, spread, 3, 0.5)}
    assert re.search(words, _sentence("sigmoid", found))


def test_what_the_last_layer_leaves_is_read_from_the_logs(tmp_path: Path) -> None:
    for seed, last in enumerate((0.4, 0.6)):
        (tmp_path / str(seed)).mkdir()
        rows = f"stage,epoch,reconstruction_loss,seconds\n0,0,0.9,1\n1,0,{last},1\n"
        (tmp_path / str(seed) / "pretraining.csv").write_text(rows)
    found = rebuilt([tmp_path / "0", tmp_path / "1", tmp_path / "never"])
    assert found.obtained == pytest.approx(0.5)
    assert found.seeds == 2
    assert rebuilt([tmp_path / "never"]).obtained is None
