from __future__ import annotations

from pathlib import Path

import pytest

from kaon.errors import ConfigError
from kaon.registry import lookup, variants
from kaon.studies.base import perform
from kaon.studies.filters import NETWORKS

pytest.importorskip("captum")


def test_the_smoke_scale_runs(kaon_data: Path, tmp_path: Path) -> None:
    if not (kaon_data / "mnist").is_dir():
        pytest.skip("KAON_DATA holds no mnist")
    result, folder = perform(lookup("kaon.studies", "filters"), "smoke", tmp_path)
    exact, turned, *trained = result.rows
    assert [v.obtained for v in exact.values.values()] == [v.published for v in exact.values.values()]
    assert [v.obtained for v in turned.values.values()] == [-(v.published or 0) for v in exact.values.values()]
    assert [row.name.split(":")[0] for row in trained] == ["shapes", "digits"]
    assert all(0 <= (row.values["edges"].obtained or -1) <= 100 for row in trained)
    assert [section.name for section in result.sections] == ["kernels", "shapes", "digits"]
    assert (folder / "report.html").stat().st_size < 7_000_000


def test_every_network_is_registered_and_has_settings_at_the_full_scale() -> None:
    full = lookup("kaon.studies", "filters").scales["full"].settings
    assert {network.model for network in NETWORKS} <= set(variants("kaon.models"))
    assert {network.name for network in NETWORKS} <= set(full)


def test_only_one_folder_of_data_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one folder"):
        perform(lookup("kaon.studies", "filters"), "smoke", tmp_path, data=["a", "b"])
