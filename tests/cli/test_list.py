from __future__ import annotations

from typing import Any

import pytest

from kaon.registry import variants


def test_models_with_their_parameters(kaon: Any) -> None:
    result = kaon("list", "models", "--json")
    found = {model["name"]: model for model in result.json}
    assert set(found) == set(variants("kaon.models"))
    # published: Butter et al., SciPost Phys. 7 (2019) 014, table 1
    assert found["topodnn"]["parameters"] == pytest.approx(59_000, rel=0.01)
    assert found["pfn"]["parameters"] == pytest.approx(82_000, rel=0.01)
    assert found["efn"]["parameters"] == pytest.approx(82_000, rel=0.01)
    assert found["bdt"]["parameters"] is None
    assert all(model["representation"] and model["paper"] for model in found.values())


def test_recipes_and_representations(kaon: Any) -> None:
    recipes = {recipe["name"]: recipe for recipe in kaon("list", "recipes", "--json").json}
    assert set(recipes) >= {"top-tagging", "quark-gluon", "w-tagging", "z-tagging"}
    assert recipes["top-tagging"]["classes"] == ["qcd", "top"]
    made = {one["name"]: one for one in kaon("list", "representations", "--json").json}
    assert made["four_vectors"]["inputs"] == {"features": [90]}
    assert made["jet_features"]["columns"] == ["constituents"]


def test_data_sets(kaon: Any) -> None:
    found = {one["name"]: one for one in kaon("list", "datasets", "--json").json}
    assert found["uci_higgs"]["events"] == 11_000_000
    assert len(found["uci_susy"]["features"]) == 18
    assert all(one["licence"] and one["citation"] and one["url"].startswith("https://") for one in found.values())
    assert len(found["mnist"]["urls"]) == 4
    assert found["mnist"]["size"] == "12 MB"
    assert found["uci_susy"]["size"] == "not published"


def test_toys(kaon: Any) -> None:
    found = {one["name"]: one for one in kaon("list", "toys", "--json").json}
    assert found["shapes"]["settings"] == ""
    assert "noise=0.5" in found["shapes-noisy"]["settings"]
    assert {"size", "filled", "noise"} <= set(found["shapes"]["options"])
    assert not {"count", "seed"} & set(found["shapes"]["options"])


def test_everything_as_text_and_as_json(kaon: Any) -> None:
    text = kaon("list")
    assert text.code == 0
    assert all(word in text.out for word in ("Models", "Recipes", "59,323", "top-tagging", "four_vectors"))
    kinds = {"models", "representations", "recipes", "toys", "datasets", "studies"}
    assert set(kaon("list", "--json").json) == kinds


def test_an_unknown_kind(kaon: Any) -> None:
    result = kaon("list", "generators")
    assert result.code == 2
    assert "recipes" in result.err
