from __future__ import annotations

import pytest

from kaon.errors import ConfigError
from kaon.learn import Parts, RunConfig
from kaon.tune.prepared import prepared


def test_the_test_events_are_not_represented(parts: Parts) -> None:
    made = prepared(RunConfig(model="mlp"), parts)
    assert made.name == "tabular"
    assert made.validation is not None
    assert (len(made.train), len(made.validation)) == (len(parts.train), len(parts.validation))
    assert made.test is None
    with pytest.raises(ConfigError, match="cannot read"):
        prepared(RunConfig(model="mlp", representation="point_cloud"), parts)
