from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import write
from kaon.errors import ConfigError
from kaon.learn.stacking import check_disjoint
from kaon.studies.base import Context, Scale
from kaon.studies.landscape.sample import SPLIT, Sample, sample_of


def given(make_jets: Callable[..., Events], folder: Path, **options: object) -> Context:
    files = [str(write(make_jets(200, seed=i), folder / f"{i}.h5")) for i in range(3)]
    return Context("landscape", "full", Scale(10**6), folder, data=tuple(files))


def parts_of(sample: Sample) -> dict[str, Events]:
    p = sample.parts
    return {"train": p.train, "validation": p.validation, "held_out": sample.held_out, "test": p.test}


def test_files_become_four_parts_of_distinct_jets(make_jets: Callable[..., Events], tmp_path: Path) -> None:
    sample = sample_of(given(make_jets, tmp_path))
    parts = parts_of(sample)
    check_disjoint(**parts)
    assert (len(parts["train"]), len(parts["test"])) == (200, 200)
    assert len(parts["validation"]) + len(parts["held_out"]) == 200
    assert not sample.simulated
    assert sample.told().startswith("200 training, ")
    np.testing.assert_array_equal(parts["train"].labels, make_jets(200, seed=0).labels)


def test_a_smaller_scale_reads_less(make_jets: Callable[..., Events], tmp_path: Path) -> None:
    context = given(make_jets, tmp_path)
    few = Context("landscape", "quick", Scale(200), tmp_path, data=context.data)
    assert len(sample_of(few).parts.train) == round(200 * SPLIT[0])


def test_three_files_it_must_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names 1 files"):
        sample_of(Context("landscape", "quick", Scale(200), tmp_path, data=("a.h5",)))
