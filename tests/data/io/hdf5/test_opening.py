from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import LAYOUTS, read, write
from kaon.data.io.hdf5.opening import open_hdf5
from kaon.data.io.source import Layout
from kaon.errors import ConfigError, KaonError


def test_layouts_are_found(events: Events, tmp_path: Path) -> None:
    with open_hdf5(write(events, tmp_path / "a.h5"), Layout()) as source:
        assert type(source).__name__ == "KaonSource"
    with open_hdf5(write(replace(events, weight=None), tmp_path / "b.h5", layout="top-tagging"), Layout()) as source:
        assert type(source).__name__ == "FrameSource"
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["x"] = np.zeros(3)
    with open_hdf5(tmp_path / "c.h5", Layout()) as source:
        assert type(source).__name__ == "ArraysSource"


def test_unknown_layouts_list_the_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no HDF5 layout 'excel'; known: kaon, top-tagging, lhco"):
        open_hdf5(tmp_path / "a.h5", Layout(layout="excel"))


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"arrays"}))
def test_a_layout_that_the_file_does_not_have_is_refused_and_the_file_closed(layout: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(KaonError, match="layout"):
        read(tmp_path / "c.h5", layout=layout)
    with h5py.File(tmp_path / "c.h5", "r+"):  # fails while it is open elsewhere
        pass


def test_any_file_can_be_read_as_arrays(events: Events, tmp_path: Path) -> None:
    path = write(replace(events, weight=None), tmp_path / "b.h5", layout="top-tagging")
    assert "values_block_0" in read(path, layout="arrays").fields
