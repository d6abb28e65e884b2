"""A way to call the command line in this process, and small files and runs to call it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.cli.main import main
from kaon.data import Events
from kaon.data.io import write


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout; fails if anything else is there."""
        return json.loads(self.out)


Kaon = Callable[..., Result]


@pytest.fixture
def kaon(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kaon:
    """`kaon("list", "models")` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Result:
        capsys.readouterr()
        code = main([str(word) for word in words])
        streams = capsys.readouterr()
        return Result(code, streams.out, streams.err)

    return call


@pytest.fixture(scope="session")
def jets(make_jets: Callable[..., Events]) -> Events:
    """400 jets, a tenth of them with the wrong label: no model can tell them all apart."""
    made = make_jets(400)
    target = np.where(np.random.default_rng(1).random(400) < 0.1, 1 - made.labels, made.labels)
    return replace(made.with_columns(label=target), target=target)


@pytest.fixture(scope="session")
def jets_file(jets: Events, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 400 jets as an HDF5 file."""
    return write(jets, tmp_path_factory.mktemp("jets") / "jets.h5")


@pytest.fixture(scope="session")
def table_file(jets: Events, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their plain columns as a text file."""
    path = tmp_path_factory.mktemp("table") / "jets.csv"
    lines = ["label,jet_pt,jet_mass,multiplicity"]
    columns = (jets[name].to_list() for name in ("label", "jet_pt", "jet_mass", "multiplicity"))
    lines += [",".join(map(repr, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def trained(jets_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a small network."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    words = ["train", str(jets_file), "--model", "mlp", "--epochs", "3", "--batch-size", "64", "-o", str(folder)]
    assert main(words) == 0
    return folder
