from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from kaon.errors import MissingExtra
from kaon.extras import EXTRAS, available, require


def test_an_installed_module_is_returned() -> None:
    assert require("json") is json
    assert require("json.decoder").__name__ == "json.decoder"


@pytest.mark.parametrize("module", sorted(EXTRAS))
def test_the_message_holds_the_command_that_installs_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # what Python itself uses for "not importable"
    with pytest.raises(MissingExtra, match=rf"{module} is not installed; run: pip install 'kaon\[{EXTRAS[module]}\]'"):
        require(module)
    assert not available(module)


def test_every_extra_is_declared_in_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    for module, extra in EXTRAS.items():
        assert any(need.startswith(module) for need in project["optional-dependencies"][extra]), module


def test_a_fault_inside_an_optional_module_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kaon_test_broken.py").write_text("import kaon_test_absent\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="kaon_test_absent") as caught:
        require("kaon_test_broken")
    assert not isinstance(caught.value, MissingExtra)


def test_a_missing_part_of_an_installed_module_is_not_told_as_its_absence() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"json\.nothing") as caught:
        require("json.nothing")
    assert not isinstance(caught.value, MissingExtra)


def test_availability_is_found_without_importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kaon_test_loud.py").write_text("raise RuntimeError\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert available("kaon_test_loud")
    assert available("kaon_test_loud.inside")
