from __future__ import annotations

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles, record

from kaon.errors import UnknownName
from kaon.simulate import load_recipe
from kaon.simulate.columns.event import event_columns
from kaon.simulate.whole_events import column_set, whole_events


def test_a_set_of_columns_by_its_name() -> None:
    assert column_set("event") is event_columns
    with pytest.raises(UnknownName, match="unknown set of columns 'evnt'; did you mean event"):
        column_set("evnt")


def test_only_events_that_fulfil_the_condition_are_kept(make_particles: MakeParticles) -> None:
    particles = make_particles(events=60)
    recipe = load_recipe("stop-search")
    assert recipe.objects is not None
    loose = recipe.objects.model_copy(update={"select": "met > 30 and n_jets > 0"})
    every = recipe.objects.model_copy(update={"select": ""})
    kept, rows, factor = whole_events(
        record(particles), particles, recipe.model_copy(update={"objects": loose}), np.random.default_rng(0)
    )
    full, everyone, _ = whole_events(
        record(particles), particles, recipe.model_copy(update={"objects": every}), np.random.default_rng(0)
    )
    assert everyone.tolist() == list(range(60))
    good = np.asarray((full["met"] > 30) & (full["n_jets"] > 0))
    assert 0 < good.sum() < 60
    assert rows.tolist() == np.flatnonzero(good).tolist()
    assert factor.tolist() == [1.0] * int(good.sum()), "nothing stands for another"
    np.testing.assert_array_equal(np.asarray(kept["met"]), np.asarray(full["met"])[good])


def test_a_collision_without_particles_is_no_event(make_particles: MakeParticles) -> None:
    particles = make_particles(events=3)
    recipe = load_recipe("stop-search")
    assert recipe.objects is not None
    recipe = recipe.model_copy(update={"objects": recipe.objects.model_copy(update={"select": ""})})
    left = particles.take(particles.event != 1)
    _, rows, _ = whole_events(record(left), left, recipe, np.random.default_rng(0))
    assert rows.tolist() == [0, 2]
