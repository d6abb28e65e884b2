from __future__ import annotations

import pytest

from kaon.report.table import COLUMNS
from kaon.studies.base import SCALES, ScaleName
from kaon.studies.landscape.taggers import GOAT, TAGGERS, Effort, Tagger

EVERY = (*TAGGERS, GOAT)
KEYS = {c.key for c in COLUMNS} | {"rejection_30_ensemble"}


def test_each_tagger_stands_once_and_only_orientation_is_not_stacked() -> None:
    names = [t.model for t in EVERY]
    assert len(set(names)) == len(names)
    assert [t.model for t in EVERY if not t.stacked] == ["bdt", "goat"]


@pytest.mark.parametrize("tagger", EVERY, ids=lambda t: t.model)
def test_settings_are_valid_at_every_scale_and_published_numbers_have_a_source(tagger: Tagger) -> None:
    names: tuple[ScaleName, ...] = SCALES
    for scale in names:
        config = tagger.config(scale, 32)
        assert config.model == tagger.model
        assert config.train.epochs == tagger.effort(scale).epochs >= 1
        assert config.train.batch_size <= 32
    assert tagger.config("full", None).train.batch_size == tagger.train.get("batch_size", 512)
    assert set(tagger.published) <= KEYS
    assert all("arXiv" in p.source or "paper" in p.source for p in tagger.published.values())


def test_an_ensemble_was_published_as_better_than_one() -> None:
    for tagger in EVERY:
        if "rejection_30_ensemble" in tagger.published:
            assert tagger.published["rejection_30_ensemble"].value > tagger.published["rejection_30"].value


def test_the_full_scale_takes_the_epochs_of_the_paper() -> None:
    tagger = Tagger("pfn", Effort(3, 2), {"epochs": 160, "batch_size": 500})
    assert [tagger.effort(s) for s in SCALES] == [Effort(1), Effort(3, 2), Effort(160, 5)]
