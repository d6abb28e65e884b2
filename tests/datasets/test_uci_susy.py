from __future__ import annotations

import inspect
from pathlib import Path

from kaon.datasets import uci_susy
from kaon.observables.susy import susy_variables


def test_the_columns_are_those_of_the_observables() -> None:
    assert (len(uci_susy.LOW_LEVEL), len(uci_susy.HIGH_LEVEL), len(uci_susy.FEATURES)) == (8, 10, 18)
    p = [[50.0, 30.0, 40.0, 0.0]]
    assert tuple(susy_variables(p, p, [[1.0, 2.0]])) == uci_susy.HIGH_LEVEL
    assert inspect.getdoc(susy_variables)


def test_a_row_in_full_precision(tmp_path: Path) -> None:
    rows = [f"{i:.18e}," + ",".join(f"{i + k / 7:.18e}" for k in range(18)) for i in (0, 1)]
    (tmp_path / "SUSY.csv").write_text("\n".join(rows) + "\n")
    events = uci_susy.load(tmp_path / "SUSY.csv")
    assert events.target is not None
    assert events.target.tolist() == [0, 1]
    assert [events[name][1] for name in uci_susy.FEATURES] == [1 + k / 7 for k in range(18)]
