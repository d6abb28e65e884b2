from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.image as mpimg
import pytest

from kaon.errors import DataError, UnknownName
from kaon.report import RunRecord, load, write_figures


@pytest.fixture(scope="module")
def one_model(comparison_directory: Path) -> list[RunRecord]:
    return [r for r in load(comparison_directory).runs if r.model == "pfn" and r.seed == 0]


def test_pdf_and_png_of_every_figure(one_model: list[RunRecord], tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    written = write_figures(one_model, tmp_path / "new" / "folder", "atlas")
    again = write_figures(one_model, tmp_path / "again", "atlas")
    assert [p.read_bytes() for p in written] == [p.read_bytes() for p in again]
    names = [
        "roc",
        "significance",
        "scores_pfn",
        "calibration",
        "rejection_pt",
        "mass_sculpting",
        "training_pfn",
        "cut_pfn",
    ]
    assert [p.name for p in written] == [f"{n}{suffix}" for n in names for suffix in (".pdf", ".png")]
    assert sorted(written) == sorted((tmp_path / "new" / "folder").iterdir())
    for path in written:
        if path.suffix == ".pdf":
            content = path.read_bytes()
            assert content.startswith(b"%PDF-")
            assert content.rstrip().endswith(b"%%EOF")
        else:
            pixels = mpimg.imread(path)
            assert min(pixels.shape[:2]) > 900
            assert 0.01 < (pixels[..., :3].min(axis=-1) < 0.9).mean() < 0.6  # ink on paper
    assert dict(mpl.rcParams) == before


def test_bad_requests_write_nothing(one_model: list[RunRecord], tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="cms"):
        write_figures(one_model, tmp_path / "x", "cmss")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="not a directory"):
        write_figures(tmp_path / "nowhere", tmp_path / "x")
    with pytest.raises(DataError, match="nothing to draw"):
        write_figures([], tmp_path / "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot"):
        write_figures(one_model, tmp_path / "file")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]
