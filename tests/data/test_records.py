from __future__ import annotations

import awkward as ak
import numpy as np

from kaon.data.records import as_momenta, momenta, sort_by_pt, table


def test_momenta_have_kinematics() -> None:
    made = momenta(np.array([3.0]), np.array([4.0]), np.array([12.0]), np.array([13.0]), charge=np.array([1]))
    assert made.fields == ["px", "py", "pz", "E", "charge"]
    assert float(made.pt[0]) == 5.0
    assert float(made.mass[0]) == 0.0


def test_only_complete_momenta_are_named() -> None:
    incomplete = ak.Array([{"px": 1.0, "py": 2.0}])
    assert as_momenta(incomplete) is incomplete
    assert as_momenta(3) == 3
    assert str(as_momenta(ak.Array([[{"px": 1.0, "py": 0.0, "pz": 0.0, "E": 1.0}], []])).type) == (
        "2 * var * Momentum4D[px: float64, py: float64, pz: float64, E: float64]"
    )


def test_tables_keep_lists_and_name_momenta() -> None:
    made = table(
        {
            "x": np.arange(2),
            "list": ak.Array([[1.0], []]),
            "jet": ak.zip({k: np.ones(2) for k in ("px", "py", "pz", "E")}),
        }
    )
    assert made.fields == ["x", "list", "jet"]
    assert made["list"].to_list() == [[1.0], []]
    assert made["jet"].pt.to_list() == [2**0.5] * 2


def test_sorting_is_by_descending_pt_and_stable() -> None:
    zeros = ak.Array([[0.0, 0.0, 0.0], []])
    unsorted = momenta(ak.Array([[1.0, 3.0, -3.0], []]), zeros, zeros, zeros, tag=ak.Array([[0, 1, 2], []]))
    done = sort_by_pt(unsorted)
    assert done["tag"].to_list() == [[1, 2, 0], []]
    assert sort_by_pt(done) is done
