from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from kaon.analysis.entries import Histogram, Process, Region, Systematic, Train


def test_cuts_may_be_a_text_a_list_or_named() -> None:
    assert Region(cuts="x > 1").cuts == {"x > 1": "x > 1"}  # type: ignore[arg-type]  # as YAML gives it
    assert list(Region(cuts=["x > 1", "y"]).cuts.values()) == ["x > 1", "y"]  # type: ignore[arg-type]
    assert Region(cuts={"hard": "x > 1"}).cuts == {"hard": "x > 1"}


def test_bins_and_edges_are_two_ways_to_say_the_same() -> None:
    assert np.array_equal(Histogram(bins=(2, 0, 4)).binning, Histogram(edges=(0, 2, 4)).binning)
    with pytest.raises(ValidationError, match="one of the two"):
        Histogram(bins=(2, 0, 4), edges=(0, 2, 4))


def test_a_weight_may_be_a_number() -> None:
    assert Process(files=("a.root",), weight=1).weight == "1"  # type: ignore[arg-type]


def test_one_fold_is_refused_as_an_event_would_be_scored_by_a_model_that_saw_it() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        Train(model="bdt", features=("x",), folds=1)


def test_an_uncertainty_of_other_files_names_its_processes_there() -> None:
    with pytest.raises(ValidationError, match="leave processes out"):
        Systematic.model_validate({"files": {"up": {"z": "a.root"}}, "processes": ["z"]})
