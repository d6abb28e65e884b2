from __future__ import annotations

import pytest

from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError, UnknownName
from kaon.learn import RunConfig, TrainConfig
from kaon.models.base import Net, Solved
from kaon.registry import origin, variants
from kaon.tune.space import TRAINING, applied, as_values, defaults, search_space, words
from kaon.tune.words import read_space

MODELS = variants("kaon.models")


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_registered_model_can_be_tuned_or_says_what_can(model: str) -> None:
    kind = origin(MODELS[model])
    trained = issubclass(kind, Net) and not issubclass(kind, Solved)
    if not kind.search and not trained:
        with pytest.raises(ConfigError, match=f"{model} declares no search space.*bdt"):
            search_space(RunConfig(model=model))
        return
    space = search_space(RunConfig(model=model))
    assert set(kind.search) <= set(space)
    assert trained <= (set(TRAINING) <= set(space))


def test_a_given_value_is_fixed_and_a_change_overrides_it() -> None:
    config = RunConfig(model="mlp", options={"dropout": 0.1}, train=TrainConfig(learning_rate=1e-3))
    space = search_space(config)
    assert not {"dropout", "learning_rate"} & set(space)
    changed = search_space(config, {"dropout": Real(0, 0.2), "epochs": Integer(2, 5)})
    assert changed["dropout"] == Real(0, 0.2)
    assert changed["epochs"] == Integer(2, 5)


def test_the_learning_rate_of_trees_is_theirs() -> None:
    made = applied(RunConfig(model="bdt"), {"learning_rate": 0.3, "negative_weights": "abs"})
    assert made.options == {"learning_rate": 0.3}
    assert made.train == TrainConfig(negative_weights="abs")


def test_lists_are_lists_as_in_a_file() -> None:
    made = applied(RunConfig(model="mlp"), {"hidden": (8, 8)})
    assert made.options == {"hidden": [8, 8]}
    assert RunConfig.from_mapping(made.model_dump(mode="json")) == made


def test_what_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UnknownName, match="did you mean learning_rate"):
        search_space(RunConfig(model="mlp"), {"learning_rat": Real(0.1, 1)})
    with pytest.raises(ConfigError, match=r"learning_rate.*greater than 0"):
        search_space(RunConfig(model="mlp"), {"learning_rate": Real(0, 1)})
    with pytest.raises(UnknownName, match="seed"):
        search_space(RunConfig(model="mlp"), {"seed": Integer(0, 5)})
    fixed = dict.fromkeys(origin(MODELS["bdt"]).search, 1)
    with pytest.raises(ConfigError, match="fixed by options"):
        search_space(RunConfig(model="bdt", options=fixed))


def test_the_defaults_are_a_point_of_the_space_or_none() -> None:
    config = RunConfig(model="mlp", options={"dropout": 0.2})
    space: dict[str, Space] = {
        "dropout": Real(0, 0.5),
        "hidden": Choice(((128, 128, 128), (8,))),
        "batch_size": Choice((512, 64)),
    }
    assert defaults(config, space) == {"dropout": 0.2, "hidden": (128, 128, 128), "batch_size": 512}
    assert defaults(config, {**space, "dropout": Real(0.3, 0.5)}) is None
    assert defaults(config, {**space, "hidden": Choice(((8,), (16,)))}) is None


@pytest.mark.parametrize(
    "space",
    [Real(0, 1), Real(1e-7, 1.0, log=True), Integer(-3, 8), Choice((1, 2.5, "a", None, True)), Choice(((8,), (9, 9)))],
)
def test_a_range_survives_being_written(space: Real | Integer | Choice) -> None:
    assert read_space("x", as_values(space)) == space
    assert read_space("x", words(space)) == space or None in getattr(space, "options", ())
