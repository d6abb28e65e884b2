from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaon.datasets import higgsml
from kaon.errors import DataError
from kaon.observables.ditau import higgsml_variables

SETS = "tttbbvvu"


def rows(weights: bool = True, portal: bool = True) -> str:
    """A file as the portal's, or as Kaggle's training.csv, or test.csv without weight and label."""
    head = ["EventId", *higgsml.FEATURES]
    head += ["Weight", "Label"] * weights + ["KaggleSet", "KaggleWeight"] * portal
    lines = [",".join(head)]
    for i, part in enumerate(SETS):
        values = [f"{i + k / 10}" for k in range(30)]
        values[0] = "-999.0" if i % 2 else values[0]
        words = [str(100_000 + i), *values] + [f"{0.1 * (i + 1)}", "sb"[i % 2]] * weights
        lines.append(",".join(words + [part, f"{i + 1}"] * portal))
    return "\n".join(lines) + "\n"


def test_the_columns_are_those_of_the_observables() -> None:
    assert (len(higgsml.HIGH_LEVEL), len(higgsml.LOW_LEVEL)) == (13, 17)
    p, zeros = np.ones((1, 4)), np.zeros((1, 2, 4))
    assert tuple(higgsml_variables(p, p, np.ones((1, 2)), zeros)) == higgsml.HIGH_LEVEL[1:]
    assert higgsml.HIGGSML.features == higgsml.FEATURES


def test_the_file_of_the_portal(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(rows())
    events = higgsml.load(tmp_path / "a.csv")
    assert events.target is not None
    assert events.target.tolist() == [1, 0] * 4
    assert events.classes == ("background", "signal")
    np.testing.assert_allclose(events.weights, np.arange(8) + 1)
    np.testing.assert_array_equal(events.index, 100_000 + np.arange(8))
    assert events.fields == [*higgsml.FEATURES, "KaggleSet"]
    np.testing.assert_array_equal(np.isnan(events["DER_mass_MMC"]), np.arange(8) % 2 == 1)
    train, test = higgsml.split(events)
    assert (len(train), len(test)) == (3, 2)
    assert set(test["KaggleSet"].to_list()) == {"v"}


def test_the_files_of_kaggle(tmp_path: Path) -> None:
    (tmp_path / "training.csv").write_text(rows(portal=False))
    (tmp_path / "test.csv").write_text(rows(weights=False, portal=False))
    training, test = (higgsml.load(tmp_path / name) for name in ("training.csv", "test.csv"))
    np.testing.assert_allclose(training.weights, 0.1 * (np.arange(8) + 1))
    assert (test.target, test.weight) == (None, None)
    assert training.fields == test.fields == list(higgsml.FEATURES)
    with pytest.raises(DataError, match="KaggleSet"):
        higgsml.split(training)
