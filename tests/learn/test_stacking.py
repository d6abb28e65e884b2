from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events, Predictions
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.learn import Parts, Run, RunConfig, TrainConfig, compare
from kaon.learn.stacking import check_disjoint, log_ratios, scores_of, stack, with_scores

SPLIT = (0.4, 0.1, 0.3)
GOAT = RunConfig(model="goat", train=TrainConfig(epochs=20, batch_size=64))


def noisy(count: int = 6000) -> Events:
    """One column that tells a little of the class, and twelve that tell nothing but can be learned by heart."""
    random = np.random.default_rng(5)
    target = random.integers(0, 2, count)
    columns = {f"noise_{i}": random.normal(size=count) for i in range(12)}
    return Events(ak.Array({"hint": random.normal(size=count) + target, **columns}), target, classes=("b", "s"))


@pytest.fixture(scope="module")
def events() -> Events:
    return noisy()


@pytest.fixture(scope="module")
def parts(events: Events) -> Parts:
    return Parts.of(events, SPLIT, 0)


@pytest.fixture(scope="module")
def held(events: Events) -> Events:
    """What the split left out."""
    return events.split((*SPLIT, 1 - sum(SPLIT)), 0)[3]


@pytest.fixture(scope="module")
def level(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """An honest tagger, and one that learns its training events by heart."""
    folder = tmp_path_factory.mktemp("level")
    honest = RunConfig(model="mlp", options={"hidden": [8]}, representation="tabular", split=SPLIT,
                       representation_options={"features": ["hint"]},
                       train=TrainConfig(epochs=5, batch_size=32))  # fmt: skip
    memory = RunConfig(model="bdt", options={"trees": 300, "leaves": 63, "early_stopping": 0}, representation="tabular",
                       representation_options={"features": [f"noise_{i}" for i in range(12)]}, split=SPLIT,
                       train=TrainConfig(threads=1))  # fmt: skip
    return dict(zip(("honest", "memory"), compare(parts, [honest, memory], folder), strict=True))


def test_the_four_parts_have_no_event_in_common_and_miss_none(events: Events, parts: Parts, held: Events) -> None:
    check_disjoint(training=parts.train, validation=parts.validation, test=parts.test, held_out=held)
    every = np.concatenate([p.index for p in (parts.train, parts.validation, parts.test, held)])
    assert sorted(every) == sorted(events.index)


def test_memory_gains_nothing(level: dict[str, Run], parts: Parts, held: Events, tmp_path: Path) -> None:
    """It knows its training events and nothing else: who stacks on these is led astray, who holds out is not."""

    def area(name: str, part: str) -> float:
        return float(auc(Predictions.load(level[name].folder / "predictions" / f"{part}.parquet")))

    assert area("memory", "train") > 0.99
    assert abs(area("memory", "test") - 0.5) < 0.06
    stacked = stack(level, parts, held, GOAT, tmp_path / "goat")
    assert stacked.metrics["auc"] > area("honest", "test") - 0.01

    def scores(part: str, of: Events) -> Events:
        found = {n: Predictions.load(r.folder / "predictions" / f"{part}.parquet") for n, r in level.items()}
        return with_scores(of, found)

    leaky = Parts(
        *(scores(*p) for p in (("train", parts.train), ("validation", parts.validation), ("test", parts.test)))
    )
    config = GOAT.model_copy(
        update={"representation": "tabular", "representation_options": {"features": ["logit_honest", "logit_memory"]}}
    )
    (led_astray,) = compare(Parts(leaky.train, leaky.train, leaky.test), [config], tmp_path / "leaky")
    assert led_astray.metrics["auc"] < area("honest", "test") - 0.05


def test_the_stacked_run_is_trained_and_chosen_on_held_out_events_only(
    level: dict[str, Run], parts: Parts, held: Events, tmp_path: Path
) -> None:
    run = stack(level, parts, held, GOAT.model_copy(update={"train": TrainConfig(epochs=1)}), tmp_path / "goat")
    used = {}
    for part in ("train", "validation"):
        used[part] = np.asarray(Predictions.load(run.folder / "predictions" / f"{part}.parquet").index)
    assert sorted(np.concatenate(list(used.values()))) == sorted(held.index)
    assert len(used["validation"]) == pytest.approx(0.25 * len(held), rel=0.2)
    tested = Predictions.load(run.folder / "predictions" / "test.parquet")
    np.testing.assert_array_equal(tested.index, parts.test.index)
    assert run.tagger().spec["features"].features == ("logit_honest", "logit_memory")
    before = (run.folder / "metrics.json").stat().st_mtime_ns
    again = stack(level, parts, held, GOAT.model_copy(update={"train": TrainConfig(epochs=1)}), tmp_path / "goat")
    assert (again.folder / "metrics.json").stat().st_mtime_ns == before


def test_leaks_are_refused(level: dict[str, Run], parts: Parts, held: Events, tmp_path: Path) -> None:
    for name, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        with pytest.raises(DataError, match=f"1 events are both in {name} and in held-out"):
            stack(level, parts, Events.concatenate([held, part.take(slice(0, 1))]), GOAT, tmp_path / "goat")
    moved = Parts(Events.concatenate([parts.train, held]), parts.validation, parts.test)
    with pytest.raises(DataError, match="was not trained on these events"):
        stack(level, moved, replace(held, index=held.index + 10**9), GOAT, tmp_path)
    with pytest.raises(DataError, match="the part held-out is empty"):
        stack(level, parts, held.take(slice(0, 0)), GOAT, tmp_path / "goat")
    with pytest.raises(ConfigError, match="0 taggers"):
        stack({}, parts, held, GOAT, tmp_path / "goat")
    assert not (tmp_path / "goat").exists()


def test_scores_are_kept_and_made_anew_for_other_events(level: dict[str, Run], held: Events) -> None:
    first = scores_of(level, held)
    file = level["honest"].folder / "predictions" / "held-out.parquet"
    written = file.stat().st_mtime_ns
    assert np.array_equal(scores_of(level, held)["honest"].score, first["honest"].score)
    assert file.stat().st_mtime_ns == written
    few = held.take(slice(0, 50))
    np.testing.assert_allclose(scores_of(level, few)["memory"].score, first["memory"].score[:50], rtol=1e-5)
    with pytest.raises(DataError, match="scores of honest are not those"):
        with_scores(held.take(slice(0, 10)), first)


def test_log_ratios_are_logits_and_finite() -> None:
    logits = np.array([[-3.0, 0.5, 2.0], [0.0, 1.0, -1.0]])
    score = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(log_ratios(score), logits[:, 1:] - logits[:, :1])
    assert np.isfinite(log_ratios(np.eye(3))).all()


def test_columns_are_named_by_class_where_there_are_several() -> None:
    scores: dict[str, Any] = {"a": Predictions(np.full((1, 3), 1 / 3), index=np.array([4]), classes=("q", "w", "t"))}
    made = with_scores(Events(ak.Array({"x": [1.0]}), index=np.array([4])), scores)
    assert made.fields == ["x", "logit_a_w", "logit_a_t"]
