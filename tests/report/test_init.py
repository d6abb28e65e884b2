from __future__ import annotations

import pytest

import kaon.report


@pytest.mark.parametrize("name", kaon.report.__all__)
def test_everything_offered_is_there(name: str) -> None:
    assert getattr(kaon.report, name).__name__ == name


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = kaon.report.no_such_thing
