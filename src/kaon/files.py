"""Nothing is ever half-written: write to a temporary name beside the target, then rename."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kaon.errors import DataError

__all__ = ["replacing", "write_text"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path`, with the same suffix; renamed to `path` when the block ends well.

    Missing folders are made. A symbolic link stays, and the file that it points to is replaced.

    After an exception (also Ctrl-C) the temporary file is removed and `path` is as it was before.

    Raises:
        DataError: `path` is a folder, its folder cannot be made or is not writable, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise DataError(f"{target} is a folder; give the name of a file in it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {target.parent}: {error.strerror or error}") from error
    scratch = target.with_name(f".{target.stem}.{os.getpid()}-{secrets.token_hex(4)}.part{target.suffix}")
    try:
        yield scratch
        with scratch.open("rb") as stream:
            os.fsync(stream.fileno())
        scratch.replace(target)
    except OSError as error:
        # The block may read as well: a file that is not ours must be named.
        ours = error.filename in (None, str(scratch), scratch)
        raise DataError(f"cannot write {target}: {(error.strerror if ours else None) or error}") from error
    finally:
        scratch.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a whole text file, or leave what was there untouched."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return Path(path)
