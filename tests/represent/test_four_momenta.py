from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import ConfigError
from kaon.represent.four_momenta import FourMomenta


def test_holds_the_constituents_in_order(jets: Events) -> None:
    batch = FourMomenta().fit_transform(jets)
    momenta, mask = batch.inputs["momenta"], batch.inputs["mask"]
    column = jets["constituents"]
    np.testing.assert_array_equal(mask.sum(1), ak.num(column))
    for i, name in enumerate(("E", "px", "py", "pz")):
        np.testing.assert_allclose(momenta[..., i][mask], ak.to_numpy(ak.flatten(column[name])), rtol=1e-6)
    assert not momenta[~mask].any()


def test_keeps_the_hardest(jets: Events, make_jets: Any) -> None:
    batch = FourMomenta(constituents=4).fit_transform(jets)
    whole = FourMomenta().fit_transform(jets)
    assert batch.inputs["momenta"].shape == (len(jets), 4, 4)
    np.testing.assert_array_equal(batch.inputs["momenta"], whole.inputs["momenta"][:, :4])
    assert FourMomenta().fit_transform(make_jets(2, sizes=[0, 0])).inputs["momenta"].shape == (2, 1, 4)


def test_needs_a_constituent() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        FourMomenta(constituents=0)
