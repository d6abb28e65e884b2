from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from kaon import registry
from kaon.errors import BundleError, ConfigError, UnknownName
from kaon.registry import KINDS, lookup, lookup_saved, origin, variants


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable package of two modules that register three names."""
    home = tmp_path / "kaon_test_zoo"
    home.mkdir()
    (home / "__init__.py").touch()
    (home / "cats.py").write_text("VARIANTS = {'lynx': 1, 'puma': 2}\n")
    (home / "dogs.py").write_text("VARIANTS = {'dingo': 3}\n")
    (home / "keeper.py").write_text("'''registers nothing'''\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield home
    for name in [n for n in sys.modules if n.startswith("kaon_test_zoo")]:
        del sys.modules[name]


def install(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Pretend that a distribution with this entry point is installed."""

    def entry_points(group: str) -> list[EntryPoint]:
        return [EntryPoint(name, value, group)] if group == "kaon_test_zoo" else []

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_names_of_all_modules_are_merged_and_sorted(package: Path) -> None:
    assert list(variants("kaon_test_zoo").items()) == [("dingo", 3), ("lynx", 1), ("puma", 2)]
    assert lookup("kaon_test_zoo", "puma") == 2


def test_a_name_in_two_modules_raises_and_names_both(package: Path) -> None:
    (package / "extinct.py").write_text("VARIANTS = {'lynx': 4}\n")
    with pytest.raises(ConfigError, match=r"'lynx' is registered twice: by kaon_test_zoo\.cats and by .*extinct"):
        variants("kaon_test_zoo")


def test_an_unknown_name_lists_the_nearest(package: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown name 'pume'; did you mean puma\? Known: dingo, lynx, puma"):
        lookup("kaon_test_zoo", "pume")


@pytest.mark.parametrize(("package_name", "kind"), sorted(KINDS.items()))
def test_messages_say_what_kind_of_thing_is_unknown(package_name: str, kind: str) -> None:
    if package_name == "kaon.datasets":
        pytest.importorskip(package_name, reason="there are no data sets yet")
    with pytest.raises(UnknownName, match=f"unknown {kind} 'nonsense'"):
        lookup(package_name, "nonsense")


def test_an_installed_object_joins_under_the_name_of_its_entry_point(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "ordered", "collections:OrderedDict")
    assert lookup("kaon_test_zoo", "ordered").__name__ == "OrderedDict"
    assert lookup("kaon_test_zoo", "lynx") == 1


def test_an_installed_module_joins_with_all_its_variants(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package.parent / "kaon_test_zoo_more.py").write_text("VARIANTS = {'emu': 5, 'kiwi': 6}\n")
    install(monkeypatch, "birds", "kaon_test_zoo_more")
    assert set(variants("kaon_test_zoo")) == {"dingo", "emu", "kiwi", "lynx", "puma"}


def test_an_installed_name_cannot_replace_one_of_ours(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "lynx", "collections:OrderedDict")
    with pytest.raises(ConfigError, match=r"twice: by kaon_test_zoo\.cats and by entry point lynx"):
        variants("kaon_test_zoo")


def test_a_broken_installed_extension_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "ghost", "kaon_test_nowhere:Ghost")
    with pytest.raises(ConfigError, match=r"entry point ghost \(kaon_test_nowhere:Ghost\) .* repair or uninstall"):
        lookup("kaon_test_zoo", "lynx")


def test_a_file_of_the_user_joins_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("class A: pass\nVARIANTS = {'a': A}\n")
    (tmp_path / "ours.py").write_text("VARIANTS = {'a': 1, 'b': 2}\n")
    one = lookup("kaon.models", str(tmp_path / "mine.py"))
    assert one.__name__ == "A"
    assert lookup("kaon.models", f"{tmp_path / 'mine.py'}:a") is one, "a file is executed once"
    assert lookup("kaon.models", f"{tmp_path / 'ours.py'}:b") == 2
    monkeypatch.setenv("HOME", str(tmp_path))
    assert lookup("kaon.models", "~/ours.py:b") == 2


def test_files_of_equal_name_in_two_folders_are_two_modules(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text(f"VARIANTS = {{'x': '{folder}'}}\n")
    found = [lookup("kaon.models", str(tmp_path / folder / "same.py")) for folder in ("one", "two")]
    assert found == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (None, "gone.py", "looks like a Python file, but .* does not exist"),
        ("x = 1", "empty.py", "declares no VARIANTS"),
        ("VARIANTS = {}", "none.py", "declares no VARIANTS"),
        ("VARIANTS = [1]", "list.py", "declares no VARIANTS"),
        ("VARIANTS = {'alpha': 1, 'beta': 2}", "two.py", r"unknown variant '\(none given\)' .* Known: alpha, beta"),
        ("VARIANTS = {'alpha': 1, 'beta': 2}", "two.py:alpa", r"did you mean alpha\?"),
    ],
)
def test_what_is_wrong_with_a_file_of_the_user_is_said(
    tmp_path: Path, content: str | None, name: str, says: str
) -> None:
    if content is not None:
        (tmp_path / name.partition(":")[0]).write_text(content)
    with pytest.raises(ConfigError, match=says):
        lookup("kaon.models", str(tmp_path / name))


def test_a_file_that_failed_can_be_repaired_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "typo.py"
    path.write_text("VARIANTS = {'a': undefined}\n")
    with pytest.raises(NameError):
        lookup("kaon.models", str(path))
    path.write_text("VARIANTS = {'a': 'repaired'}\n")
    assert lookup("kaon.models", str(path)) == "repaired"


def test_origin_finds_the_class_behind_any_number_of_partials() -> None:
    assert origin(partial(partial(dict, a=1), b=2)) is dict
    assert origin(dict) is dict


def test_a_saved_name_runs_no_file_but_the_callers(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / "thing.py"
    ours = tmp_path / "ours" / "thing.py"
    for path, value in ((theirs, "raise SystemExit('run!')"), (ours, "VARIANTS = {'a': int, 'b': str}")):
        path.parent.mkdir()
        path.write_text(value)
    with pytest.raises(BundleError, match=r"defined in thing\.py"):
        lookup_saved("kaon.models", f"{theirs}:b")
    with pytest.raises(BundleError, match=r"--source thing\.py"):
        lookup_saved("kaon.models", f"{theirs}:b", ["other.py"])
    assert lookup_saved("kaon.models", f"{theirs}:b", [ours]) is str
