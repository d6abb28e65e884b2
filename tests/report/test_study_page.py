from __future__ import annotations

import json
import re
from pathlib import Path

from kaon.report.study import Result, ResultRow, Value
from kaon.report.study_page import write_result
from kaon.report.table import COLUMNS

AUC, ACCURACY = COLUMNS[:2]


def written(folder: Path, *rows: ResultRow) -> str:
    result = Result(
        "s", "smoke", "Which is best?", "arXiv:1902.09914", (AUC, ACCURACY), rows,
        summary=("One is.",), notes=("More data would help.",), facts={"Jets": "100"}, pages={"All": "c/report.html"},
    )  # fmt: skip
    files = write_result(result, folder)
    assert json.loads(files["table"].read_text())["rows"][0]["name"] == rows[0].name
    assert files["markdown"].read_text().startswith("# Which is best?")
    return files["report"].read_text()


def test_the_page_shows_obtained_and_published_and_marks_the_best(tmp_path: Path) -> None:
    one = ResultRow("one", {"auc": Value(0.91, 0.01, 2, published=0.981, source="arXiv:1")}, "2 seeds", "one")
    two = ResultRow("two", {"auc": Value(0.95, 0.01, 2), "accuracy": Value(0.9)}, model="two")
    page = written(tmp_path, one, two)
    cells = re.findall(r"<td(.*?)>(.*?)</td>", page)
    assert [(attributes.split()[0] == 'class="best"', text) for attributes, text in cells] == [
        (False, '0.9100 ± 0.0100<small class="published" title="arXiv:1">0.981</small>'),
        (False, ""),
        (True, "0.9500 ± 0.0100"),
        (False, "0.9000"),
    ]
    assert all(words in page for words in ("One is.", "More data would help.", 'href="c/report.html"', "2 seeds"))
    assert page.count('class="chip"') == 2


def test_a_limit_leaves_the_best_open_and_names_are_escaped(tmp_path: Path) -> None:
    rows = [ResultRow("<a>", {"auc": Value(limit=0.9)}), ResultRow("b", {"auc": Value(0.5)})]
    page = written(tmp_path, *rows)
    assert "&gt; 0.9" in page
    assert 'class="best"' not in page
    assert "<a>" not in page
    assert "data-model=" not in page.split("<script>")[0] + page.split("<main")[1].split("<script")[0]
