from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kaon.errors import DataError, SimulationError
from kaon.files import locked, replacing, replacing_folder, write_text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that must survive whatever happens to its replacement."""
    path = tmp_path / "result.json"
    path.write_text("old")
    return path


def test_the_new_content_appears_under_the_name_only_at_the_end(old: Path) -> None:
    with replacing(old) as scratch:
        scratch.write_text("new")
        assert old.read_text() == "old"
        assert scratch.parent == old.parent, "a rename is atomic only inside one file system"
        assert scratch.suffix == ".json", "writers choose the format by the suffix"
        assert scratch.name.startswith("."), "a glob for results must not find it"
    assert old.read_text() == "new"
    assert names_in(old.parent) == ["result.json"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_interruption_leaves_the_old_file_and_nothing_else(old: Path, stop: type[BaseException]) -> None:
    def write() -> None:
        with replacing(old) as scratch:
            scratch.write_text("half")
            raise stop

    with pytest.raises(stop):
        write()
    assert old.read_text() == "old"
    assert names_in(old.parent) == ["result.json"]


def test_a_full_disk_is_a_clear_error_and_leaves_the_old_file(old: Path) -> None:
    # A real one: the kernel refuses to let the file grow beyond 1 MB.
    script = (
        "import resource, signal, sys\n"
        "from kaon.errors import DataError\n"
        "from kaon.files import write_text\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "try:\n"
        "    write_text(sys.argv[1], 'x' * 3_000_000)\n"
        "except DataError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, old], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == f"cannot write {old}: File too large"
    assert old.read_text() == "old"
    assert names_in(old.parent) == ["result.json"]


def test_two_processes_never_mix_their_content(tmp_path: Path) -> None:
    path = write_text(tmp_path / "shared.txt", "a" * 200_000)
    script = (
        "import sys\n"
        "from kaon.files import write_text\n"
        "for _ in range(50):\n"
        "    write_text(sys.argv[1], sys.argv[2] * 200_000)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, path, letter]) for letter in "bc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        text = path.read_text()
        assert len(text) == 200_000
        assert len(set(text)) == 1
        seen.add(text[0])
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen & {"b", "c"}, "the reader saw the writers at work"
    assert names_in(tmp_path) == ["shared.txt"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert write_text(tmp_path / "a" / "b" / "c.txt", "x").read_text() == "x"


def test_a_symbolic_link_stays_one(tmp_path: Path, old: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(old)
    write_text(link, "new")
    assert link.is_symlink()
    assert old.read_text() == "new"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; give the name of a file in it"):
        write_text(tmp_path, "x")


def test_a_file_is_no_folder(old: Path) -> None:
    with pytest.raises(DataError, match=r"cannot make the folder .*result\.json: "):
        write_text(old / "inside.txt", "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="Permission denied"):
        write_text(tmp_path / "x.txt", "x")


def test_a_block_that_wrote_nothing_is_an_error(old: Path) -> None:
    with pytest.raises(DataError, match=r"cannot write .*result\.json: No such file"), replacing(old):
        pass
    assert old.read_text() == "old"


def test_a_file_that_was_read_meanwhile_is_named(old: Path) -> None:
    says = r"cannot write .*result\.json: .*No such file.*absent\.csv"
    with pytest.raises(DataError, match=says), replacing(old) as scratch:
        scratch.write_text((old.parent / "absent.csv").read_text())


def test_errors_of_the_block_that_are_no_disk_errors_pass_unchanged(old: Path) -> None:
    with pytest.raises(DataError, match=r"^mine$"), replacing(old):
        raise DataError("mine")


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    assert write_text(tmp_path / "x.txt", "τ₂₁\n").read_bytes() == "τ₂₁\n".encode()


HOLDER = """
import sys, time
from kaon.files import locked
with locked(sys.argv[1], "taken"):
    print("locked", flush=True)
    time.sleep(600)
"""


def test_a_lock_is_held_by_one_process_and_does_not_outlive_it(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(DataError, match=r"^taken$"), locked(lock, "taken"):
            pass
        with pytest.raises(SimulationError, match=r"^taken$"), locked(lock, "taken", SimulationError):
            pass
        holder.kill()
    assert lock.exists(), "a killed process cannot tidy up"
    with locked(lock, "taken"):
        pass
    assert names_in(lock.parent) == []


def test_a_lock_is_given_back_after_an_error_of_the_block(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), locked(lock, "taken"):
            raise KeyboardInterrupt
    assert names_in(tmp_path) == []


def test_a_lock_is_refused_to_the_same_process_too(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locked(lock, "taken"):
        with pytest.raises(DataError, match=r"^taken$"), locked(lock, "taken"):
            pass
        assert lock.exists(), "the one refused leaves it"


def test_a_lock_whose_folder_was_removed_leaves_the_next_one_alone(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"
    with locked(lock, "first"):
        shutil.rmtree(lock.parent)
        with locked(lock, "second"):
            assert lock.exists()
    with locked(lock, "first"):
        shutil.rmtree(lock.parent)
        lock.parent.mkdir()
        lock.write_text("another's")
    assert lock.read_text() == "another's"


def test_a_lock_that_cannot_be_made_is_said(old: Path) -> None:
    with pytest.raises(DataError, match=r"cannot make the lock .*result\.json/lock: "), locked(old / "lock", "taken"):
        pass


def test_a_folder_appears_whole_and_replaces_another(tmp_path: Path) -> None:
    target = tmp_path / "out" / "made"
    for text in ("one", "two"):
        with replacing_folder(target) as scratch:
            (scratch / "inner").mkdir()
            (scratch / "inner" / f"{text}.txt").write_text(text)
            assert scratch.name.startswith(".")
            assert target.exists() == (text == "two"), "the old one stays until the end"
        assert [path.name for path in target.rglob("*.txt")] == [f"{text}.txt"]
    assert names_in(target.parent) == ["made"]


def test_an_interrupted_folder_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with replacing_folder(target) as scratch:
        (scratch / "old.txt").write_text("old")

    def write() -> None:
        with replacing_folder(target) as scratch:
            (scratch / "half.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert names_in(target) == ["old.txt"]
    assert names_in(tmp_path) == ["made"]


def test_a_folder_does_not_replace_a_file(old: Path) -> None:
    with pytest.raises(DataError, match="is a file"), replacing_folder(old):
        pytest.fail("the block must not run")
    assert old.read_text() == "old"
