"""The files within a folder or a tar archive, by name; of an archive, nothing is ever unpacked to the disk."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from kaon.data.io.source import decoding
from kaon.errors import DataError

__all__ = ["ARCHIVES", "PICTURES", "content", "holds_pictures", "is_archive", "members", "natural"]

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""Suffixes of archives."""

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm")
"""Suffixes of pictures."""

_LOOK, _DEPTH = 1000, 3


def is_archive(path: Path) -> bool:
    """Whether the name is that of a tar archive."""
    return path.name.lower().endswith(ARCHIVES)


def holds_pictures(folder: Path) -> bool:
    """Whether pictures or batches of CIFAR, also pickled, are among the first files of a folder and of those in it."""
    names = (name.lower() for name in islice(_walk(folder, _DEPTH), _LOOK))
    return any(name.endswith((*PICTURES, ".bin")) or "/data_batch" in f"/{name}" for name in names)


def members(path: Path, suffixes: tuple[str, ...] = ()) -> dict[str, Path | bytes]:
    """Name within the folder or archive -> where to find the content, or the content; names in natural order.

    Hidden files, such as the `._17.png` that macOS adds, what lies in hidden folders, links to folders, and links in an
    archive are left out. Files of an archive that have other suffixes are listed, empty. A compressed archive can be
    read in one direction only, so the files of an archive are in memory, as packed as they are there.

    Args:
        path: a folder or a tar archive.
        suffixes: in lower case, of the files whose content is needed.

    Raises:
        DataError: the archive is damaged.
    """
    found: dict[str, Path | bytes] = {}
    if path.is_dir():
        found = {name: path / name for name in _walk(path)}
    else:
        with decoding(path), tarfile.open(path, "r|*") as archive:
            for member in archive:
                if member.isfile() and not _hidden(member.name):
                    stream = archive.extractfile(member) if member.name.lower().endswith(suffixes) else None
                    found[member.name.removeprefix("./")] = b"" if stream is None else stream.read()
    return {name: found[name] for name in sorted(sorted(found), key=natural)}  # 1.png and 01.png never swap places


def content(where: Path | bytes) -> bytes:
    """The bytes of a member.

    Raises:
        DataError: the file cannot be read.
    """
    if isinstance(where, bytes):
        return where
    try:
        return where.read_bytes()
    except OSError as error:
        raise DataError(f"{where} cannot be read: {error.strerror or error}") from error


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts numbers within names as numbers.

    >>> sorted(["cat/10.png", "cat/9.png", "ape/3.png"], key=natural)
    ['ape/3.png', 'cat/9.png', 'cat/10.png']
    """
    return [(0, int(word), "") if word.isdecimal() else (1, 0, word) for word in re.findall(r"\d+|\D+", name)]


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part != ".." for part in PurePosixPath(name).parts)


def _walk(folder: Path, depth: int | None = None) -> Iterator[str]:
    """Names of the files below a folder, in no order, hidden ones and links to folders left out."""
    for root, folders, files in os.walk(folder):
        inner = Path(root).relative_to(folder)
        hidden = depth is not None and len(inner.parts) + 1 >= depth
        folders[:] = [] if hidden else [name for name in folders if not name.startswith(".")]
        yield from ((inner / name).as_posix() for name in files if not name.startswith("."))
