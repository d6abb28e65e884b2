"""Several taggers as one: the mean is a mean, shares are optimal, and one file holds it all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Events, Predictions
from kaon.errors import BundleError, ConfigError, DataError
from kaon.learn import tagger as single
from kaon.learn.config import TrainConfig
from kaon.learn.ensemble import Ensemble, load, mixture_shares, shares_of
from kaon.learn.tagger import Tagger
from kaon.learn.train import train


def fitted(table: Events, model: str, seed: int) -> Tagger:
    options = {"hidden": (4,)} if model == "mlp" else {"trees": 5}
    return train(model, table, None, TrainConfig(epochs=1, seed=seed), options=options, spectators=("x1",))


@pytest.fixture(scope="module")
def taggers() -> tuple[Tagger, ...]:
    from numpy.random import default_rng

    random = default_rng(0)
    target = random.integers(0, 2, 300)
    columns = {f"x{i}": random.normal(size=300) + (i == 0) * target for i in range(5)}
    import awkward as ak

    events = Events(ak.Array(columns), target, None, np.arange(300), ("background", "signal"))
    return fitted(events, "mlp", 0), fitted(events, "mlp", 1), fitted(events, "bdt", 0)


def test_the_prediction_is_the_weighted_mean(taggers: tuple[Tagger, ...], table: Events) -> None:
    made = Ensemble(taggers, (0.5, 0.3, 0.2)).predict(table)
    expected = sum(s * t.predict(table).score for s, t in zip((0.5, 0.3, 0.2), taggers, strict=True))
    assert made.score == pytest.approx(expected, abs=1e-6)
    assert made.info["model"] == "2 x mlp + bdt"
    assert np.array_equal(made.labels, table.labels)
    assert set(made.spectators) == {"x1"}


def test_one_file_holds_it(taggers: tuple[Tagger, ...], table: Events, tmp_path: Path) -> None:
    made = Ensemble(taggers, (0.5, 0.25, 0.25), "validation")
    again = load(made.save(tmp_path / "e.kaon"))
    assert isinstance(again, Ensemble)
    assert (again.shares, again.by, again.classes) == (made.shares, made.by, made.classes)
    assert np.array_equal(again.predict(table).score, made.predict(table).score)
    assert again.parameter_count == sum(t.parameter_count for t in taggers)
    with pytest.raises(BundleError, match="open it with"):
        single.load(tmp_path / "e.kaon")
    broken = made.to_bundle()
    with pytest.raises(BundleError, match="damaged"):
        Ensemble.from_bundle(replace(broken, options={**broken.options, "shares": [2.0, -1.0, 0.0]}))


def test_a_single_tagger_is_loaded_as_before(taggers: tuple[Tagger, ...], tmp_path: Path) -> None:
    assert isinstance(load(taggers[0].save(tmp_path / "t.kaon")), Tagger)


def test_members_must_fit_together(taggers: tuple[Tagger, ...]) -> None:
    with pytest.raises(ConfigError, match="same classes"):
        Ensemble((taggers[0], replace(taggers[1], classes=("a", "b"))))
    with pytest.raises(ConfigError, match="at least one"):
        Ensemble(())
    with pytest.raises(ConfigError, match="sum 1"):
        Ensemble(taggers, (0.5, 0.6, 0.2))


def loss(p: np.ndarray, s: np.ndarray, w: np.ndarray) -> float:
    return float(-(w @ np.log(p @ s)) / w.sum())


def test_no_other_shares_are_better() -> None:
    random = np.random.default_rng(1)
    p, w = random.uniform(0.05, 1, (500, 3)), random.exponential(1, 500)
    best = np.array(mixture_shares(p, w))
    assert best.sum() == pytest.approx(1)
    others = random.dirichlet((1, 1, 1), 2000)
    assert loss(p, best, w) <= min(loss(p, s, w) for s in others) + 1e-9


def test_an_event_of_weight_two_is_two_events() -> None:
    p = np.random.default_rng(2).uniform(0.1, 1, (100, 2))
    twice = mixture_shares(np.concatenate([p, p[:50]]), np.ones(150))
    assert mixture_shares(p, np.repeat([2.0, 1.0], 50)) == pytest.approx(twice, abs=1e-4)


def test_negative_events_cancel_their_twins() -> None:
    p = np.random.default_rng(3).uniform(0.1, 1, (200, 2))
    more = np.concatenate([p, p[:40], p[:40]])
    weight = np.concatenate([np.ones(200), np.full(40, 3.0), np.full(40, -3.0)])
    assert mixture_shares(more, weight) == pytest.approx(mixture_shares(p, np.ones(200)), abs=1e-4)


def test_shares_of_predictions() -> None:
    labels = np.array([0, 1] * 50)
    right = np.eye(2)[labels] * 0.8 + 0.1
    good, bad = (Predictions(score, labels) for score in (right, 1 - right))
    assert shares_of([good, bad]) == (0.5, 0.5)
    assert shares_of([good, bad], "validation") == pytest.approx((1, 0), abs=1e-6)
    with pytest.raises(DataError, match="same events"):
        shares_of([good, Predictions(right[:10], labels[:10])], "validation")
    with pytest.raises(DataError, match="total weight"):
        shares_of([replace(good, weight=-np.ones(100)), bad], "validation")
    with pytest.raises(ConfigError, match="allowed: mean, validation"):
        shares_of([good, bad], "median")  # type: ignore[arg-type]  # a user's mistake
