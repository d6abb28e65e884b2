"""HDF5 in its several layouts: kaon's own, data frames of pandas (with two public data sets), and plain arrays."""

from kaon.data.io.hdf5.kaon import Hdf5Sink, Hdf5Writer, add_columns
from kaon.data.io.hdf5.opening import LAYOUTS, open_hdf5
from kaon.data.io.hdf5.public import TopTaggingSink

__all__ = ["LAYOUTS", "Hdf5Sink", "Hdf5Writer", "TopTaggingSink", "add_columns", "open_hdf5"]
