from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def test_the_page_and_the_figures(kaon: Any, trained: Path) -> None:
    result = kaon("report", trained, "-o", "page.html", "--figures", "figures", "--style", "atlas", "--json")
    assert result.code == 0, result.err
    assert result.json["report"] == "page.html"
    assert "mlp" in result.json["summary"][0]
    assert "<html" in Path("page.html").read_text()[:2000]
    drawn = {Path(path).name for path in result.json["figures"]}
    assert {"roc.pdf", "roc.png"} <= drawn
    assert drawn == {path.name for path in Path("figures").iterdir()}


def test_the_answer_in_words_is_printed(kaon: Any, trained: Path) -> None:
    result = kaon("report", trained, "-o", "page.html")
    assert result.out.startswith("mlp ")
    assert result.out.endswith("report  page.html\n")


@pytest.mark.parametrize(("words", "code"), [(("absent",), 3), (("RUN", "--style", "lhcb"), 2)])
def test_errors(words: tuple[str, ...], code: int, kaon: Any, trained: Path) -> None:
    result = kaon("report", *(trained if word == "RUN" else word for word in words), "-o", "page.html")
    assert (result.code, result.out) == (code, "")
    assert not Path("page.html").exists()


def test_the_expected_events_are_chosen(kaon: Any, trained: Path) -> None:
    result = kaon("report", trained, "--signal-events", 7, "--background-events", 2350, "-o", "r.html")
    assert result.code == 0, result.err
    assert "7 signal and 2,350 background events" in Path("r.html").read_text(encoding="utf-8")
    wrong = kaon("report", trained, "--signal-events", -1)
    assert wrong.code == 2
    assert (
        "--signal-events -1, --background-events 1000, --background-uncertainty 0.05: none can be negative" in wrong.err
    )
