from __future__ import annotations

from pydantic import TypeAdapter

from kaon.analysis.methods import Abcd, Estimate, Normalise, SameSign

READ: TypeAdapter[Estimate] = TypeAdapter(Estimate)


def test_each_method_names_its_regions() -> None:
    abcd = READ.validate_python({"method": "abcd", "a": "sr", "b": "x", "c": "y", "d": "z"})
    assert isinstance(abcd, Abcd)
    assert abcd.regions_used == ("sr", "x", "y", "z")
    same = READ.validate_python({"method": "same_sign", "region": "sr", "same": "ss"})
    assert isinstance(same, SameSign)
    assert same.regions_used == ("sr", "ss")
    w = READ.validate_python({"method": "normalise", "processes": ["w"], "control": {"sr": "cr"}})
    assert isinstance(w, Normalise)
    assert set(w.regions_used) == {"sr", "cr"}
    assert w.processes_used == ("w",)
