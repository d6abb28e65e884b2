"""Scores for files: complete, in order, beside the event number, in bounded memory, and never half-written."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pandas as pd
import pytest

from kaon.data import Events
from kaon.data.io import read, write
from kaon.data.records import table
from kaon.deploy import export_onnx, load_model, predict_files
from kaon.errors import BundleError, ConfigError, DataError
from kaon.learn.tagger import Tagger


@pytest.fixture
def tagger(make_tagger: Any) -> Tagger:
    made: Tagger = make_tagger("bdt", "tabular", trees=10)
    return made


@pytest.fixture
def source(jets: Events, tmp_path: Path) -> Path:
    """The flat columns of the jets as a text file with one more column."""
    columns = {n: np.asarray(jets[n]) for n in ("x0", "x1", "x2", "x3")}
    path = tmp_path / "in" / "jets.csv"
    path.parent.mkdir()
    pd.DataFrame({**columns, "number": jets.index, "kind": jets.labels, "w": jets.index % 3 - 0.5}).to_csv(
        path, index=False
    )
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv", "h5", "root"])
@pytest.mark.parametrize("step", [7, 1000])
def test_scores_beside_event_number_label_and_weight(
    tagger: Tagger, jets: Events, source: Path, tmp_path: Path, suffix: str, step: int
) -> None:
    seen: list[int] = []
    output = tmp_path / f"scores.{suffix}"
    done = predict_files(
        tagger, source, output, step=step, progress=seen.append, label="kind", weight="w", index="number"
    )
    assert done.path == output
    assert done.events == len(jets) == seen[-1]
    assert seen == sorted(seen)
    roles: dict[str, Any] = {"label": "label", "weight": "weight", "index": "event"} if suffix == "csv" else {}
    got = read(output, **roles)
    for i, name in enumerate(done.classes):
        np.testing.assert_allclose(got[f"score_{name}"], tagger.predict(jets).score[:, i], atol=1e-7)
    np.testing.assert_array_equal(got.index, jets.index)
    np.testing.assert_array_equal(got.labels, jets.labels)
    np.testing.assert_array_equal(got.weights, jets.index % 3 - 0.5)


def test_without_roles_the_event_number_is_the_entry(tagger: Tagger, source: Path, tmp_path: Path) -> None:
    predict_files(tagger, source, tmp_path / "scores.parquet")
    frame = pd.read_parquet(tmp_path / "scores.parquet")
    assert set(frame) == {"score_kind0", "score_kind1", "event"}
    assert frame["event"].tolist() == list(range(len(frame)))
    assert frame["score_kind0"].dtype == np.float32
    np.testing.assert_allclose(frame["score_kind0"] + frame["score_kind1"], 1, atol=1e-6)


def test_jets_through_bundle_and_onnx_file(make_tagger: Any, jets: Events, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")
    tagger = make_tagger("pfn", "point_cloud")
    write(jets, tmp_path / "jets.h5")
    for model in (tagger.save(tmp_path / "a.kaon"), export_onnx(tagger, tmp_path / "a.onnx").path):
        output = tmp_path / f"{model.suffix[1:]}.parquet"
        predict_files(model, tmp_path / "jets.h5", output, step=64)
        np.testing.assert_allclose(read(output)["score_kind1"], tagger.predict(jets).score[:, 1], atol=1e-5)


def test_several_files_in_sorted_order(tagger: Tagger, jets: Events, tmp_path: Path) -> None:
    for i in (1, 0):
        write(jets.take(slice(100 * i, 100 * (i + 1))), tmp_path / f"part{i}.parquet")
    done = predict_files(tagger, str(tmp_path / "part*.parquet"), tmp_path / "scores.parquet", step=30)
    assert done.events == 200
    got = read(done.path)
    np.testing.assert_array_equal(got.index, jets.index[:200])
    np.testing.assert_allclose(got["score_kind0"], tagger.predict(jets).score[:200, 0], atol=1e-7)


def test_labels_number_the_classes_of_the_tagger(tagger: Tagger, jets: Events, tmp_path: Path) -> None:
    swapped = Events(jets.array, 1 - jets.labels, classes=("kind1", "kind0"))
    write(swapped, tmp_path / "in.parquet")
    got = read(predict_files(tagger, tmp_path / "in.parquet", tmp_path / "out.parquet").path)
    assert got.classes == ("kind0", "kind1")
    np.testing.assert_array_equal(got.labels, jets.labels)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "h5", "root"])
def test_a_copy_of_the_file_with_scores(tagger: Tagger, jets: Events, tmp_path: Path, suffix: str) -> None:
    flat = Events(table({n: jets[n] for n in ("x0", "x1", "x2", "x3")}), jets.target)
    source = write(flat, tmp_path / f"in.{suffix}")
    done = predict_files(tagger, source, tmp_path / f"out.{suffix}", append=True, step=50)
    copy = read(done.path)
    np.testing.assert_array_equal(copy["x2"], read(source)["x2"])
    np.testing.assert_allclose(copy["score_kind1"], tagger.predict(flat).score[:, 1], atol=1e-7)
    assert done.events == len(copy) == len(jets)


def test_only_the_columns_of_a_table_are_read(tagger: Tagger, jets: Events, tmp_path: Path) -> None:
    spoiled = ak.with_field(jets.array, np.full(len(jets), np.nan), "unused")
    write(Events(spoiled, jets.target), tmp_path / "in.parquet")
    assert predict_files(tagger, tmp_path / "in.parquet", tmp_path / "out.parquet").events == len(jets)


def test_options_that_exclude_each_other(tagger: Tagger, source: Path, tmp_path: Path) -> None:
    for options in ({"cut": "x0 > 0"}, {"limit": 5}, {"drop_invalid": True}):
        with pytest.raises(ConfigError, match="copy of one whole file"):
            predict_files(tagger, source, tmp_path / "out.csv", append=True, **options)
    with pytest.raises(ConfigError, match="is an input"):
        predict_files(tagger, source, source)
    with pytest.raises(ConfigError, match="suffix"):
        predict_files(tagger, source, tmp_path / "out.docx")


@pytest.mark.parametrize("append", [False, True])
def test_nothing_is_left_behind(tagger: Tagger, source: Path, tmp_path: Path, append: bool) -> None:
    output = tmp_path / "out.csv"
    output.write_text("before")

    def interrupt(done: int) -> None:
        if done > 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_files(tagger, source, output, append=append, step=20, progress=interrupt)
    lines = source.read_text().splitlines()
    lines[200] = lines[200].replace(",", ",nan,", 1).rsplit(",", 1)[0]
    source.write_text("\n".join(lines))
    with pytest.raises(DataError):
        predict_files(tagger, source, output, append=append, step=20)
    assert output.read_text() == "before"
    assert {p.name for p in tmp_path.iterdir()} == {"in", "out.csv"}


def test_a_missing_column_and_a_damaged_model(tagger: Tagger, source: Path, tmp_path: Path) -> None:
    source.write_text(source.read_text().replace("x2", "y2", 1))
    with pytest.raises((ConfigError, DataError), match="x2"):
        predict_files(tagger, source, tmp_path / "out.csv")
    (tmp_path / "a.kaon").write_bytes(b"noise")
    with pytest.raises(BundleError):
        predict_files(tmp_path / "a.kaon", source, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_memory_is_that_of_one_step(tagger: Tagger, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    peaks = []
    for events in (20_000, 200_000):
        path = write(Events(table({f"x{i}": random.normal(size=events) for i in range(4)})), tmp_path / f"{events}.h5")
        tracemalloc.start()
        predict_files(tagger, path, tmp_path / "out.parquet", step=5_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 200_000 * 4 * 8  # less than the columns of the larger file


def test_a_loaded_model_is_used_as_it_is(tagger: Tagger, source: Path, tmp_path: Path) -> None:
    path = tagger.save(tmp_path / "a.kaon")
    one = predict_files(path, source, tmp_path / "one.csv").path.read_bytes()
    assert predict_files(str(path), [source], tmp_path / "two.csv").path.read_bytes() == one
    assert predict_files(load_model(path), source, tmp_path / "three.csv").path.read_bytes() == one
