from __future__ import annotations

import pytest

from kaon.errors import ConfigError
from kaon.interpret.variables import variable_groups


def test_every_column_is_in_exactly_one_variable() -> None:
    found = variable_groups(("a", "b", "c", "d"), {"b": ("b", "d")})
    assert found == {"a": ("a",), "b": ("b", "d"), "c": ("c",)}
    assert variable_groups(("a", "b")) == {"a": ("a",), "b": ("b",)}


@pytest.mark.parametrize("groups", [{"g": ()}, {"g": ("x",)}, {"g": ("a",), "h": ("a",)}, {"a": ("b", "c")}])
def test_groups_that_make_no_sense(groups: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ConfigError, match="group"):
        variable_groups(("a", "b", "c"), groups)
