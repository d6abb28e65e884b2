from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import vector

from kaon.data import Events
from kaon.data.scalars import JET, has_scalar, scalar
from kaon.errors import UnknownName


def test_jet_kinematics_agree_with_the_vector_library() -> None:
    random = np.random.default_rng(0)
    p = random.normal(0, 100, (3, 50))
    E = np.sqrt((p**2).sum(0) + 80.0**2)
    jets = vector.array({"px": p[0], "py": p[1], "pz": p[2], "E": E})
    events = Events(ak.Array({"jet": ak.zip({"px": p[0], "py": p[1], "pz": p[2], "E": E})}))
    for name, expected in zip(JET, (jets.pt, jets.eta, jets.phi, jets.mass), strict=True):
        assert np.allclose(scalar(events, name), expected)


def test_a_column_of_the_file_comes_first() -> None:
    events = Events(ak.Array({"jet_pt": [7.0], "jet": [{"px": 3.0, "py": 4.0, "pz": 0.0, "E": 6.0}]}))
    assert scalar(events, "jet_pt").tolist() == [7.0]


def test_what_is_not_there_is_named() -> None:
    events = Events(ak.Array({"mass": [1.0]}))
    assert not has_scalar(events, "jet_pt")
    with pytest.raises(UnknownName, match="mass"):
        scalar(events, "jet_pt")
