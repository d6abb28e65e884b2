from __future__ import annotations

from pathlib import Path

import pytest

from kaon.data.io.request import Request
from kaon.errors import ConfigError, DataError


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{n}.csv" for n in "abc"]
    for path in made:
        path.write_text("x\n1\n")
    return made


def test_paths_become_files_with_their_class(files: list[Path]) -> None:
    assert Request.make(files[0]).files == ((files[0], None),)
    both = Request.make(None, files[0], files[1:])
    assert both.files == ((files[0], 1), (files[1], 0), (files[2], 0))


def test_expressions_are_parsed_once(files: list[Path]) -> None:
    made = Request.make(files, label="x > 1", index="run * 1000 + event", columns="x")
    assert made.label is not None
    assert made.label.is_condition
    assert made.layout.integers == {"run", "event"}
    assert made.columns == ("x",)
    assert Request.make(files).layout.integers == frozenset()


def test_malformed_expressions_fail_before_any_file_is_read(files: list[Path]) -> None:
    with pytest.raises(ConfigError, match=r"value is missing"):
        Request.make(files, cut="pt >")
    with pytest.raises(ConfigError, match=r"value is missing"):
        Request.make("absent.csv", cut="pt >")
    with pytest.raises(ConfigError, match=r"empty"):
        Request.make(files, weight="")


def test_contradictions(files: list[Path]) -> None:
    with pytest.raises(ConfigError, match="not both"):
        Request.make(files[0], files[1], files[2])
    with pytest.raises(ConfigError, match="only background= is given"):
        Request.make(None, None, files[0])
    with pytest.raises(ConfigError, match="different names"):
        Request.make(files, label="x", classes=("a", "a"))
    with pytest.raises(DataError, match="does not exist"):
        Request.make("absent.csv")
