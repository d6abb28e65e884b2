"""The commands and files that the pages show: what a reader copies works. Sizes are turned down, nothing else."""

from __future__ import annotations

import doctest
import gzip
import json
import re
import shlex
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from kaon.analysis import AnalysisConfig, analyse, load_config
from kaon.cli.main import main
from kaon.data import Events, Provenance
from kaon.data.io import write
from kaon.learn import TrainConfig, train
from kaon.simulate import load_recipe

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SMALLER = {
    "-n": "20",
    "--workers": "1",
    "--epochs": "1",
    "--seeds": "1",
    "--batch-size": "32",
    "--scale": "smoke",
    "--trials": "1",
}
JETS_OF_THE_LANDSCAPE = "kaon-studies/landscape/smoke/events/top-tagging-400-seed1.h5"
FEWER = ("--models", "bdt,topodnn")  # of the landscape's taggers; tests/studies trains the others


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def commands(page: Path) -> list[list[str]]:
    """Arguments of every `kaon` command of a page, with smaller numbers."""
    found = []
    for block in blocks(page, "shell"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["kaon"]:
                found.append([SMALLER.get(before, word) for before, word in pairwise(words)])
    return found


def run(arguments: list[str]) -> None:
    assert main(arguments) == 0, shlex.join(arguments)


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make_jets(jets: Events, path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write(jets, path)


def make_ntuples() -> None:
    """Random numbers in the branches of the exercise take the place of `kaon simulate ztautau`."""
    from tests.analysis.conftest import write_ntuples

    Path("ntuples").mkdir()
    write_ntuples(Path("ntuples"), events=1000)


def test_tutorial(jets: Events) -> None:
    """Every command; jets made of random numbers take the place of the few simulated ones, so that figures are full."""
    recipe = load_recipe("top-tagging").model_copy(update={"chunk_events": 30})
    Path("recipe.yaml").write_text(recipe.to_yaml())
    simulate, *others = commands(DOCS / "tutorial.md")
    run(["recipe.yaml" if word == "top-tagging" else word for word in simulate])
    make_jets(jets, "kaon-demo/jets.h5")
    shown = [arguments[0] for arguments in others]
    assert shown == ["inspect", "compare", "report", "evaluate", "predict", "export", "predict"]
    for arguments in others:
        run(arguments)
    assert Path("kaon-demo/study/report.html").exists()
    assert Path("kaon-demo/figures/roc.pdf").exists()
    assert Path("kaon-demo/onnx-scores.parquet").exists()


def test_tutorial_in_python(jets: Events) -> None:
    make_jets(jets, "kaon-demo/jets.h5")
    (code,) = blocks(DOCS / "tutorial.md", "python")
    exec(compile(code.replace("epochs=12", "epochs=1"), "tutorial.md", "exec"), {})
    assert Path("tagger.kaon").exists()


def test_readme(jets: Events) -> None:
    make_jets(jets, "jets.h5")
    make_jets(replace(jets, provenance=Provenance("top-tagging", seed=1)), JETS_OF_THE_LANDSCAPE)
    make_ntuples()
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted > 0
    assert results.failed == 0
    elsewhere = commands(DOCS / "howto" / "pictures.md")
    for arguments in commands(ROOT / "README.md"):
        done = arguments[0] == "simulate" or "jets-16000.h5" in arguments or arguments in elsewhere  # by others
        if not done:
            run([*arguments, *FEWER] if arguments[0] == "reproduce" else arguments)
    assert Path("kaon-studies/landscape/smoke/report.html").exists()


def test_my_root_file() -> None:
    page = DOCS / "howto" / "my-root-file.md"
    assert doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS).failed == 0
    shown = [arguments for arguments in commands(page) if "ntuple.root" in arguments]
    assert [arguments[0] for arguments in shown] == ["inspect", "compare", "predict"]
    for arguments in shown:
        run(arguments)
    assert Path("scored.root").exists()


def test_use_onnx(jets: Events, capsys: pytest.CaptureFixture[str]) -> None:
    page = DOCS / "howto" / "use-onnx.md"
    train("pfn", jets, config=TrainConfig(epochs=1)).save("tagger.kaon")
    for arguments in commands(page):
        run(arguments)
    capsys.readouterr()
    (code,) = blocks(page, "python")
    exec(compile(code, page.name, "exec"), {})
    spec, shapes = capsys.readouterr().out.splitlines()
    assert '"z", "deta", "dphi"' in spec
    assert shapes == "[('features', ['batch', 'constituents', 3]), ('mask', ['batch', 'constituents'])]"


def test_tune(jets: Events) -> None:
    """Every command, the file, and the Python; the search of the file is what the page says it is."""
    pytest.importorskip("optuna", reason="needs the extra tune")
    page = DOCS / "howto" / "tune.md"
    make_jets(jets, "jets.h5")
    (text,) = blocks(page, "yaml")
    Path("search.yaml").write_text(text.replace("epochs: 10", "epochs: 1"))
    for arguments in commands(page):
        few = ["--epochs", "1"] if "pfn" in arguments else []
        run([*arguments, *few])
    assert Path("runs/pfn-tuned/bundle.kaon").exists()
    space = dict(json.loads(Path("tune/mlp/tune.json").read_text())["space"])
    assert {"learning_rate", "dropout", "hidden", "weight_decay"} <= set(space)
    assert "batch_size" not in space
    (code,) = blocks(page, "python")
    exec(compile(code.replace("epochs=5", "epochs=1"), page.name, "exec"), {})


def test_rank(kaon_data: Path) -> None:
    """Every command, on the small public sample as the published file would be."""
    rows = (kaon_data / "higgs" / "lightgbm_binary.train").read_text().splitlines()[:600]
    with gzip.open("HIGGS.csv.gz", "wt") as file:
        file.write("\n".join(rows).replace("\t", ",") + "\n")
    shown = commands(DOCS / "howto" / "rank.md")
    assert [arguments[0] for arguments in shown] == ["rank", "train", "train", "ensemble", "train", "train", "train"]
    for arguments in shown:
        trees = ["--option", "trees=10"] if "bdt" in arguments else []
        epochs = ["--epochs", "1"] if "--epochs" not in arguments and arguments[0] == "train" else []
        seeds = ["--seeds", "2"] if "--seeds" in arguments else []  # one is no ensemble
        run([*arguments, *trees, *epochs, *seeds])
    assert set(json.loads(Path("ranking/higgs/ranking.json").read_text())) >= {"permutation", "without"}
    assert Path("runs/both/bundle.kaon").exists()
    options = yaml.safe_load(Path("runs/dn-transformed/config.yaml").read_text())["representation_options"]
    assert options == {"missing": "median", "transform": {"lepton_pT": "log", "*": "auto"}}


def test_pictures() -> None:
    """Every command; random pictures of the shapes' size stand for photographs."""
    pytest.importorskip("captum", reason="needs the extra interpret")
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = Path("photos") / name
        folder.mkdir(parents=True)
        for number in range(20):
            Image.fromarray(random.integers(0, 256, (32, 32), np.uint8)).save(folder / f"{number}.png")
    shown = commands(DOCS / "howto" / "pictures.md")
    assert [a[0] for a in shown] == ["inspect", "train", "simulate", "compare", "interpret", "train", "train"]
    for arguments in shown:
        epochs = ["--epochs", "1"] if arguments[0] == "train" and "--epochs" not in arguments else []
        few = ["--right", "1", "--wrong", "1", "--steps", "4"] if arguments[0] == "interpret" else epochs
        run(["60" if word == "20" else word for word in [*arguments, *few]])  # all shapes in each part of the split
    assert Path("inside/report.html").exists()
    assert Path("runs/transferred/bundle.kaon").exists()
    assert Path("runs/pretrained/bundle.kaon").exists()


def test_add_a_model(jets: Events) -> None:
    page = DOCS / "howto" / "add-a-model.md"
    make_jets(jets, "jets.h5")
    Path("transverse.py").write_text(blocks(page, "python")[0])
    (compare,) = commands(page)
    run([*compare, "--option", "transverse.py.f=8"])


def test_reproduce(jets: Events) -> None:
    """The study of the page, on random jets that take the place of simulated ones."""
    page = DOCS / "howto" / "reproduce.md"
    Path("quark_gluon.py").write_text(blocks(page, "python")[0])
    made = replace(jets, provenance=Provenance("quark-gluon", seed=1))
    make_jets(made, "kaon-studies/quark-gluon/smoke/events/quark-gluon-400-seed1.h5")
    shown = commands(page)
    assert [arguments[0] for arguments in shown] == ["reproduce"] * 4
    run(shown[0])
    run(shown[3])
    assert Path("kaon-studies/quark-gluon/smoke/report.html").exists()


def test_add_a_recipe() -> None:
    page = DOCS / "howto" / "add-a-recipe.md"
    (text,) = blocks(page, "yaml")
    Path("higgs-bb.yaml").write_text(text)
    assert load_recipe("higgs-bb.yaml").classes == ("qcd", "higgs")


def test_analyse(kaon_data: Path) -> None:
    """The first command on the public file, the second configuration on the others, and every entry that is shown."""
    page = DOCS / "howto" / "analyse.md"
    first, jagged, *entries = blocks(page, "yaml")
    shown = commands(page)
    assert [arguments[0] for arguments in shown] == ["analyse", "simulate", "analyse"]
    for name in ("uproot-Zmumu.root", "uproot-HZZ.root", "coffea_nano_dy.root"):
        Path(name).symlink_to(kaon_data / "open-data" / name)
    Path("zmumu.yaml").write_text(first)
    run(shown[0])
    numbers = json.loads(Path("dimuons/analysis.json").read_text())
    peak = numbers["histograms"]["pairs"]["mass"]["data"]["values"]
    assert abs(numbers["edges"]["mass"][int(np.argmax(peak))] + 1 - 91.2) < 2
    found = analyse(yaml.safe_load(jagged))
    assert found.yields["dimuon"]["nano"].values[0] > 0
    assert found.yields["dimuon"]["hzz"].values[0] > 0
    whole = load_config("ztautau").settings_tree()
    for entry in entries:  # of other scores, estimates and uncertainties for the same processes and regions
        changed = {**whole, "histograms": {}, "fit": None, **yaml.safe_load(entry)}
        assert AnalysisConfig.from_mapping(changed) != load_config("ztautau")
    assert len(entries) == 3


@pytest.mark.slow
def test_analyse_ztautau() -> None:
    """The command of the exercise, on ntuples made of random numbers."""
    make_ntuples()
    run(commands(DOCS / "howto" / "analyse.md")[2])
    assert Path("ztautau-result/report.html").exists()
