"""Finished chunks on disk, so that a simulation that was killed goes on where it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kaon.errors import DataError, SimulationError
from kaon.files import locked, replacing, write_text
from kaon.simulate.chunk import Chunk
from kaon.simulate.plan import Key

__all__ = ["Parts", "open_parts", "parts_folder"]


def parts_folder(output: Path) -> Path:
    """Where the chunks of an unfinished file lie: beside it, hidden."""
    return output.with_name(f".{output.name}.parts")


class Parts:
    """The finished chunks of one simulation.

    Args:
        folder: where they lie; only with its lock, see `open_parts`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def finished(self) -> list[Key]:
        """The chunks that are there."""
        names = (path.stem.split("-") for path in self._folder.glob("chunk-*-*.npz"))
        return sorted((int(process), int(number)) for _, process, number in names)

    def load(self, key: Key) -> Chunk:
        """One chunk.

        Raises:
            DataError: it is damaged; the message says what to do.
        """
        path = self._path(key)
        try:
            return Chunk.from_bytes(path.read_bytes())
        except (DataError, OSError) as error:
            raise DataError(f"{path} cannot be used ({error}); delete it, and it is made again") from error

    def save(self, key: Key, data: bytes) -> None:
        """Keep one chunk; it is there completely or not at all.

        Raises:
            DataError: the disk is full, or the folder cannot be written.
        """
        with replacing(self._path(key)) as scratch:
            scratch.write_bytes(data)

    def _path(self, key: Key) -> Path:
        return self._folder / f"chunk-{key[0]:02d}-{key[1]:07d}.npz"


@contextmanager
def open_parts(output: Path, fingerprint: dict[str, Any]) -> Iterator[Parts]:
    """The chunks made so far for a file; removed when the block ends well, kept (if there are any) when not.

    Args:
        output: the file.
        fingerprint: everything that decides what the chunks hold.

    Raises:
        SimulationError: another process works on the same file, or the chunks there were made with other settings.
        DataError: the folder cannot be made.
    """
    folder = parts_folder(output)
    busy = f"another process is making the same file (it works in {folder}); wait, stop it, or choose another output"
    with locked(folder / "lock", busy, SimulationError):
        _check(folder, fingerprint)
        for left in folder.glob(".*.part*"):  # of a process killed while it wrote
            left.unlink(missing_ok=True)
        parts = Parts(folder)
        try:
            yield parts
        except BaseException:
            if not parts.finished():  # nothing worth keeping
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)


def _check(folder: Path, fingerprint: dict[str, Any]) -> None:
    path = folder / "fingerprint.json"
    wanted = json.loads(json.dumps(fingerprint))
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SimulationError(f"{path} is damaged; delete {folder} to start afresh") from error
        if found != wanted:
            odd = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
            raise SimulationError(
                f"{folder} holds an unfinished simulation that differs in: {', '.join(odd)}; finish it with its own "
                "settings, delete the folder to start afresh, or choose another output"
            )
    else:
        write_text(path, json.dumps(wanted, indent=1, sort_keys=True))
