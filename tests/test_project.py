"""What stands beside the code: versions that agree, the lock, the Makefile and what CI runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = dict(
    line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if line and line[0] != "#"
)
LOCKED: dict[str, str] = {canonicalize_name(name): version for name, version in LOCK.items()}


def test_versions_agree() -> None:
    version = PROJECT["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    assert re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[0] == version


def test_the_lock_holds_every_dependency_in_its_range() -> None:
    extras = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name != "all"}
    for line in [*PROJECT["dependencies"], *(line for lines in extras.values() for line in lines)]:
        wanted = Requirement(line)
        name = str(canonicalize_name(wanted.name)).replace("xgboost", "xgboost-cpu")
        assert name in LOCKED, f"{name} is not in requirements.lock"
        assert wanted.specifier.contains(LOCKED[name]), f"{name} {LOCKED[name]} is not {wanted.specifier}"
    assert set(PROJECT["optional-dependencies"]["all"][0].split("[")[1].rstrip("]").split(",")) == set(extras)


def test_the_lock_works_with_plain_pip() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in LOCK)
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in LOCK.values()), "a local suffix or a marker"
    assert "kaon" not in LOCK
    assert LOCKED["torch"] == "2.13.0"
    assert tuple(map(int, LOCKED["pythia8mc"].split(".")[:2])) < (8, 318)
    assert {"hatchling", "editables"} <= set(LOCKED)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", ["demo", "test", "test-all", "lint", "bench", "docs"])
def test_every_target_sets_itself_up(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--requirement requirements.lock" in done.stdout
    assert done.stdout.index("--requirement") < done.stdout.index("--editable .")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_an_old_python_is_refused_in_words(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.8.1' && exit 0\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(["make", f"PYTHON={old}", "lint"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "needs python3 3.11 or newer" in done.stderr
    assert "Python 3.8.1" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("code", [0, 1])
def test_ci_runs_make_test_prints_the_closing_line_and_fails_with_it(code: int, tmp_path: Path) -> None:
    work, tools = tmp_path / "work", tmp_path / "tools"
    (work / ".ci").mkdir(parents=True)
    tools.mkdir()
    (tmp_path / "shared" / "data").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", work / ".ci" / "run")
    closing = "====== 3 passed, 1 skipped in 0.12s ======"
    for name, body in {
        "make": f'echo "asked $1 $KAON_DATA"; echo "{closing}"; echo "more"; exit {code}',
        "chromium": "exit 0",
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run([work / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines[0] == f"asked test {tmp_path / 'shared' / 'data'}"
    assert lines[-1] == closing
    assert (done.returncode == 0) == (code == 0)
