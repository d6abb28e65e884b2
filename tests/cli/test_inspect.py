from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kaon.cli.inspect import sparkline
from kaon.data import Events
from kaon.data.io import write


def test_what_is_in_a_file(kaon: Any, jets: Events, jets_file: Path) -> None:
    found = kaon("inspect", jets_file, "--json").json
    columns = {column["name"]: column for column in found["columns"]}
    assert found["events"] == 400
    assert {name: share["events"] for name, share in found["classes"].items()} == {
        name: int((jets.labels == i).sum()) for i, name in enumerate(jets.classes)
    }
    assert columns["jet_pt"]["minimum"] == pytest.approx(float(np.min(jets["jet_pt"])))
    assert columns["constituents.px"]["lengths"][2] == int(np.max(jets["multiplicity"]))
    assert sum(columns["jet_pt"]["histogram"]["counts"]) == pytest.approx(400, abs=6)
    text = kaon("inspect", jets_file).out
    assert "400 events" in text
    assert "█" in text
    assert all(name in text for name in columns)


def test_pictures_in_a_folder(kaon: Any) -> None:
    random = np.random.default_rng(0)
    for kind, count in (("circle", 3), ("square", 2)):
        for i in range(count):
            path = Path(f"pictures/{kind}/{i}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (4, 5)).astype(np.uint8)).save(path)
    found = kaon("inspect", "pictures", "--json")
    assert found.code == 0, found.err
    assert {name: share["events"] for name, share in found.json["classes"].items()} == {"circle": 3, "square": 2}
    (image,) = found.json["columns"]
    assert image["name"] == "image"
    Path("pictures/circle/0.png").write_bytes(b"damaged")
    refused = kaon("inspect", "pictures")
    assert refused.code == 3
    assert "circle/0.png" in refused.err


def test_missing_values_are_counted_not_refused(kaon: Any) -> None:
    Path("t.csv").write_text("y,a,b\n1,2.5,x\n0,nan,y\n1,inf,x\n0,,x\n")
    result = kaon("inspect", "t.csv", "--label", "y", "--weight", "y - 0.5", "--json")
    columns = {column["name"]: column for column in result.json["columns"]}
    assert (columns["a"]["missing"], columns["a"]["infinite"], columns["a"]["mean"]) == (2, 1, 2.5)
    assert columns["b"]["texts"] == [["x", 3], ["y", 1]]
    assert result.json["classes"]["background"] == {"events": 2, "weight": -1.0, "negative": 2}
    assert result.json["weights"] == {"min": -0.5, "max": 0.5, "sum": 0.0}
    text = kaon("inspect", "t.csv").out
    assert "2 + 1 inf" in text
    assert "x (3), y (1)" in text
    assert "--label" in text


def test_signal_and_background_are_the_classes(kaon: Any, jets: Events) -> None:
    bare = Events(jets.array[["jet_pt"]])
    write(bare.take(slice(0, 100)), "s.parquet")
    write(bare.take(slice(100, 400)), "b.parquet")
    found = kaon("inspect", "--signal", "s.parquet", "--background", "b.parquet", "--json").json
    assert {name: share["events"] for name, share in found["classes"].items()} == {"signal": 100, "background": 300}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "no files"),
        (("absent.h5",), 3, "does not exist"),
        (("JETS", "--columns", "jet_p"), 2, "jet_pt"),
        (("JETS", "--cut", "jet_pt >"), 2, "jet_pt >"),
        (("JETS", "--cut", "jet_pt < 0"), 3, "no events"),
    ],
)
def test_errors(words: tuple[str, ...], code: int, says: str, kaon: Any, jets_file: Path) -> None:
    result = kaon("inspect", *(str(jets_file) if word == "JETS" else word for word in words))
    assert (result.code, result.out) == (code, "")
    assert says in result.err


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_a_sparkline_is_as_high_as_its_counts(counts: list[int]) -> None:
    line = sparkline(np.array(counts))
    heights = [" ▁▂▃▄▅▆▇█".index(block) for block in line]
    assert len(line) == len(counts)
    for count, height in zip(counts, heights, strict=True):
        assert (count == 0) == (height == 0)
        assert count == 0 or abs(height - 8 * count / max(counts)) <= 1
