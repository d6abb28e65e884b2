"""The words for wrong settings: every one of them, where it stands, and no dump of whole sections."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from kaon.validation import reasons


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: int = 1


class Outer(BaseModel):
    inner: Inner
    name: str

    @model_validator(mode="after")
    def _named(self) -> Outer:
        if self.name == "none":
            raise ValueError("a name is needed")
        return self


def told(values: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        Outer.model_validate(values)
    return reasons(error.value)


def test_each_wrong_entry_is_told_with_its_place_and_value() -> None:
    text = told({"inner": {"width": "x", "height": 3}, "name": 5})
    first, second, third = text.split("; ")
    assert first.startswith("inner.width: ")
    assert "'x'" in first
    assert second.startswith("inner.height: ")
    assert "3" in second
    assert third.startswith("name: ")
    assert "5" in third


def test_sections_are_not_dumped_and_our_own_reasons_come_as_written() -> None:
    assert "given" not in told({"inner": {"width": 1}})
    assert told({"inner": {}, "name": "none"}) == "a name is needed"
