"""Which layout an HDF5 file has."""

from __future__ import annotations

from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  # importing it registers the filters (Blosc, zstd, ...) of public files

from kaon.data.io.hdf5.arrays import ArraysSource
from kaon.data.io.hdf5.kaon import KaonSource, is_kaon
from kaon.data.io.hdf5.pandas import find_frames
from kaon.data.io.hdf5.public import FrameSource
from kaon.data.io.source import Layout, Source, decoding
from kaon.errors import ConfigError

__all__ = ["LAYOUTS", "open_hdf5"]

LAYOUTS = ("kaon", "top-tagging", "lhco", "pandas", "arrays")


def open_hdf5(path: Path, layout: Layout) -> Source:
    """Open an HDF5 file in the layout that is asked for, or that it is found to have.

    Raises:
        ConfigError: no such layout, or the file does not have it.
        DataError: damaged.
    """
    if layout.layout is not None and layout.layout not in LAYOUTS:
        raise ConfigError(f"there is no HDF5 layout {layout.layout!r}; known: {', '.join(LAYOUTS)}")
    with decoding(path):
        file = h5py.File(path, "r")
    try:
        if layout.layout == "kaon" or (layout.layout is None and is_kaon(file)):
            if not is_kaon(file):
                raise ConfigError(f"{path} does not have kaon's layout")
            return KaonSource(path, file)
        if layout.layout != "arrays" and find_frames(file):
            return FrameSource(path, file, layout)
        if layout.layout not in (None, "arrays"):
            raise ConfigError(f"{path} holds no pandas table, which the layout {layout.layout!r} needs")
        return ArraysSource(path, file, layout)
    except BaseException:
        file.close()
        raise
