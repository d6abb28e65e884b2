from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kaon.data.io.members import content, holds_pictures, is_archive, members, natural
from kaon.errors import DataError

FILES = {"b/10.png": b"ten", "b/9.png": b"nine", "a/1.PNG": b"one", "notes.txt": b"words", "a/._1.PNG": b"x"}
FILES[".thumbnails/1.png"] = b"small"


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz", "A.TAR.GZ"])
def test_names_of_archives(name: str) -> None:
    assert is_archive(Path(name))
    assert not is_archive(Path(f"{name}.part"))


@pytest.mark.parametrize("name", ["made.tar", "made.tar.gz", "made.tar.bz2", "made.tar.xz"])
def test_an_archive_and_a_folder_hold_the_same(
    name: str, archive: Callable[..., Path], folder: Callable[..., Path]
) -> None:
    packed, laid = members(archive(FILES, name), (".png",)), members(folder(FILES))
    assert list(packed) == list(laid) == ["a/1.PNG", "b/9.png", "b/10.png", "notes.txt"]
    assert packed["notes.txt"] == b"", "the content of what is not needed stays where it is"
    assert all(content(packed[n]) == content(laid[n]) == FILES[n] for n in packed if n != "notes.txt")


def test_links_and_names_that_lead_elsewhere_do_no_harm(tmp_path: Path) -> None:
    """Nothing is unpacked: a name is only a name, and what a link points to is not read."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    path = tmp_path / "in" / "evil.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as made:
        for name in ("../out/1.png", "/tmp/abs/1.png", "./b/1.png"):
            info = tarfile.TarInfo(name)
            info.size = 3
            made.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("a/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        made.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    found = members(path, (".png",))
    assert set(found) == {"../out/1.png", "/tmp/abs/1.png", "b/1.png"}
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("keep", [3, 40, -20])
def test_a_damaged_archive(keep: int, archive: Callable[..., Path]) -> None:
    path = archive({"a/1.png": bytes(5000)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="cannot be read: it is damaged"):
        members(path, (".png",))


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        content(tmp_path / "gone.png")


def test_which_folders_hold_pictures(folder: Callable[..., Path]) -> None:
    assert holds_pictures(folder({"train/cat/1.jpg": b""}, "a"))
    assert holds_pictures(folder({"data_batch_1.bin": b""}, "b"))
    assert not holds_pictures(folder({"a/b/c/d/1.jpg": b""}, "c")), "too deep to look for"
    assert not holds_pictures(folder({"jets.root": b""}, "d"))


def test_numbers_in_names_are_sorted_as_numbers() -> None:
    assert sorted(["b10", "b9", "a", "10", "9", "b9c"], key=natural) == ["9", "10", "a", "b9", "b9c", "b10"]


def test_names_of_equal_numbers_have_one_order(archive: Callable[..., Path]) -> None:
    """Event numbers follow it, so it must not depend on how a file system lists a folder."""
    names = ["a/01.png", "a/1.png", "a/001.png"]
    orders = [list(members(archive(dict.fromkeys(some, b"x")))) for some in (names, names[::-1])]
    assert orders == [["a/001.png", "a/01.png", "a/1.png"]] * 2
