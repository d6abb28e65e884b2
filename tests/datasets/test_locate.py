from __future__ import annotations

from pathlib import Path

import pytest

from kaon.datasets.locate import cache_folder, locate
from kaon.errors import ConfigError, DataError, UnknownName

FILES = ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz")


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).touch()
    return folder


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KAON_DATA", str(tmp_path / "data"))


def test_the_order_of_places(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"looked for .*data/mnist and .*cache/kaon/mnist; .*kaon fetch mnist"):
        locate("mnist")
    cached = make(cache_folder("mnist"))
    assert locate("mnist") == cached == tmp_path / "cache" / "kaon" / "mnist"
    named = make(tmp_path / "data" / "mnist")
    assert locate("mnist") == named
    given = make(tmp_path / "mine")
    assert locate("mnist", given) == given


def test_a_place_that_is_given_is_the_only_one(tmp_path: Path) -> None:
    make(cache_folder("mnist"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="does not hold MNIST"):
        locate("mnist", tmp_path / "empty")
    with pytest.raises(DataError, match="absent"):
        locate("mnist", tmp_path / "absent")


def test_half_a_set_is_told(tmp_path: Path) -> None:
    (make(tmp_path / "data" / "mnist") / FILES[1]).unlink()
    with pytest.raises(DataError, match=r"does not hold MNIST: .*t10k-images"):
        locate("mnist")


def test_without_variables_the_cache_is_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("KAON_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("cifar10") == tmp_path / ".cache" / "kaon" / "cifar10"
    with pytest.raises(DataError, match="kaon fetch cifar10"):
        locate("cifar10")


def test_other_names() -> None:
    with pytest.raises(UnknownName, match="mnist"):
        locate("mnits")
    with pytest.raises(ConfigError, match="not a set of pictures"):
        locate("uci_higgs")
