"""The front door for reading: options, bad input, independence of file order, bounded memory."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import iterate, read, write
from kaon.data.io.csv import CsvSource
from kaon.errors import ConfigError, DataError, KaonWarning, UnknownName

TABLE = "label,weight,event,pt,eta,name\n1,1.0,10,30,0.1,tt\n0,2.0,11,20,-3,qcd\n1,-0.5,12,50,1,tt\n0,1.0,13,40,2,qcd\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


def test_roles(table: Path) -> None:
    events = read(table, label="label", weight="weight", index="event")
    np.testing.assert_array_equal(events.target, [1, 0, 1, 0])
    np.testing.assert_array_equal(events.weights, [1.0, 2.0, -0.5, 1.0])
    np.testing.assert_array_equal(events.index, [10, 11, 12, 13])
    assert events.classes == ("background", "signal")
    assert events.reserved == {"label", "weight", "event"}
    assert events.fields == ["label", "weight", "event", "pt", "eta", "name"]


def test_roles_as_expressions(table: Path) -> None:
    events = read(table, label="name == 'tt' & pt > 0", weight="2 * abs(weight)", index="event * 10")
    np.testing.assert_array_equal(events.target, [1, 0, 1, 0])
    np.testing.assert_array_equal(events.weights, [2.0, 4.0, 1.0, 2.0])
    np.testing.assert_array_equal(events.index, [100, 110, 120, 130])
    assert events.reserved == {"name", "pt", "weight", "event"}


def test_text_labels_and_names(table: Path) -> None:
    assert read(table, label="name").classes == ("qcd", "tt")
    events = read(table, label="name", classes=("tt", "qcd"))
    assert events.classes == ("tt", "qcd")
    np.testing.assert_array_equal(events.target, [0, 1, 0, 1])
    assert read(table, label="label", classes=("qcd", "top")).classes == ("qcd", "top")


def test_cut_columns_limit(table: Path) -> None:
    events = read(table, cut="pt > 25 & abs(eta) < 1.5", columns=["pt", "e*"])
    assert events.fields == ["pt", "event", "eta"]
    assert events["pt"].to_list() == [30.0, 50.0]
    np.testing.assert_array_equal(events.index, [0, 2])
    assert events.provenance.history == ("cut: pt > 25 & abs(eta) < 1.5",)
    assert len(read(table, limit=3)) == 3
    assert read(table, columns="pt").fields == ["pt"]


def test_without_an_index_the_entry_in_its_file_is_the_number(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(TABLE)
    np.testing.assert_array_equal(read([table, other]).index, [0, 1, 2, 3, 0, 1, 2, 3])


def test_signal_and_background_files(table: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.csv" for name in ("sig", "bkg1", "bkg2")]
    for path, value in zip(files, (1, 2, 3), strict=True):
        path.write_text(f"x,y\n{value},0\n{value},0\n")
    events = read(signal=files[0], background=files[1:])
    assert events["x"].to_list() == [1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(events.target, [1, 1, 0, 0, 0, 0])
    assert events.classes == ("background", "signal")
    assert events.reserved == frozenset()
    assert read(signal=files[0], background=f"{tmp_path}/bkg*.csv", classes=("qcd", "top")).classes == ("qcd", "top")
    np.testing.assert_array_equal(read(signal=files[0], background=files[1:], limit=1).target, [1, 0])


def test_splits_do_not_depend_on_the_order_of_files(events: Events, tmp_path: Path) -> None:
    numbered = replace(events, index=np.arange(300), target=None, classes=())
    paths = [write(numbered.take(slice(i, i + 100)), tmp_path / f"{i}.h5") for i in (0, 100, 200)]

    def train(order: list[Path]) -> set[float]:
        return set(read(order).split((0.5, 0.5), seed=4)[0]["x"].to_list())

    assert train(paths) == train(paths[::-1]) == train([paths[1], paths[0], paths[2]])
    assert train(paths) == set(numbered.split((0.5, 0.5), seed=4)[0]["x"].to_list())


def test_both_jets_of_an_event_share_its_number(real: Path) -> None:
    jets = read(real / "jets" / "SPS_jets.h5", explode="jets", label="Flavor == 21")
    assert len(jets) == 2 * 7406
    np.testing.assert_array_equal(jets.index, np.repeat(np.arange(7406), 2))
    assert jets.reserved == {"Flavor", "MET", "METEta", "METPhi", "MT", "Mjj"}
    scalars = [f for f in jets.fields if jets[f].ndim == 1 and f not in jets.reserved]
    assert scalars == ["Eta", "Phi", "Pt", "M", "ChargedFraction", "PTD", "Axis2", "Energy"]
    np.testing.assert_array_equal(jets.target, ak.to_numpy(jets["Flavor"]) == 21)
    np.testing.assert_allclose(  # columns are what their names say: E^2 = m^2 + pT^2 cosh^2(eta)
        jets["Energy"] ** 2, jets["M"] ** 2 + (jets["Pt"] * np.cosh(jets["Eta"])) ** 2, rtol=1e-3
    )


def test_real_text_files(real: Path) -> None:
    higgs = read(real / "higgs" / "lightgbm_binary.train", format="tsv", label="c0")
    assert (len(higgs), len(higgs.fields), higgs.classes) == (7000, 29, ("background", "signal"))
    hits = read(real / "tracking" / "TrackML2DBaseline_input.csv", index="event")
    assert (len(hits), len(np.unique(hits.index))) == (21_128, 200)


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv", ".csv.gz"])
@pytest.mark.parametrize("step", [1, 7, 300, 1000])
def test_iterate_gives_the_same_in_parts(flat: Events, suffix: str, step: int, tmp_path: Path) -> None:
    if step == 1:
        flat = flat.take(slice(0, 9))
    path = write(flat, tmp_path / f"a{suffix}")
    options = {} if suffix in (".h5", ".root", ".parquet") else {"label": "label", "index": "event", "weight": "weight"}
    parts = list(iterate(path, step, **options))
    assert all(len(part) <= step for part in parts)
    assert len(parts) >= len(flat) / step
    joined, whole = Events.concatenate(parts), read(path, **options)  # type: ignore[arg-type]  # all are texts
    assert joined.array.to_list() == whole.array.to_list()
    np.testing.assert_array_equal(joined.target, whole.target)
    np.testing.assert_array_equal(joined.index, whole.index)


def test_a_label_needs_one_pass_and_tells_the_same_as_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    paths = []
    for part, kinds in enumerate((("b", "c"), ("light", "b"))):
        flavour = random.choice(kinds, 2000)
        text = "".join(f"{f},{x!r}\n" for f, x in zip(flavour.tolist(), random.normal(size=2000).tolist(), strict=True))
        paths.append(tmp_path / f"{part}.csv")
        paths[-1].write_text("flavour,x\n" + text)
    passes: list[Path] = []
    chunks = CsvSource.chunks

    def counted(source: CsvSource, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        passes.append(source.path)
        return chunks(source, columns, step)

    monkeypatch.setattr(CsvSource, "chunks", counted)
    options: dict[str, Any] = {"label": "flavour", "cut": "x > -1"}
    whole = read(paths, **options)
    assert passes == paths
    parts = Events.concatenate(list(iterate(paths, step=500, **options)))
    assert whole.classes == parts.classes == ("b", "c", "light")
    np.testing.assert_array_equal(whole.target, parts.target)
    np.testing.assert_array_equal(whole["x"], parts["x"])
    assert whole.reserved == parts.reserved


def test_classes_are_the_same_in_all_parts(tmp_path: Path) -> None:
    path = tmp_path / "sorted.csv"
    path.write_text("flavour\n" + "21\n" * 4 + "1\n" * 4 + "4\n" * 4)
    parts = list(iterate(path, 4, label="flavour"))
    assert {p.classes for p in parts} == {("1", "4", "21")}
    assert [p.labels.tolist() for p in parts] == [[2] * 4, [0] * 4, [1] * 4]


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "lable"}, "'lable' in .*table.csv; did you mean label"),
        ({"columns": ["ptt"]}, "'ptt' in .*table.csv; did you mean pt"),
        ({"cut": "Eta > 1"}, "did you mean eta"),
        ({"weight": "w"}, "column 'w'"),
    ],
)
def test_missing_columns_list_the_nearest(table: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        read(table, **options)  # type: ignore[arg-type]  # all are texts


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weight": "name"}, DataError, "weight 'name' of .* needed: numbers"),
        ({"index": "name"}, DataError, "event number 'name'.*whole numbers"),
        ({"index": "eta / 3"}, DataError, "whole numbers"),
        ({"label": "eta / 3"}, DataError, "numbers no class|number no class"),
        ({"label": "label * 0"}, DataError, "only the value 0"),
        ({"label": "label == 7"}, DataError, "only the value False"),
        ({"label": "label", "cut": "label == 1"}, DataError, "only the value 1"),
        ({"label": "label", "limit": 1}, DataError, "one class"),
        ({"cut": "pt > 1000"}, DataError, "no event of .* passes the cut"),
        ({"cut": "pt"}, ConfigError, "not a condition"),
        ({"label": "label", "weight": "weight * 0"}, DataError, "weights of all events .* sum to 0"),
        ({"label": "label", "weight": "(label == 0) * weight"}, DataError, "class 'signal' .* sum to 0"),
        ({"explode": "pt"}, UnknownName, "list to explode"),
        ({"limit": 0}, ConfigError, "at least 1"),
        ({"columns": []}, ConfigError, "columns= is empty"),
        ({"classes": ("a",), "label": "label"}, ConfigError, "two or more"),
        ({"classes": ("a", "b", "c"), "label": "label"}, ConfigError, "3 class names"),
        ({"layout": "lhco"}, ConfigError, "HDF5"),
        ({"signal": "x.csv"}, ConfigError, "not both"),
    ],
)
def test_wrong_requests(table: Path, options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read(table, **options)  # type: ignore[arg-type]  # wrong on purpose


def test_wrong_files(table: Path) -> None:
    with pytest.raises(ConfigError, match="only signal= is given"):
        read(signal=table)
    with pytest.raises(ConfigError, match="no file is given"):
        read()
    with pytest.raises(ConfigError, match="both as signal and as background"):
        read(signal=table, background=table)
    with pytest.raises(ConfigError, match="no meaning"):
        read(signal=table, background="x.csv", label="label")
    with pytest.raises(ConfigError, match="step=0"):
        next(iterate(table, 0))


@pytest.mark.parametrize("word", ["nan", "inf", "-inf", "", "NA"])
def test_invalid_values_name_file_column_and_row(tmp_path: Path, word: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("x,y\n" + "1,2\n" * 7 + f"1,{word}\n" + "1,2\n" * 2 + f"1,{word}\n")
    message = r"bad.csv holds NaN.* among rows 0 to 10: column 'y' in 2 events \(rows 7, 10\).*drop_invalid"
    with pytest.raises(DataError, match=message):
        read(path)
    assert len(read(path, columns="x")) == 11
    assert len(read(path, cut="abs(y) < 3")) == 9
    with pytest.warns(KaonWarning, match="2 of 11 events"):
        events = read(path, drop_invalid=True)
    assert len(events) == 9
    assert events.provenance.history == ("dropped 2 of 11 events as invalid",)
    np.testing.assert_array_equal(events.index, [0, 1, 2, 3, 4, 5, 6, 8, 9])


def test_invalid_rows_are_numbered_within_the_file_when_streaming(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("x\n" + "1\n" * 25 + "nan\n")
    parts = iterate(path, 10)
    assert len(next(parts)) == len(next(parts)) == 10
    with pytest.raises(DataError, match=r"rows 20 to 25: column 'x' in 1 events \(rows 25\)"):
        next(parts)


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet"])
def test_invalid_values_within_lists(events: Events, suffix: str, tmp_path: Path) -> None:
    hits = ak.where(events["hits"] > 2.5, np.inf, events["hits"])
    bad = int(ak.sum(ak.any(np.isinf(hits), axis=1)))
    path = write(events.with_columns(hits=hits), tmp_path / f"a{suffix}")
    assert bad > 0
    with pytest.raises(DataError, match=f"column 'hits' in {bad} events"):
        read(path)
    with pytest.warns(KaonWarning, match=f"{bad} of 300"):
        assert len(read(path, drop_invalid=True)) == 300 - bad


def test_nothing_valid_left(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("x,y\n1,nan\n")
    with pytest.warns(KaonWarning), pytest.raises(DataError, match="no events without invalid"):
        read(path, drop_invalid=True)


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv.gz"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.97])
def test_truncated_files(flat: Events, suffix: str, part: float, tmp_path: Path) -> None:
    path = write(flat, tmp_path / f"a{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(DataError, match=rf"a{suffix} (cannot be read: it is damaged, cut short|is empty)"):
        read(path)


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv.gz"])
def test_files_of_another_kind(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"this is not such a file at all, only some text\n" * 20)
    with pytest.raises(DataError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv"])
def test_files_without_entries(flat: Events, suffix: str, tmp_path: Path) -> None:
    path = write(flat.take(slice(0, 0)), tmp_path / f"empty{suffix}")
    with pytest.warns(KaonWarning, match="no entries"), pytest.raises(DataError, match="holds no events"):
        read(path)
    full = write(flat, tmp_path / f"full{suffix}")
    with pytest.warns(KaonWarning, match="empty"):
        assert len(read([path, full])) == 300


def test_empty_files(tmp_path: Path) -> None:
    for name in ("a.csv", "a.root", "a.h5", "a.parquet"):
        (tmp_path / name).touch()
        with pytest.raises(DataError, match="0 bytes"):
            read(tmp_path / name)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path / "b.csv.gz")


def test_momenta_in_mev_are_suspected(tmp_path: Path) -> None:
    path = tmp_path / "atlas.csv"
    path.write_text("jet_pt,m\n" + "45000,1\n" * 5)
    with pytest.warns(KaonWarning, match="median of 'jet_pt' is 45000; .* MeV"):
        read(path)


def test_files_of_one_call_have_the_same_columns(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("pt,eta\n1,2\n")
    with pytest.raises(DataError, match="differ in the columns"):
        read([table, other])
    assert len(read([table, other], columns=["pt", "eta"])) == 5
    with pytest.raises(DataError, match="differ in the columns"):
        list(iterate([table, other]))


def test_reading_needs_no_torch() -> None:
    code = "import sys; from kaon.data.io import read; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MEASURE = textwrap.dedent("""
    import json, sys, threading, time
    import psutil
    from kaon.data.io import iterate

    path, step = sys.argv[1], int(sys.argv[2])
    next(iterate(path, step))  # everything is imported and warm
    process, peak, done = psutil.Process(), 0, threading.Event()
    before = process.memory_info().rss

    def watch():
        global peak
        while not done.is_set():
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    rows = sum(len(events) for events in iterate(path, step))
    done.set()
    thread.join()
    print(json.dumps([rows, peak - before]))
""")


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet", ".csv", ".csv.gz"])
def test_memory_is_bounded_by_the_step(suffix: str, tmp_path: Path) -> None:
    text = suffix in (".csv", ".csv.gz")
    rows, width, part = 240_000 if text else 160_000, 64, 10_000  # 123 or 82 MB in memory
    path = tmp_path / f"large{suffix}"
    random = np.random.default_rng(0)

    def parts() -> Iterator[Events]:
        for start in range(0, rows, part):
            values = random.normal(size=(part, width))
            values = np.round(values, 1) if text else values
            columns = {f"x{i}": values[:, i] for i in range(width)} if text else {"image": values}
            yield Events(ak.zip(columns, depth_limit=1), index=np.arange(start, start + part))

    write(parts(), path.with_name("large.csv") if text else path)
    if suffix == ".csv.gz":
        with path.with_name("large.csv").open("rb") as plain, gzip.open(path, "wb", compresslevel=1) as packed:
            shutil.copyfileobj(plain, packed)
    command = [sys.executable, "-c", MEASURE, str(path), "5000"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    read_rows, peak = json.loads(output)
    assert read_rows == rows
    assert peak < rows * width * 8 / 2, f"{peak / 1e6:.1f} MB"


def test_a_number_may_stand_for_a_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,w,x,z\n0,1,-999,3\n1,2,5,-999\n1,1,6,7\n0,1,8,9\n")
    options: dict[str, Any] = {"label": "y", "weight": "w"}
    assert read(path, **options)["x"].to_list() == [-999, 5, 6, 8]
    found = read(path, missing=-999, **options)
    np.testing.assert_array_equal(ak.to_numpy(found["x"]), [np.nan, 5, 6, 8])
    assert any("missing" in step for step in found.provenance.history)
    assert len(read(path, missing=-999, cut="x > 0", **options)) == 3
    with pytest.warns(KaonWarning, match="2 of 4 events"):
        assert len(read(path, missing=-999, drop_invalid=True, **options)) == 2


@pytest.mark.parametrize("row", ["0,-999,1,1", "-999,1,1,1", "1,1,inf,1"])
def test_roles_must_not_be_missing_and_infinity_stays_an_error(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"y,w,x,z\n0,1,2,3\n1,2,5,-999\n{row}\n")
    with pytest.raises(DataError):
        read(path, label="y", weight="w", missing=-999)
