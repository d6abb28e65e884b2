from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kaon.cli.reproduce import results_table
from kaon.errors import nearest
from kaon.registry import variants
from kaon.report.study import Result, ResultRow, Value
from kaon.report.table import COLUMNS

STUDY = '''
"""A study of one's own: two kinds of trees on the given files."""
from kaon.data.io import read
from kaon.learn import RunConfig
from kaon.report.study import Result, ResultRow, measured
from kaon.report.table import COLUMNS
from kaon.studies.base import Scale, Study

MODELS = ("bdt", "bdt_xgboost")

def run(context):
    if context.scale_name == "full":
        raise KeyboardInterrupt
    configs = [RunConfig(model=m, options={"trees": 5}) for m in context.chosen(MODELS)]
    comparison = context.compare(read(list(context.data)), configs)
    values = {m: {COLUMNS[0].key: measured(r, COLUMNS[0], published=0.9)} for m, r in comparison.models.items()}
    rows = [ResultRow(m, v, f"{len(comparison.models[m])} seeds", m) for m, v in values.items()]
    return Result("trees", context.scale_name, "Which trees?", "here", COLUMNS[:1], rows, ("Trees.",), ("Few jets.",))

VARIANTS = {"trees": Study("trees", "Which trees?", "here", {"smoke": Scale(0, 2), "full": Scale(0)}, run, MODELS,
                           takes_data="any files")}
'''


@pytest.fixture
def own(kaon: Any) -> str:
    Path("mine.py").write_text(STUDY)
    return "mine.py"


def test_a_study_and_its_repetition(own: str, kaon: Any, jets_file: Path) -> None:
    words = ("reproduce", own, "--scale", "smoke", "--data", jets_file, "--models", "bdt", "-o", "here")
    first = kaon(*words)
    assert first.code == 0, first.err
    assert "bdt" in first.out
    assert "(0.900)" in first.out
    assert "Few jets." in first.out
    folder = Path("here/trees/smoke")
    assert f"report  {folder}/report.html" in first.out
    assert "bdt seed 1" in first.err

    again = kaon(*words, "--json", "--seeds", 3)
    assert again.err.count("finished before") == 2
    assert again.json["rows"][0]["values"]["auc"]["seeds"] == 3
    assert again.json["rows"] == json.loads((folder / "table.json").read_text())["rows"]


def test_several_files_follow_data(own: str, kaon: Any, jets_file: Path) -> None:
    result = kaon("reproduce", own, "--data", jets_file, jets_file, "--scale", "smoke", "--models", "bdt", "--json")
    assert result.code == 0, result.err
    assert json.loads(Path("kaon-studies/trees/smoke/study.json").read_text())["data"] == [str(jets_file)] * 2


def test_interrupted_it_says_how_to_go_on(own: str, kaon: Any, jets_file: Path) -> None:
    result = kaon("reproduce", own, "--data", jets_file, "--scale", "full")
    assert result.code == 130
    assert "repeat the same command to go on where it stopped" in result.err
    assert Path("kaon-studies/trees/full/study.json").exists()


def test_the_list_tells_source_and_state(kaon: Any) -> None:
    found = {study["name"]: study for study in kaon("reproduce", "--list", "--json").json}
    assert set(found) == set(variants("kaon.studies"))
    assert all(set(s["states"]) == {"smoke", "quick", "full"} for s in found.values())
    assert all(text.startswith("not run") for s in found.values() for text in s["states"].values())
    for name in found:
        folder = Path("kaon-studies") / name
        for scale, file in (("smoke", "table.json"), ("quick", "study.json")):
            (folder / scale).mkdir(parents=True)
            (folder / scale / file).write_text("{}")
    for study in kaon("reproduce", "--list", "--json").json:
        assert (study["states"]["smoke"], study["states"]["quick"]) == ("done", "partly")
    text = kaon("reproduce", "--list")
    assert text.code == 0
    assert all(name in text.out for name in found)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "which study?"),
        (("mine.py", "--scale", "smok"), "did you mean smoke? Known: full, smoke"),
        (("mine.py", "--scale", "smoke", "--models", "bdtt"), "did you mean bdt"),
        (("mine.py", "--scale", "smoke", "--seeds", "0"), "seeds=0"),
    ],
)
def test_errors(words: tuple[str, ...], says: str, own: str, kaon: Any) -> None:
    result = kaon("reproduce", *words)
    assert result.code == 2
    assert says in result.err
    assert not Path("kaon-studies").exists()


def test_an_unknown_study_lists_the_nearest(kaon: Any) -> None:
    result = kaon("reproduce", "landscap")
    assert result.code == 2
    assert nearest("landscap", variants("kaon.studies")) in result.err


def test_what_is_no_study_is_refused(kaon: Any) -> None:
    Path("odd.py").write_text("VARIANTS = {'odd': 3}\n")
    result = kaon("reproduce", "odd.py")
    assert (result.code, "is a int, not a kaon.studies.base.Study" in result.err) == (2, True)


@pytest.mark.parametrize(("width", "expected"), [(200, "0.9100 ± 0.0200 [dim](0.981)[/]"), (80, "0.9100\n± 0.0200")])
def test_a_narrow_terminal_breaks_the_cells(width: int, expected: str) -> None:
    row = ResultRow("pfn", {"auc": Value(0.91, 0.02, 2, published=0.981)})
    made = results_table(Result("s", "smoke", "?", "", COLUMNS, [row]), width)
    assert next(iter(made.columns[1].cells)).startswith(expected)
    assert list(made.columns[2].cells) == [""]
