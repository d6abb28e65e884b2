from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from kaon.analysis.methods import Abcd, Estimate, Normalise, SameSign

READ: TypeAdapter[Estimate] = TypeAdapter(Estimate)


def test_each_method_names_its_regions() -> None:
    abcd = READ.validate_python({"method": "abcd", "a": "sr", "b": "x", "c": "y", "d": "z"})
    assert isinstance(abcd, Abcd)
    assert abcd.regions_used == ("sr", "x", "y", "z")
    same = READ.validate_python({"method": "same_sign", "regions": {"sr": "ss"}})
    assert isinstance(same, SameSign)
    assert same.regions_used == ("sr", "ss")
    w = READ.validate_python({"method": "normalise", "processes": ["w"], "control": {"sr": "cr"}})
    assert isinstance(w, Normalise)
    assert set(w.regions_used) == {"sr", "cr"}
    assert w.processes_used == ("w",)


def test_a_transfer_factor_takes_two_regions() -> None:
    with pytest.raises(ValidationError, match="or neither"):
        READ.validate_python({"method": "same_sign", "regions": {"sr": "ss"}, "same_control": "cr"})
