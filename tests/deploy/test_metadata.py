"""What an exported file says of itself comes back, and anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kaon.deploy.metadata import FORMAT, Metadata
from kaon.errors import BundleError, UnknownName


@pytest.fixture
def properties(make_tagger: Any) -> dict[str, str]:
    return Metadata.of(make_tagger("mlp", "tabular")).to_properties()


def test_round_trip(make_tagger: Any) -> None:
    tagger = make_tagger("pfn", "point_cloud", classes=3)
    metadata = Metadata.of(tagger)
    again = Metadata.from_properties(metadata.to_properties() | {"author": "not ours, and no JSON"}, "a.onnx")
    assert again == metadata
    assert again.classes == ("kind0", "kind1", "kind2")
    assert again.fitted().state() == tagger.representation.state()


def test_a_file_of_someone_else() -> None:
    with pytest.raises(BundleError, match="not written by `kaon export`"):
        Metadata.from_properties({"author": "somebody"}, "a.onnx")


def test_a_newer_format(properties: dict[str, str]) -> None:
    with pytest.raises(BundleError, match="upgrade kaon"):
        Metadata.from_properties(properties | {"kaon_format": str(FORMAT + 1)}, "a.onnx")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "x"),
        ("format", '"1"'),
        ("classes", "3"),
        ("classes", "[1, 2]"),
        ("spec", "[{}]"),
        ("spec", "7"),
        ("model", "null"),
        ("representation", "[]"),
        ("representation_state", "[]"),
        ("training", "3"),
        ("training", "[" * 100_000),
    ],
)
def test_damaged_entries(properties: dict[str, str], key: str, value: str) -> None:
    with pytest.raises(BundleError, match="damaged"):
        Metadata.from_properties(properties | {f"kaon_{key}": value}, "a.onnx")


@pytest.mark.parametrize("key", ["classes", "spec", "model", "representation", "representation_state", "training"])
def test_missing_entries(properties: dict[str, str], key: str) -> None:
    del properties[f"kaon_{key}"]
    with pytest.raises(BundleError, match="damaged"):
        Metadata.from_properties(properties, "a.onnx")


def test_unusable_representation(properties: dict[str, str]) -> None:
    with pytest.raises(UnknownName, match="tabular"):
        Metadata.from_properties(properties | {"kaon_representation": '"tabulas"'}, "a").fitted()
    for state in ({}, {"options": {"colour": 3}, "spec": "[]"}, {"options": {}, "spec": "x"}):
        with pytest.raises(BundleError, match="damaged"):
            Metadata.from_properties(properties | {"kaon_representation_state": json.dumps(state)}, "a").fitted()
