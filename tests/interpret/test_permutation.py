"""Permutation importance of models whose importance is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.interpret.permutation import permutation_importance


@dataclass(frozen=True)
class Linear:
    """sigma(c . x) of named columns."""

    coefficients: dict[str, float]

    @property
    def columns(self) -> tuple[str, ...] | None:
        return tuple(self.coefficients)

    def probabilities(self, events: Events) -> NDArray[np.float32]:
        total = sum(c * ak.to_numpy(events[name]) for name, c in self.coefficients.items())
        p = 1 / (1 + np.exp(-np.asarray(total)))
        return np.stack([1 - p, p], axis=1).astype(np.float32)


@pytest.fixture
def events() -> Events:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 4000)
    shifts = {"strong": 1.5, "weak": 0.5, "noise": 0.0}
    columns = {name: random.normal(size=4000) + shift * target for name, shift in shifts.items()}
    columns["copy"] = columns["strong"]
    return Events(ak.Array(columns), target, None, np.arange(4000), ("background", "signal"))


def test_variables_come_in_the_order_of_their_power(events: Events) -> None:
    found = permutation_importance(Linear({"noise": 0.1, "weak": 0.5, "strong": 1.5}), events)
    assert [i.name for i in found] == ["strong", "weak", "noise"]
    assert found[0].drop > 20 * found[0].spread
    assert abs(found[2].drop) < 0.005


def test_the_only_variable_loses_all_power(events: Events) -> None:
    (only,) = permutation_importance(Linear({"strong": 1.0}), events, repeats=20)
    assert only.drop == pytest.approx(float(auc(np.asarray(events["strong"]), events.labels)) - 0.5, abs=0.01)
    # the spread of an AUC of chance: sqrt((n + m + 1) / (12 n m))
    assert only.spread == pytest.approx(np.sqrt(4001 / (12 * 2000 * 2000)), rel=0.5)
    assert only.drop == pytest.approx(np.mean(only.drops))
    assert only.spread == pytest.approx(np.std(only.drops, ddof=1))


def test_a_variable_the_model_ignores_has_no_importance(events: Events) -> None:
    found = permutation_importance(Linear({"strong": 1.0, "weak": 0.0}), events)
    assert found[-1].name == "weak"
    assert found[-1].drops == (0.0,) * 5


def test_copies_share_their_importance_unless_they_are_one_group(events: Events) -> None:
    model = Linear({"strong": 1.0, "copy": 1.0})
    each = permutation_importance(model, events)
    (both,) = permutation_importance(model, events, groups={"pair": ("strong", "copy")})
    assert both.columns == ("strong", "copy")
    assert both.drop > 1.5 * max(i.drop for i in each)


def test_negative_weights_cancel_their_twins(events: Events) -> None:
    twice = Events.concatenate([events, events.take(slice(0, 500)), events.take(slice(0, 500))])
    weighted = replace(twice, weight=np.concatenate([np.ones(4500), -np.ones(500)]))
    plain = permutation_importance(Linear({"strong": 1.0}), events, repeats=20)[0]
    cancelled = permutation_importance(Linear({"strong": 1.0}), weighted, repeats=20)[0]
    assert cancelled.drop == pytest.approx(plain.drop, abs=0.01)


def test_bad_input(events: Events) -> None:
    model = Linear({"strong": 1.0})
    with pytest.raises(ConfigError, match="at least 1"):
        permutation_importance(model, events, repeats=0)
    with pytest.raises(DataError, match="lacks the columns"):
        permutation_importance(model, events, columns=("absent",))
    with pytest.raises(DataError):
        permutation_importance(model, events.take(events.labels == 1))
    with pytest.raises(DataError, match="no labels"):
        permutation_importance(model, replace(events, target=None))
