"""Files in and out: `read`, `iterate`, `write`, `append_scores`; ROOT, HDF5, Parquet and text by suffix."""

from kaon.data.io.formats import FORMATS, SUFFIXES, Paths
from kaon.data.io.hdf5 import LAYOUTS, Hdf5Writer
from kaon.data.io.reading import iterate, read
from kaon.data.io.scores import append_scores
from kaon.data.io.writing import write

__all__ = ["FORMATS", "LAYOUTS", "SUFFIXES", "Hdf5Writer", "Paths", "append_scores", "iterate", "read", "write"]
