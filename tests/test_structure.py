"""The house rules that a machine can check: mirrors, public names, size."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "kaon"
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 500


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE.parent))


def has_logic(path: Path) -> bool:
    """Whether a file holds more than a docstring, imports and `__all__`."""
    for node in ast.parse(path.read_text()).body:
        listed = isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node)
        if not (listed or isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)):
            return True
    return False


@pytest.mark.parametrize("path", [m for m in MODULES if m.name != "__init__.py"], ids=name_of)
def test_every_module_has_its_mirror(path: Path) -> None:
    mirror = ROOT / "tests" / path.relative_to(SOURCE).with_name(f"test_{path.name}")
    assert mirror.exists(), f"{mirror.relative_to(ROOT)} is missing"
    assert "def test_" in mirror.read_text()


@pytest.mark.parametrize("path", [m for m in MODULES if m.name == "__init__.py" and has_logic(m)], ids=name_of)
def test_every_package_with_logic_has_its_mirror(path: Path) -> None:
    mirror = ROOT / "tests" / path.relative_to(SOURCE).with_name("test_init.py")
    assert mirror.exists(), f"{mirror.relative_to(ROOT)} is missing"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_public_name_exists(path: Path) -> None:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    if path.name != "__init__.py" or has_logic(path):
        assert hasattr(module, "__all__"), "no __all__"
    names = list(getattr(module, "__all__", ()))
    assert len(names) == len(set(names))
    missing = [name for name in names if not hasattr(module, name)]
    assert not missing


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text()))
    assert doc
    assert "TODO" not in doc


def test_no_file_is_too_long() -> None:
    files = [*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    long = {
        name: n
        for f in files
        if (n := len((name := str(f.relative_to(ROOT))) and f.read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_tests_mirror_nothing_that_is_gone() -> None:
    """A test in a folder of the source tests a module of that folder."""
    free = {"conformance", "browser", "docs", "benchmarks"}
    orphans = []
    for test in (ROOT / "tests").rglob("test_*.py"):
        where = test.relative_to(ROOT / "tests").parent
        if where.parts and not set(where.parts) & free:
            module = SOURCE / where / f"{test.stem.removeprefix('test_')}.py"
            if not module.exists() and test.stem != "test_init":
                orphans.append(str(test.relative_to(ROOT)))
    assert not orphans
