from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kaon
from kaon.data.io import read
from kaon.errors import ConfigError, UnknownName
from kaon.registry import variants
from kaon.simulate import simulate, simulate_to_file
from kaon.simulate.toys import draw, is_toy
from kaon.simulate.toys.shapes import shapes


@pytest.mark.parametrize("name", variants("kaon.simulate.toys"))
def test_every_toy_is_seeded_labelled_and_known(name: str) -> None:
    assert is_toy(name)
    first, again, other = (draw(name, 12, seed=s) for s in (1, 1, 2))
    column = next(c for c in first.fields if c not in first.reserved)
    assert (np.asarray(first[column]) == np.asarray(again[column])).all()
    assert (np.asarray(first[column]) != np.asarray(other[column])).any()
    assert set(first.labels) == set(range(len(first.classes)))


def test_options_and_their_texts() -> None:
    made = draw("shapes-noisy", 6, seed=1, size="16", noise=0)
    same = shapes(6, seed=1, size=16, filled=False, antialiased=False)
    assert (np.asarray(made["image"]) == np.asarray(same["image"])).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise": "much"}, "noise.*valid number.*'much'"),
        ({"filled": "perhaps"}, "filled.*valid boolean"),
        ({"size": 3}, "at least 4 pixels"),
    ],
)
def test_values_that_an_option_cannot_have(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        draw("shapes", 6, **options)


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="did you mean noise"):
        draw("shapes", 6, nois=0.5)
    with pytest.raises(UnknownName, match="did you mean shapes"):
        draw("shape", 6)


def test_the_front_door_draws_toys_too(tmp_path: Path) -> None:
    made = simulate("shapes", 9, seed=4, options={"size": 20}, output=tmp_path / "a.h5")
    assert made["image"].type.length == 9
    assert (np.asarray(read(tmp_path / "a.h5")["image"]) == np.asarray(made["image"])).all()
    assert (
        np.asarray(kaon.simulate("shapes", 9, seed=4)["image"]) == np.asarray(draw("shapes", 9, seed=4)["image"])
    ).all()
    path = simulate_to_file("shapes", 9, tmp_path / "b.parquet", seed=4)
    assert read(path).reserved == {"radius", "center_x", "center_y", "angle"}
    tries: tuple[dict[str, Any], ...] = ({"shower": "vincia"}, {"detector": "atlas"}, {"fractions": {"circle": 1.0}})
    for wrong in tries:
        with pytest.raises(ConfigError, match="is a toy"):
            simulate("shapes", 9, **wrong)
