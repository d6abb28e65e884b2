"""Scores land beside the right entries, and everything else in the file stays as it was."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pandas as pd
import pytest
import uproot

from kaon.data import Events, Predictions
from kaon.data.io import append_scores, read, write
from kaon.errors import ConfigError, DataError


def predictions(n: int, classes: tuple[str, ...] = ("qcd", "top")) -> Predictions:
    signal = np.random.default_rng(1).random(n).astype(np.float32)
    return Predictions(np.stack([1 - signal, signal], 1), classes=classes)


def in_parts(whole: Predictions, size: int) -> Iterator[Predictions]:
    for start in range(0, len(whole), size):
        yield whole.take(slice(start, start + size))


@pytest.mark.parametrize("size", [1, 77, 300])
@pytest.mark.parametrize("source", [".h5", ".root", ".parquet"])
@pytest.mark.parametrize("target", [".h5", ".root", ".parquet"])
def test_between_formats(events: Events, source: str, target: str, size: int, tmp_path: Path) -> None:
    path = write(events, tmp_path / f"a{source}")
    scored = read(append_scores(path, tmp_path / f"b{target}", in_parts(predictions(300), size)))
    np.testing.assert_array_equal(scored["score_top"], predictions(300).score[:, 1])
    np.testing.assert_array_equal(scored["score_qcd"], predictions(300).score[:, 0])
    assert scored.reserved == {"count", "score_top", "score_qcd"}
    for name in events.fields:
        assert scored[name].to_list() == events[name].to_list()
    np.testing.assert_array_equal(scored.target, events.target)
    np.testing.assert_array_equal(scored.index, events.index)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
def test_text_keeps_every_character(name: str, tmp_path: Path) -> None:
    sign = "\t" if "tsv" in name else ","
    rows = ["name,x", '"a, b",1.500', "c,2.0e0"]
    text = "\r\n".join(rows) if sign == "," else "\r\n".join(r.replace('"a, b"', "a").replace(",", "\t") for r in rows)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    made = append_scores(path, tmp_path / f"out-{name}", predictions(2), prefix="p_")
    content = made.read_bytes()
    lines = (gzip.decompress(content) if name.endswith("gz") else content).decode().splitlines()
    assert [line.rsplit(sign, 2)[0] for line in lines] == text.splitlines()
    assert lines[0].endswith(f"{sign}p_qcd{sign}p_top")
    np.testing.assert_allclose(read(made)["p_top"], predictions(2).score[:, 1], rtol=1e-7)


def test_text_without_header_gets_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    made = append_scores(tmp_path / "a.csv", tmp_path / "b.csv", predictions(2))
    assert [len(line.split(",")) for line in made.read_text().splitlines()] == [4, 4]


def test_text_to_a_self_describing_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,s\n1,a\n3,b\n")
    made = read(append_scores(tmp_path / "a.csv", tmp_path / "b.root", predictions(2)))
    assert made.fields == ["x", "s", "score_qcd", "score_top"]


def test_a_root_file_keeps_its_other_trees_and_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    jagged = ak.Array([[1.0, 2.0], [], [3.0]])
    with uproot.recreate(path) as file:
        records = ak.zip({"pt": jagged, "eta": jagged})
        tree = file.mktree(
            "nested/Events", {"Jet": ak.type(records).content, "x": "float32", "lonely": "var * float64"}
        )
        tree.extend({"Jet": records, "x": np.arange(3, dtype=np.float32), "lonely": jagged})
        file.mktree("Runs", {"sumw": "float64"}).extend({"sumw": np.array([12.5])})
        file["cutflow"] = np.histogram(np.arange(10), bins=4)
        file["words"] = "hello"
    made = uproot.open(append_scores(path, tmp_path / "b.root", predictions(3), tree="nested/Events"))
    assert made["Runs/sumw"].array().to_list() == [12.5]
    assert made["cutflow"].values().sum() == 10
    assert str(made["words"]) == "hello"
    before, after = uproot.open(path)["nested/Events"], made["nested/Events"]
    assert set(after.keys()) - set(before.keys()) == {"score_qcd", "score_top"}
    assert set(before.keys()) <= set(after.keys())
    for name in before.keys():  # noqa: SIM118  # an uproot tree iterates otherwise
        assert before[name].array().to_list() == after[name].array().to_list()
        assert before[name].typename == after[name].typename


def test_a_parquet_file_keeps_its_nulls_and_metadata(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": pd.array([1, None], "Int64")}, index=pd.Index([5, 6], name="row"))
    frame.to_parquet(tmp_path / "a.parquet")
    back = pd.read_parquet(append_scores(tmp_path / "a.parquet", tmp_path / "b.parquet", predictions(2)))
    assert back["n"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(back["score_top"], predictions(2).score[:, 1])


def test_a_foreign_hdf5_file_keeps_everything(real: Path, tmp_path: Path) -> None:
    source = real / "jets" / "SPS_jets.h5"
    made = append_scores(source, tmp_path / "b.h5", in_parts(predictions(7406), 1000))
    with h5py.File(source) as before, h5py.File(made) as after:
        assert set(after) == set(before) | {"score_qcd", "score_top"}
        np.testing.assert_array_equal(before["jet_features/data"][:], after["jet_features/data"][:])
    np.testing.assert_array_equal(read(made)["score_top"], predictions(7406).score[:, 1])


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv"])
@pytest.mark.parametrize(("count", "message"), [(299, "only 299 scores"), (301, "301 scores, but .* has 300 entries")])
def test_every_entry_needs_one_score(flat: Events, suffix: str, count: int, message: str, tmp_path: Path) -> None:
    path = write(flat, tmp_path / f"a{suffix}")
    with pytest.raises(DataError, match=message):
        append_scores(path, tmp_path / f"b{suffix}", in_parts(predictions(count), 100))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv"])
def test_existing_columns_are_not_overwritten(flat: Events, suffix: str, tmp_path: Path) -> None:
    path = write(flat.with_columns(score_top=np.zeros(300)), tmp_path / f"a{suffix}")
    with pytest.raises(DataError, match=r"columns \['score_top'\] already"):
        append_scores(path, tmp_path / f"b{suffix}", predictions(300))
    assert list(tmp_path.iterdir()) == [path]


def test_the_source_is_never_the_target(flat: Events, tmp_path: Path) -> None:
    path = write(flat, tmp_path / "a.h5")
    with pytest.raises(ConfigError, match="another name"):
        append_scores(path, path, predictions(300))
    with pytest.raises(DataError, match="no scores"):
        append_scores(path, tmp_path / "b.h5", [])
    with pytest.raises(DataError, match="follow scores of the classes"):
        append_scores(path, tmp_path / "b.h5", [predictions(100), predictions(200, ("a", "b"))])


def test_line_breaks_within_quotes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('x,s\n1,"a\nb"\n')
    with pytest.raises(DataError, match="line breaks within quotes"):
        append_scores(tmp_path / "a.csv", tmp_path / "b.csv", predictions(1))


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv"])
def test_an_error_of_the_model_is_not_blamed_on_the_file(flat: Events, suffix: str, tmp_path: Path) -> None:
    def failing() -> Iterator[Predictions]:
        yield predictions(10)
        raise RuntimeError("out of memory")

    path = write(flat, tmp_path / f"a{suffix}")
    with pytest.raises(RuntimeError, match="out of memory"):
        append_scores(path, tmp_path / f"b{suffix}", failing())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv.gz"])
def test_a_truncated_source_leaves_no_target(flat: Events, suffix: str, tmp_path: Path) -> None:
    path = write(flat, tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(DataError, match="cannot be read"):
        append_scores(path, tmp_path / f"b{suffix}", predictions(300))
    assert list(tmp_path.iterdir()) == [path]
