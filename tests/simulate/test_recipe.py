from __future__ import annotations

from pathlib import Path

import pytest

from kaon.errors import ConfigError, UnknownName
from kaon.registry import variants
from kaon.simulate.recipe import Grooming, Jets, Matching, Recipe, load_recipe

RECIPES: dict[str, Recipe] = variants("kaon.simulate.recipes")


def test_the_recipes_of_the_manual_exist() -> None:
    jets = {"top-tagging", "quark-gluon", "w-tagging", "z-tagging"}
    assert set(RECIPES) == jets | {"stop-search", "higgs", "susy", "higgs-tautau", "ztautau"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_yaml(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    assert "arXiv" in recipe.source
    path = tmp_path / "mine.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    assert load_recipe(path) == recipe


def test_options_replace_the_recipes_own() -> None:
    recipe = load_recipe("top-tagging")
    assert recipe.with_options() == recipe
    changed = recipe.with_options(shower="vincia", detector="cms")
    assert (changed.shower, changed.detector, changed.jets) == ("vincia", "cms", recipe.jets)


def test_a_python_file_may_hold_recipes(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from kaon.simulate import load_recipe\n"
        "VARIANTS = {'mine': load_recipe('z-tagging').model_copy(update={'name': 'mine'}), 'other': 3}\n"
    )
    assert load_recipe(f"{path}:mine").name == "mine"
    with pytest.raises(ConfigError, match="is a int, not a kaon"):
        load_recipe(f"{path}:other")


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean top-tagging"):
        load_recipe("top-taging")


@pytest.mark.parametrize(("text", "message"), [
    ("name: [", "not valid YAML"),
    ("- 1", "must be a mapping with the entries name"),
    ("name: x", "processes: Field required"),
    ("{name: x, colour: red, processes: [{name: a, settings: [b]}], jets: {pt: [1, 2]}}", "colour: Extra inputs"),
    ("{name: x, processes: [{name: a, settings: [b]}], jets: {pt: [20, 10]}}", "0 <= lower < upper"),
    ("{name: x, processes: [{name: a, settings: [b]}], jets: {pt: [0, 10]}}", "lower edge above 0"),
    ("{name: x, processes: [{name: a, settings: [b]}], jets: {pt: [1, 2], radius: -1}}", r"radius.*given: -1"),
    ("{name: x, processes: [{name: a, settings: [b]}, {name: a, settings: [c]}], jets: {pt: [1, 2]}}", "different"),
    ("{name: x, processes: [{name: a, settings: []}], jets: {pt: [1, 2]}}", "settings"),
])  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        load_recipe(path)
    assert "bad.yaml" in str(error.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the recipe"):
        load_recipe(tmp_path / "absent.yaml")


def test_decay_products_need_a_particle_that_decays() -> None:
    with pytest.raises(ValueError, match="needs origin: decayed"):
        Matching(partons=(21,), products_radius=0.8)


def test_windows_may_be_open() -> None:
    jets = Jets(pt=(500, None), grooming=Grooming())
    assert jets.pt == (500, None)
