from __future__ import annotations

import json
import subprocess
import sys

import pytest

import kaon


def modules_after(code: str) -> set[str]:
    """Top-level modules of a fresh Python after running some code."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


def test_importing_kaon_imports_none_of_the_heavy_libraries() -> None:
    heavy = {"torch", "awkward", "lightning", "numpy", "pyarrow", "uproot", "h5py", "sklearn", "lightgbm", "matplotlib"}
    assert not heavy & modules_after("import kaon; dir(kaon); kaon.__version__")


def test_events_come_without_the_networks() -> None:
    found = modules_after("import kaon; kaon.Events")
    assert "awkward" in found
    assert "torch" not in found


@pytest.mark.parametrize("name", kaon.__all__)
def test_every_promised_name_exists_and_stays_the_same(name: str) -> None:
    assert name in dir(kaon)
    first = getattr(kaon, name)
    assert getattr(kaon, name) is first


@pytest.mark.parametrize("code", ["import kaon", "import kaon, kaon.simulate.recipe", "import kaon; kaon.simulate"])
def test_simulate_can_be_called_whatever_was_imported_before(code: str) -> None:
    # The function has the name of its package, which Python binds to `kaon` once it is imported.
    modules_after(
        f"{code}\nfrom kaon.errors import ConfigError\ntry: kaon.simulate('top-tagging', 0)\nexcept ConfigError: pass"
    )


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'kaon' has no attribute 'nonsense'"):
        kaon.nonsense  # noqa: B018  # the access is the test
