"""Nothing is ever half-written: write to a temporary name beside the target, then rename; also whole folders.

And no two processes work in one place: `locked`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kaon.errors import DataError, KaonError

__all__ = ["locked", "replacing", "replacing_folder", "write_text"]


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


@contextmanager
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new folder beside `path`, renamed to `path` when the block ends well; a folder that was there is then removed.

    After an exception (also Ctrl-C) the new folder is removed and `path` is as it was before. Between two renames, for
    a moment, there is neither; a process killed just then leaves the old one beside it as `.NAME.old`.

    Raises:
        DataError: `path` is a file, its folder cannot be made or is not writable, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise DataError(f"{target} is a file; give the name of a folder")
    scratch = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    old = target.with_name(f".{target.name}.old")
    try:
        scratch.mkdir(parents=True)
        yield scratch
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
            target.rename(old)
        scratch.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a whole text file, or leave what was there untouched."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return Path(path)


@contextmanager
def locked(path: str | os.PathLike[str], message: str, error: type[KaonError] = DataError) -> Iterator[None]:
    """Hold a lock while the block runs; nobody waits, the second to come is refused.

    The lock is advisory (flock(2)) and on an empty file, which is made, with its folders, and removed at the end. The
    operating system gives the lock back when the process ends, however it ends: a file that a killed one left behind
    does not block. The block may remove the whole folder in which the file lies.

    Args:
        path: file of the lock; nothing else may be stored in it.
        message: said to the second to come.
        error: class of what is then raised.

    Raises:
        DataError: another holds the lock (or `error`, if that is given), or the file cannot be made or locked.
    """
    target = Path(path)
    descriptor = _acquire(target, message, error)
    while not _same_file(descriptor, target):  # removed by the one that had the lock, while we came
        os.close(descriptor)
        descriptor = _acquire(target, message, error)
    try:
        yield
    finally:
        if _same_file(descriptor, target):  # another one's, if the block removed ours
            target.unlink(missing_ok=True)
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough where a forked child has a copy
        os.close(descriptor)


def _acquire(path: Path, message: str, error: type[KaonError]) -> int:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        os.close(descriptor)
        if isinstance(cause, BlockingIOError):
            raise error(message) from cause
        raise DataError(f"cannot lock {path}: {cause.strerror or cause}") from cause
    return descriptor


def _open(path: Path, tries: int = 20) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as cause:
        if isinstance(cause, FileNotFoundError) and tries:  # the folder was removed in between
            return _open(path, tries - 1)
        raise DataError(f"cannot make the lock {path}: {cause.strerror or cause}") from cause


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
