"""Workspaces: pyhf reads what is written, and bad numbers are refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyhf
import pytest
from numpy.typing import ArrayLike

from kaon.errors import ConfigError, DataError
from kaon.evaluate.workspace import Channel, Sample, is_blind, workspace, write_workspace


def test_the_file_is_what_pyhf_reads(tmp_path: Path) -> None:
    background = [Sample("b", [50.0, 20.0], [5.0, 3.0], {"luminosity": 0.02}, {"scale": ([48.0, 19.0], [52.0, 22.0])})]
    made = workspace([Channel(name, Sample("s", [5.0, 10.0]), background, [55, 31]) for name in ("high", "low")])
    path = write_workspace(made, tmp_path / "workspace.json")
    assert json.loads(path.read_text()) == made
    assert pyhf.Workspace(json.loads(path.read_text())).channels == ["high", "low"]
    model = pyhf.Workspace(made).model()
    moved = np.array(model.config.suggested_init())
    moved[model.config.par_map["scale"]["slice"]] = 1.0
    moved[model.config.par_map["luminosity"]["slice"]] = 1.0
    assert np.asarray(model.expected_actualdata(moved)) == pytest.approx(2 * [5 + 52 * 1.02, 10 + 22 * 1.02])


def test_a_workspace_knows_whether_somebody_has_looked() -> None:
    signal, background = Sample("s", [1.0]), [Sample("b", [3.0])]
    assert is_blind(workspace([Channel("all", signal, background)]))
    assert not is_blind(workspace([Channel("all", signal, background, [4.0])]))


@pytest.mark.parametrize(
    ("signal", "background", "observed", "said"),
    [
        ([1.0, 2.0], [3.0], None, r"\(1,\) numbers for 2 bins"),
        ([1.0], [-3.0], None, "negative"),
        ([1.0], [np.nan], None, "NaN"),
        ([0.0], [3.0], None, "no expected events"),
        ([1.0], [3.0], [-1.0], "data of all"),
    ],
)
def test_bad_numbers_are_refused(
    signal: Sequence[float], background: Sequence[float], observed: ArrayLike | None, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        workspace([Channel("all", Sample("s", signal), [Sample("b", background)], observed)])


def test_bad_settings_are_refused() -> None:
    s, b = Sample("s", [1.0]), Sample("b", [1.0])
    with pytest.raises(ConfigError, match="at least one channel"):
        workspace([])
    with pytest.raises(ConfigError, match="different names, not a, a"):
        workspace([Channel("a", s, [b]), Channel("a", s, [b])])
    with pytest.raises(ConfigError, match="different names, not s, s"):
        workspace([Channel("a", s, [s])])
    with pytest.raises(ConfigError, match="no background"):
        workspace([Channel("a", s, [])])
    with pytest.raises(DataError, match="relative"):
        workspace([Channel("a", s, [Sample("b", [1.0], None, {"luminosity": 1.5})])])
