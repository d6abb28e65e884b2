from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.datasets.download import RemoteFile, fetch
from kaon.errors import ConfigError, DataError
from kaon.files import locked

ROWS = 5000
CONTENT = gzip.compress("\n".join(f"{x:.9f}" for x in np.random.default_rng(0).normal(size=ROWS)).encode(), mtime=0)
SHA = hashlib.sha256(CONTENT).hexdigest()
ADLER = f"{zlib.adler32(CONTENT):08x}"


@pytest.fixture
def remote(server: Any) -> RemoteFile:
    server.content = CONTENT
    return RemoteFile(server.url, size=len(CONTENT), sha256=SHA, source="the test")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_download_is_whole_checked_and_not_repeated(server: Any, remote: RemoteFile, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch(remote, tmp_path / "new", progress=lambda have, total: seen.append((have, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert names(path.parent) == ["data.csv.gz", "data.csv.gz.sha256"]
    assert fetch(remote, path.parent) == path
    assert server.asked == [None]


def test_a_broken_download_goes_on_where_it_was(server: Any, remote: RemoteFile, tmp_path: Path) -> None:
    server.breaks_after = 1000
    with pytest.raises(DataError, match="repeat"):
        fetch(remote, tmp_path)
    assert names(tmp_path) == [".data.csv.gz.part"]
    server.breaks_after = None
    assert fetch(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


def test_a_server_that_cannot_go_on_begins_again(server: Any, remote: RemoteFile, tmp_path: Path) -> None:
    (tmp_path / ".data.csv.gz.part").write_bytes(b"x" * 100)
    server.ranges = False
    assert fetch(remote, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_whole_or_too_long(server: Any, remote: RemoteFile, tmp_path: Path, size: int) -> None:
    (tmp_path / ".data.csv.gz.part").write_bytes((CONTENT + b"12345")[:size])
    assert fetch(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked == ([] if size == len(CONTENT) else [None])


def test_without_a_published_size_the_server_says_when_nothing_is_left(server: Any, tmp_path: Path) -> None:
    server.content = CONTENT
    (tmp_path / ".data.csv.gz.part").write_bytes(CONTENT)
    assert fetch(RemoteFile(server.url, sha256=SHA), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", [RemoteFile("", sha256="0" * 64), RemoteFile("", adler32="00000000")])
def test_another_checksum_leaves_nothing(server: Any, tmp_path: Path, wrong: RemoteFile) -> None:
    server.content = CONTENT
    with pytest.raises(DataError, match=r"checksum .* but the test says 0000"):
        fetch(replace(wrong, url=server.url, source="the test"), tmp_path)
    assert names(tmp_path) == []


def test_a_file_that_is_there_but_wrong_is_refused_and_kept(remote: RemoteFile, tmp_path: Path) -> None:
    (tmp_path / "data.csv.gz").write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match="bytes, but the test says"):
        fetch(remote, tmp_path)
    assert names(tmp_path) == ["data.csv.gz"]


def test_without_a_published_sha256_the_first_one_is_recorded_and_compared(server: Any, tmp_path: Path) -> None:
    server.content = CONTENT
    remote = RemoteFile(server.url, size=len(CONTENT), adler32=ADLER)
    path = fetch(remote, tmp_path, rows=ROWS)
    assert (tmp_path / "data.csv.gz.sha256").read_text() == f"{SHA}  data.csv.gz\n"
    changed = bytearray(CONTENT)
    changed[len(CONTENT) // 2] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(DataError, match="sha256 says"):
        fetch(RemoteFile(server.url), tmp_path, rows=ROWS)


@pytest.mark.parametrize("rows", [ROWS, ROWS - 1])
def test_the_rows_are_counted_with_or_without_names(server: Any, tmp_path: Path, rows: int) -> None:
    server.content = CONTENT
    assert fetch(RemoteFile(server.url), tmp_path, rows=rows).exists()


@pytest.mark.parametrize(
    ("content", "told"), [(CONTENT, "lines"), (CONTENT[:-100], "unpacked"), (b"<html>", "unpacked")]
)
def test_a_wrong_number_of_rows_or_no_gzip(server: Any, tmp_path: Path, content: bytes, told: str) -> None:
    server.content = content
    with pytest.raises(DataError, match=told):
        fetch(RemoteFile(server.url), tmp_path, rows=ROWS + 7)
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_server_that_refuses(server: Any, remote: RemoteFile, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(DataError, match=str(status)):
        fetch(remote, tmp_path)
    assert names(tmp_path) == []


def test_no_server_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be fetched"):
        fetch(RemoteFile("http://127.0.0.1:9/data.csv.gz"), tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://example.org/a", "data.csv.gz"])
def test_only_the_web(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        fetch(RemoteFile("https://example.org/a.gz"), tmp_path, url=url)


def test_a_mirror_passes_the_same_checks(server: Any, remote: RemoteFile, tmp_path: Path) -> None:
    elsewhere = RemoteFile("https://example.org/HIGGS.csv.gz", size=remote.size, sha256=SHA)
    assert fetch(elsewhere, tmp_path, url=server.url).name == "HIGGS.csv.gz"


def test_two_at_once_are_not_allowed(remote: RemoteFile, tmp_path: Path) -> None:
    with locked(tmp_path / ".data.csv.gz.lock", "first"), pytest.raises(DataError, match="another process"):
        fetch(remote, tmp_path)
