from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.report.charts.test_tuning import SEARCH

from kaon.report.tuning import headline, write_tuning


def test_the_page_holds_everything(tmp_path: Path) -> None:
    made = replace(SEARCH, test={"auc": 0.87}, facts={"Source": "<jets>"})
    page = write_tuning(made, tmp_path / "report.html").read_text()
    for words in ("Which mlp is best?", "&lt;jets&gt;", "3 complete, 1 pruned, 1 failed", 'href="best/report.html"'):
        assert words in page
    assert "<jets>" not in page
    for figure in ("history", "curves", "importances", "slice-0", "slice-1"):
        assert f'id="figure-{figure}"' in page
    rows = page.split("<tbody>")[1].split("</tbody>")[0]
    assert rows.index(">0.9<") < rows.index(">0.8<") < rows.index(">0.7<"), "the best first"
    assert rows.count('class="best"') == 1


def test_the_headline_says_what_was_gained_and_what_to_quote() -> None:
    said = " ".join(headline(replace(SEARCH, test={"auc": 0.87})))
    assert "number 1: AUC 0.9." in said
    assert "Without a search it is 0.7" in said
    assert "0.87: the number to quote" in said
    assert "rate mattered most (75%" in said
    best_first = replace(SEARCH, trials=SEARCH.trials[:1], objective="1/εB at 0.3", test={"auc": 0.8})
    said = " ".join(headline(best_first))
    assert "nothing that was tried is better" in said
    assert "an AUC of 0.8." in said
    assert headline(replace(SEARCH, trials=())) == ["No trial was completed."]
