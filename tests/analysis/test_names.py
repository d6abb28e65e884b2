from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.analysis.names import plan
from kaon.data.cuts import parse
from kaon.errors import ConfigError, UnknownName

BOTH = {"tau_et": ["evtSel_tau_et", "evtsel_tau_et"]}


@pytest.mark.parametrize("spelling", ["evtSel_tau_et", "evtsel_tau_et"])
def test_the_first_spelling_that_is_there_is_taken(spelling: str) -> None:
    found = plan([parse("tau_et > 20")], BOTH, [spelling, "other"], "a file")
    assert found.raw == (spelling,)
    columns = found.columns({spelling: ak.Array([10.0, 30.0])})
    assert parse("tau_et > 20").mask(columns).tolist() == [False, True]


def test_variables_build_on_each_other_and_on_jagged_branches() -> None:
    variables = {"lead": ["Muon_pt[0]"], "hard": ["lead > cut"], "cut": ["20"]}
    found = plan([parse("hard")], variables, ["Muon_pt", "met"], "a file")
    assert found.raw == ("Muon_pt",)
    columns = found.columns({"Muon_pt": ak.Array([[50.0, 30.0], [], [10.0]])})
    assert parse("hard").mask(columns).tolist() == [True, False, False]


def test_a_variable_may_take_the_name_of_the_column_it_changes() -> None:
    found = plan([parse("pt > 1")], {"pt": ["pt / 1000"]}, ["pt"], "a file")
    np.testing.assert_allclose(found.columns({"pt": ak.Array([500.0, 2000.0])})["pt"], [0.5, 2.0])


def test_a_number_is_the_same_for_every_event() -> None:
    found = plan([parse("one")], {"one": ["1"]}, ["x"], "a file")
    assert found.columns({"x": ak.Array([3.0, 4.0])})["one"].tolist() == [1, 1]


def test_nothing_is_read_for_what_is_computed_later() -> None:
    assert plan([parse("score > 0.5")], {}, ["x"], "a file", later=["score"]).raw == ()


def test_an_unknown_name_is_told_with_its_nearest() -> None:
    with pytest.raises(UnknownName, match=r"lep_px.*in 'lep_px > 1' of ntuple.root.*did you mean lep_pt"):
        plan([parse("lep_px > 1")], {}, ["lep_pt", "met"], "ntuple.root")


def test_a_variable_without_any_of_its_branches_says_so() -> None:
    with pytest.raises(UnknownName, match=r"variable tau_et \(evtSel_tau_et or evtsel_tau_et\) of ntuple.root"):
        plan([parse("tau_et > 1")], BOTH, ["evtsel_tau_eta"], "ntuple.root")


@pytest.mark.parametrize("variables", [{"a": ["b"], "b": ["a"]}, {"a": ["b + 1"], "b": ["c"], "c": ["a"]}])
def test_a_circle_is_refused(variables: dict[str, list[str]]) -> None:
    with pytest.raises(ConfigError, match="needs itself"):
        plan([parse("a > 1")], variables, ["x"], "a file")


def test_a_circle_with_a_way_out_is_none() -> None:
    assert plan([parse("a > 1")], {"a": ["b", "x"], "b": ["a"]}, ["x"], "a file").raw == ("x",)
