from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kaon.datasets.base import Dataset
from kaon.datasets.download import RemoteFile
from kaon.datasets.locate import cache_folder
from kaon.datasets.pictures import PictureDataset


def test_a_file_that_is_there_is_checked_and_told(kaon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    def download(self: Dataset, folder: Path, *, url: str | None = None, progress: Any = None) -> Path:
        asked.append((self.title, url))
        for have in (1, 3):
            progress(have, 3)
        path = Path(folder) / "HIGGS.csv.gz"
        path.write_bytes(b"abc")
        return path

    monkeypatch.setattr(Dataset, "download", download)
    result = kaon("fetch", "uci_higgs", "-o", ".", "--url", "https://example.org/x.gz", "--json")
    assert asked == [("UCI HIGGS", "https://example.org/x.gz")]
    assert (result.json["bytes"], result.json["dataset"]) == (3, "uci_higgs")
    text = kaon("fetch", "higgsml").out
    assert "no SHA-256 is published" in text
    assert "CC0" in text


def test_pictures_go_to_the_cache_where_studies_look(kaon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def download(self: PictureDataset, folder: Path, *, url: str | None = None, progress: Any = None) -> Path:
        asked.append(Path(folder))
        for remote in self.remotes:
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / remote.name).write_bytes(b"12345")
        return Path(folder)

    monkeypatch.setattr(PictureDataset, "download", download)
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").resolve()))
    result = kaon("fetch", "mnist", "--json")
    assert result.code == 0, result.err
    assert asked == [cache_folder("mnist")]
    assert cache_folder("mnist").is_relative_to(Path("cache").resolve())
    assert result.json["bytes"] == 20
    assert len(result.json["sha256"]) == 4
    assert "checked   SHA-256" in kaon("fetch", "mnist", "-o", "here").out
    assert asked[-1] == Path("here")


def test_an_unknown_set_and_a_wrong_address(kaon: Any) -> None:
    unknown = kaon("fetch", "uci_higs")
    assert (unknown.code, "uci_higgs" in unknown.err) == (2, True)
    wrong = kaon("fetch", "uci_higgs", "--url", "file:///etc/passwd")
    assert (wrong.code, "https://" in wrong.err) == (2, True)
    assert list(Path().iterdir()) == []


def test_a_file_of_another_size_is_refused(kaon: Any) -> None:
    Path("HIGGS.csv.gz").write_bytes(b"cut short")
    result = kaon("fetch", "uci_higgs")
    assert result.code == 3
    assert "2,816,407,858" in result.err
    assert Path("HIGGS.csv.gz").exists()


def test_the_name_of_a_file_is_that_of_its_address() -> None:
    assert RemoteFile("https://example.org/a/b.csv.gz?x=1").name == "b.csv.gz"
