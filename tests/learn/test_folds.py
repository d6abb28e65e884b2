from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import ConfigError
from kaon.evaluate import auc
from kaon.learn.config import TrainConfig
from kaon.learn.folds import cross_train


def test_every_event_is_scored_by_a_model_that_never_saw_it(table: Events) -> None:
    predictions, taggers = cross_train("bdt", table, 3, options={"trees": 10}, validation=0.0)
    assert len(taggers) == 3
    assert np.array_equal(predictions.index, table.index)  # type: ignore[arg-type]  # there is one
    assert np.array_equal(predictions.labels, table.labels)
    for number, tagger in enumerate(taggers):
        mine = predictions.spectators["fold"] == number
        assert np.array_equal(tagger.predict(table).score[mine], predictions.score[mine])
    assert auc(predictions) > 0.65


def test_folds_do_not_overfit_where_one_model_does(table: Events) -> None:
    random = table.with_columns(x0=np.random.default_rng(1).permutation(np.asarray(table["x0"])))
    predictions, taggers = cross_train("bdt", random, 4, TrainConfig(), validation=0.0)
    assert auc(predictions) == pytest.approx(0.5, abs=0.06)
    assert auc(taggers[0].predict(random)) > 0.8


def test_one_fold_is_refused(table: Events) -> None:
    with pytest.raises(ConfigError, match="at least 2"):
        cross_train("bdt", table, 1)
