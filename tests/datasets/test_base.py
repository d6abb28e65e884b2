from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data.io import write
from kaon.datasets.base import Dataset
from kaon.datasets.uci_higgs import UCI_HIGGS
from kaon.errors import DataError
from kaon.registry import lookup, variants

NAMES = ("x", "y", "m")
TINY = replace(
    UCI_HIGGS, title="tiny", rows=20, low_level=("x", "y"), high_level=("m",), header=("label", *NAMES), held_out=5
)


def text(separator: str = ",", names: bool = False, rows: int = 20) -> str:
    values = np.random.default_rng(1).normal(size=(rows, 3)).round(4)
    lines = [separator.join(map(str, (i % 2, *row))) for i, row in enumerate(values.tolist())]
    return "\n".join([separator.join(("label", *NAMES))] * names + lines) + "\n"


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize(("file", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.train", "\t"), ("a.csv.gz", ",")])
def test_every_spelling_of_the_file_gives_the_same_events(
    tmp_path: Path, names: bool, file: str, separator: str
) -> None:
    path = tmp_path / file
    content = text(separator, names).encode()
    path.write_bytes(gzip.compress(content) if file.endswith("gz") else content)
    events = TINY.load(path)
    (tmp_path / "plain.csv").write_text(text())
    plain = TINY.load(tmp_path / "plain.csv")
    assert events.fields == list(NAMES)
    assert events.classes == ("background", "signal")
    np.testing.assert_array_equal(events.target, np.arange(20) % 2)
    for name in NAMES:
        np.testing.assert_array_equal(events[name], plain[name])


def test_other_formats_know_their_roles(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text())
    events = TINY.load(tmp_path / "a.csv")
    again = TINY.load(write(events.with_columns(other=events["x"]), tmp_path / "a.parquet"))
    assert again.fields == list(NAMES)
    np.testing.assert_array_equal(again.target, events.target)


def test_the_end_of_the_file_is_the_test_sample_whatever_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text())
    whole = TINY.load(tmp_path / "a.csv")
    train, test = TINY.split(whole)
    assert (train.index.tolist(), test.index.tolist()) == (list(range(15)), list(range(15, 20)))
    some = TINY.load(tmp_path / "a.csv", cut="x > -0.5")
    _, fewer = TINY.split(some)
    assert set(fewer.index) < set(test.index)
    assert len(fewer) == int((np.asarray(test["x"]) > -0.5).sum())


def test_a_part_of_the_set_has_no_test_sample(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text())
    with pytest.raises(DataError, match=r"no test events .*last 5 of 20.*fractions"):
        TINY.split(TINY.load(tmp_path / "a.csv", limit=10))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("1,2\n0,3\n", "2 columns and no row of names"),
        ("label,x,m\n1,2,3\n0,3,4\n", r"lacks the columns \['y'\]"),
        ("", "empty"),
    ],
)
def test_another_file(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=told):
        TINY.load(tmp_path / "a.csv")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        TINY.load(tmp_path / "a.csv")


def test_high_level_columns_may_be_absent_where_there_are_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,x,y\n1,2,3\n0,3,4\n")
    assert TINY.load(tmp_path / "a.csv").fields == ["x", "y"]


def test_missing_values_are_known_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,x,y,m\n1,2,-999,5\n0,3,4,5\n")
    plain = TINY.load(tmp_path / "a.csv")
    path = write(plain, tmp_path / "a.h5")
    for file in (tmp_path / "a.csv", path):
        found = replace(TINY, missing=-999.0).load(file)
        np.testing.assert_array_equal(found["y"], [np.nan, 4])


def test_a_file_without_label_is_unlabelled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y,m\n1,2,3\n2,3,4\n")
    assert TINY.load(tmp_path / "a.csv").target is None


@pytest.mark.parametrize("name", [n for n, d in variants("kaon.datasets").items() if isinstance(d, Dataset)])
def test_every_registered_set_is_complete(name: str) -> None:
    found: Dataset = lookup("kaon.datasets", name)
    assert found.remotes == (found.remote,)
    assert set(found.features) == {*found.low_level, *found.high_level}
    assert len(found.features) == len(set(found.features))
    assert found.remote.url.startswith("https://")
    assert found.remote.sha256 or found.remote.adler32
    assert all((found.title, found.licence, found.citation, found.units, found.page, found.convention, found.rows))
    assert bool(found.held_out) != (found.sets is not None)
    if found.header:
        assert {found.label, *found.features} == set(found.header)


def test_a_download_is_that_of_the_set(tmp_path: Path, server: Any) -> None:
    server.content = gzip.compress(text().encode())
    tiny = replace(TINY, remote=replace(TINY.remote, url=server.url, size=None, sha256=None))
    assert len(tiny.load(tiny.download(tmp_path))) == 20
