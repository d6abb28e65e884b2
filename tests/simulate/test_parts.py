from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kaon.errors import DataError, SimulationError
from kaon.simulate import Recipe
from kaon.simulate.chunk import Job, make_chunk
from kaon.simulate.parts import open_parts, parts_folder

MARK = {"recipe": "some", "seed": 1}
HOLDER = """
import sys, time
from pathlib import Path
from kaon.simulate.parts import open_parts
with open_parts(Path(sys.argv[1]), {"recipe": "some", "seed": 1}):
    print("locked", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "jets.h5"


def test_chunks_come_back_and_the_folder_goes_when_all_is_well(output: Path, quick: Recipe) -> None:
    data = make_chunk(Job(quick, 0, 0, 1)).to_bytes()
    with open_parts(output, MARK) as parts:
        parts.save((1, 12), data)
        parts.save((0, 3), data)
        assert parts.finished() == [(0, 3), (1, 12)]
        assert parts.load((1, 12)).to_bytes() == data
        assert parts_folder(output).name.startswith(".")
    assert list(output.parent.iterdir()) == []


def test_a_folder_without_chunks_is_not_kept(output: Path) -> None:
    with pytest.raises(RuntimeError, match="at once"), open_parts(output, MARK):
        raise RuntimeError("at once")
    assert list(output.parent.iterdir()) == []


def test_chunks_stay_when_something_goes_wrong(output: Path) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        _save_and_fail(output)
    half = parts_folder(output) / ".chunk-00-0000001.77-abc.part.npz"
    half.write_bytes(b"12")
    with open_parts(output, MARK) as parts:
        assert parts.finished() == [(0, 0)]
        assert not half.exists()


def _save_and_fail(output: Path) -> None:
    with open_parts(output, MARK) as parts:
        parts.save((0, 0), b"12345")
        raise RuntimeError("power cut")


def test_other_settings_do_not_mix(output: Path) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        _save_and_fail(output)
    with (
        pytest.raises(SimulationError, match=r"differs in: seed; finish it with its own"),
        open_parts(output, {**MARK, "seed": 2}),
    ):
        pass
    (parts_folder(output) / "fingerprint.json").write_text("{")
    with pytest.raises(SimulationError, match=r"fingerprint.json is damaged; delete"), open_parts(output, MARK):
        pass


def test_a_damaged_chunk_is_named(output: Path) -> None:
    with open_parts(output, MARK) as parts:
        parts.save((0, 5), b"12345")
        with pytest.raises(DataError, match=r"chunk-00-0000005.npz cannot be used .* delete it"):
            parts.load((0, 5))


def test_two_processes_cannot_make_one_file_and_a_killed_one_does_not_block(output: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(output)], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(SimulationError, match="another process is making the same file"), open_parts(output, MARK):
            pass
        os.kill(holder.pid, signal.SIGKILL)
    for _ in range(100):
        if not parts_folder(output).exists():
            break
        with open_parts(output, MARK):
            pass
        time.sleep(0.01)
    assert not parts_folder(output).exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot make the lock"), open_parts(tmp_path / "file" / "x.h5", MARK):
        pass
