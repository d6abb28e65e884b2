"""One file from the web, whole and checked, or none: only when a user asks for it.

A part is kept as `.NAME.part` and continued by the next call. The finished file is compared with the published size and
checksum, and gets its name only then. Where nobody published a SHA-256, that of the first download is written beside
the file, as `NAME.sha256` of `sha256sum`, and later calls compare with it: that shows a change, but not whether the
first one was right.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from kaon.errors import ConfigError, DataError
from kaon.files import locked, write_text

__all__ = ["Progress", "RemoteFile", "fetch"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and those of the whole file, None if unknown."""

_BLOCK = 1 << 20
_TIMEOUT = 60.0


@dataclass(frozen=True)
class RemoteFile:
    """A file that somebody publishes.

    Args:
        url: of the file, http or https.
        size: bytes, as published; None if nobody says.
        sha256: as published, hexadecimal; None if nobody says.
        adler32: as published, hexadecimal: finds damage in transit, but is no proof against another file.
        md5: as published, hexadecimal; the same holds for it.
        source: who says so.
    """

    url: str
    size: int | None = None
    sha256: str | None = None
    adler32: str | None = None
    md5: str | None = None
    source: str = ""

    @property
    def name(self) -> str:
        """Name of the file."""
        return Path(urlsplit(self.url).path).name


def fetch(
    remote: RemoteFile,
    folder: str | PathLike[str],
    *,
    rows: int | None = None,
    url: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """The file in this folder: downloaded, continued, or only checked if it is there.

    Args:
        remote: what to fetch.
        folder: where to put it; made if it is not there.
        rows: lines that the text has without a row of names, counted if no SHA-256 is published; None does not count.
        url: another place to fetch it from, such as a mirror; the checks are the same.
        progress: told how far it is.

    Raises:
        ConfigError: a URL that is neither http nor https.
        DataError: the server does not answer or refuses (a part that came is kept, and the next call continues it), or
            the file differs from what was published, or from the first download.
    """
    address = url or remote.url
    if urlsplit(address).scheme not in ("http", "https"):
        raise ConfigError(f"{address} is no address of the web; it must start with https:// or http://")
    target = Path(folder) / remote.name
    part = target.with_name(f".{target.name}.part")
    with locked(target.with_name(f".{target.name}.lock"), f"another process is downloading {target}"):
        if target.exists():
            _check(remote, target, target, rows, progress)
            return target
        _continue(address, part, remote.size, progress)
        try:
            digest = _check(remote, part, target, rows, None)
        except DataError:
            part.unlink(missing_ok=True)
            raise
        part.replace(target)
        write_text(_note(target), f"{digest}  {target.name}\n")
    return target


def _continue(address: str, part: Path, size: int | None, progress: Progress | None) -> None:
    """Get what is missing of the part."""
    have = part.stat().st_size if part.exists() else 0
    if size is not None and have >= size:
        if have == size:
            return
        part.unlink()
        have = 0
    headers = {"User-Agent": "kaon", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with urlopen(Request(address, headers=headers), timeout=_TIMEOUT) as answer:
            if have and answer.status != 206:  # the server sends the whole file
                have = 0
            length = answer.headers.get("Content-Length")
            total = size if size is not None else have + int(length) if length else None
            with part.open("ab" if have else "wb") as stream:
                have = _copy(answer, stream, have, total, progress)
                stream.flush()
                os.fsync(stream.fileno())
            expected = have if length is None else total
    except HTTPError as error:
        if error.code == 416:  # nothing is left to send: the check tells whether that is right
            return
        raise DataError(f"{address} cannot be fetched: the server answers {error.code} {error.reason}") from error
    except OSError as error:
        raise DataError(
            f"{address} cannot be fetched: {error}; what came is kept, repeat the same command to go on"
        ) from error
    if expected is not None and have < expected:
        raise DataError(
            f"{address} broke off after {have:,} of {expected:,} bytes; they are kept, repeat the same command to go on"
        )


def _copy(answer: Any, stream: Any, have: int, total: int | None, progress: Progress | None) -> int:
    while block := answer.read(_BLOCK):
        stream.write(block)
        have += len(block)
        if progress is not None:
            progress(have, total)
    return have


def _check(remote: RemoteFile, path: Path, target: Path, rows: int | None, progress: Progress | None) -> str:
    """The SHA-256 of a file that is what was published, or what was downloaded first."""
    size = path.stat().st_size
    if remote.size is not None and size != remote.size:
        raise DataError(f"{target} has {size:,} bytes, but {remote.source} says {remote.size:,}; {_REMOVE}")
    sha, adler, md5 = _digests(path, progress)
    note = _note(target)
    recorded = note.read_text(encoding="utf-8").split()[:1] if note.exists() else []
    for wanted, found, source in (
        (remote.sha256, sha, remote.source),
        (remote.adler32, adler, remote.source),
        (remote.md5, md5, remote.source),
        (recorded[0] if recorded else None, sha, str(note)),
    ):
        if wanted is not None and wanted != found:
            raise DataError(f"{target} has the checksum {found}, but {source} says {wanted}; {_REMOVE}")
    if remote.sha256 is None and not recorded and rows is not None:
        _count(path, target, rows)
    return sha


_REMOVE = "it is damaged or another version: remove it and fetch it again"


def _digests(path: Path, progress: Progress | None) -> tuple[str, str, str]:
    sha, md5, adler = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 1
    done, size = 0, path.stat().st_size
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha.update(block)
            md5.update(block)
            adler = zlib.adler32(block, adler)
            done += len(block)
            if progress is not None:
                progress(done, size)
    return sha.hexdigest(), f"{adler:08x}", md5.hexdigest()


def _count(path: Path, target: Path, rows: int) -> None:
    """Raise unless the text has that many lines, or one more, which holds the names."""
    lines, ended = 0, True
    try:
        with gzip.open(path, "rb") if target.suffix == ".gz" else path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                lines += block.count(b"\n")
                ended = block.endswith(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{target} cannot be unpacked: {error}; {_REMOVE}") from error
    lines += not ended
    if lines not in (rows, rows + 1):
        raise DataError(f"{target} has {lines:,} lines, but the set has {rows:,} events; {_REMOVE}")


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.sha256")
