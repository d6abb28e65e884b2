from __future__ import annotations

import numpy as np

from kaon.data import Events
from kaon.data.jagged import flat
from kaon.data.objects import KINDS


def test_kinds_keep_their_positions_since_files_hold_these() -> None:
    assert KINDS[:6] == ("photon", "lepton", "jet", "b-jet", "met", "tau")
    assert len(set(KINDS)) == len(KINDS)


def test_the_jets_of_the_tests_carry_objects_of_every_kind(jets: Events) -> None:
    kind, charge = flat(jets["objects"]["kind"], np.int64), flat(jets["objects"]["charge"])
    assert set(kind) == set(range(len(KINDS)))
    assert set(charge[kind == KINDS.index("lepton")]) == {-1.0, 1.0}
    assert not charge[kind != KINDS.index("lepton")].any()
