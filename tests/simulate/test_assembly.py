from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.split import assign_parts
from kaon.simulate import Recipe, load_recipe
from kaon.simulate.assembly import assemble, assembled
from kaon.simulate.chunk import Chunk
from kaon.simulate.plan import Memory, Plan, Share

RECIPE = load_recipe("top-tagging")


def filled(*jets: tuple[int, ...]) -> tuple[Memory, list[list[Share]]]:
    """Chunks with these numbers of jets, of each class, two jets a collision, all taken."""
    store, used = Memory(), list[list[Share]]()
    for process, counts in enumerate(jets):
        used.append([])
        for number, count in enumerate(counts):
            array = ak.zip({"jet_pt": 1000.0 * process + 100 * number + np.arange(count), "parton": np.zeros(count)})
            sums = (50, 25.0 + number, 10.0 * (process + 1), 1.0)
            chunk = Chunk(array, np.full(count, 0.5), np.arange(count) // 2, *sums)
            store.save((process, number), chunk.to_bytes())
            used[-1].append(Share.of(number, chunk))
    return store, used


def test_every_jet_is_there_once_with_its_class() -> None:
    store, used = filled((5, 0, 7), (4, 6))
    parts = list(assemble(Plan(RECIPE, (12, 10), 1), store, used))
    events = Events.concatenate(parts)
    assert [len(part) for part in parts] == [9, 6, 7]
    assert len(set(np.asarray(events["jet_pt"]))) == len(events) == 22
    np.testing.assert_array_equal(events.labels, np.asarray(events["jet_pt"]) >= 1000)
    assert events.classes == ("qcd", "top")
    assert events.reserved == {"parton"}
    np.testing.assert_array_equal(events.weights, 0.5)


def test_classes_are_mixed_and_the_number_of_a_jet_does_not_depend_on_how_many_there_are() -> None:
    store, used = filled((40,), (40,))
    (whole,) = assemble(Plan(RECIPE, (40, 40), 1), store, used)
    assert 10 < whole.labels[:40].sum() < 30
    part = [[Share(**{**vars(shares[0]), "taken": 15})] for shares in used]
    (some,) = assemble(Plan(RECIPE, (15, 15), 1), store, part)
    number = dict(zip(np.asarray(whole["jet_pt"]), whole.index, strict=True))
    assert [number[pt] for pt in np.asarray(some["jet_pt"])] == list(some.index)


def test_jets_that_share_a_number_are_those_of_one_collision_and_share_a_part() -> None:
    store, used = filled((5, 0, 7), (4, 6))
    events = Events.concatenate(list(assemble(Plan(RECIPE, (12, 10), 1), store, used)))
    chunk, jet = np.divmod(np.asarray(events["jet_pt"]).astype(int), 100)
    collision = 100 * chunk + jet // 2
    same_collision = collision[:, None] == collision
    np.testing.assert_array_equal(events.index[:, None] == events.index, same_collision)
    assert same_collision.sum() > len(events), "some collisions have two jets"
    for seed in range(5):
        part = assign_parts(events.index, (0.6, 0.2, 0.2), seed)
        assert (part[:, None] == part)[same_collision].all()


def test_the_first_jets_are_a_fair_sample_of_every_part_of_a_split_with_the_same_seed() -> None:
    store, used = filled((1200,), (1200,))
    for seed in (0, 42):
        (events,) = assemble(Plan(RECIPE, (1200, 1200), seed), store, used)
        part = assign_parts(events.index, (0.6, 0.2, 0.2), seed)
        assert set(part[:100]) == {0, 1, 2}
        # Expected 0.6 of 1000 jets, which come in pairs: sigma is below sqrt(2 * 240) = 22.
        assert abs((part[:1000] == 0).sum() - 600) < 5 * 22
    store, used = filled((120,), (120,))
    (events,) = assemble(Plan(RECIPE, (120, 120), 0), store, used)
    assert set(assign_parts(events.index[:100], (0.6, 0.2, 0.2), 0)) == {0, 1, 2}


def test_sums_of_weights_and_cross_sections_follow_what_was_taken() -> None:
    store, used = filled((10, 10), (10,))
    used[0][1] = Share(**{**vars(used[0][1]), "taken": 5})
    (first, *_) = assemble(Plan(RECIPE, (15, 10), 1), store, used)
    summary = first.provenance.settings["classes"]
    assert summary["qcd"]["generated"] == 75
    assert summary["qcd"]["sum_weights"] == pytest.approx(25 + 26 / 2)
    assert summary["qcd"]["cross_section"] == pytest.approx(10)
    assert summary["qcd"]["cross_section_error"] == pytest.approx(np.hypot(50, 25) / 75)
    assert summary["top"]["cross_section"] == pytest.approx(20)
    assert (first.provenance.generated, first.provenance.cross_section) == (125, None)
    assert Recipe.model_validate(first.provenance.settings["recipe"]) == RECIPE


def test_all_together_say_once_how_many_were_generated() -> None:
    store, used = filled((5, 0, 7), (4, 6))
    events = assembled(Plan(RECIPE, (12, 10), 1), store, used)
    assert len(events) == 22
    assert events.provenance.generated == 5 * 50
    assert events.provenance.sum_weights == pytest.approx(25 + 26 + 27 + 25 + 26)
