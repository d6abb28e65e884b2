"""What a C++ library prints, kept from the terminal."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["captured"]


@contextmanager
def captured() -> Iterator[list[str]]:
    """Collect everything that this process prints to its standard output, from C++ too, as lines; filled at the end.

    It swaps the file descriptor, so it acts on all threads: keep the block short.
    """
    lines: list[str] = []
    sys.stdout.flush()
    flush = ctypes.CDLL(None).fflush  # C++ streams and C stdio share one buffer, which must be emptied at both ends
    flush(None)
    kept = os.dup(1)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 1)
        try:
            yield lines
        finally:
            sys.stdout.flush()
            flush(None)
            os.dup2(kept, 1)
            os.close(kept)
            sink.seek(0)
            lines += sink.read().decode(errors="replace").splitlines()
