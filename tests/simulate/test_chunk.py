from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.errors import DataError
from kaon.simulate import Recipe
from kaon.simulate.chunk import Chunk, Job, make_chunk, seeds


@pytest.fixture(scope="module")
def chunk(quick: Recipe) -> Chunk:
    return make_chunk(Job(quick, 1, 0, 1))


def test_no_two_chunks_share_a_seed(quick: Recipe) -> None:
    made = [seeds(Job(quick, process, number, 3))[0] for process in (0, 1) for number in range(20_000)]
    assert len(set(made)) == len(made)
    assert min(made) >= 1
    assert max(made) <= 900_000_000
    assert seeds(Job(quick, 0, 0, 4))[0] != seeds(Job(quick, 0, 0, 3))[0]


def test_a_job_survives_text(quick: Recipe) -> None:
    job = Job(quick, 1, 7, 2**40)
    assert Job.from_json(job.to_json()) == job
    assert "\n" not in job.to_json()


def test_jet_and_constituents_agree(chunk: Chunk) -> None:
    parts, jet = chunk.array["constituents"], chunk.array["jet"]
    assert len(chunk) > 0
    np.testing.assert_array_equal(ak.num(parts), chunk.array["jet_constituents"])
    for name in ("px", "py", "pz", "E"):
        total = ak.sum(ak.values_astype(parts[name], np.float64), axis=1)
        np.testing.assert_allclose(total, jet[name], rtol=1e-5, atol=1e-3)  # they are stored in single precision
    np.testing.assert_allclose(chunk.array["jet_pt"], jet.pt)
    np.testing.assert_allclose(chunk.array["jet_mass"], jet.mass, rtol=1e-6)
    assert ak.all(parts.pt[:, :-1] >= parts.pt[:, 1:] * (1 - 1e-6))
    assert set(np.unique(ak.flatten(parts["charge"]))) <= {-1.0, 0.0, 1.0}


def test_tops_are_matched_to_their_jets(chunk: Chunk) -> None:
    top, jet = chunk.array["parton"], chunk.array["jet"]
    assert ak.all(abs(top.mass - 172.5) < 30)
    assert ak.all(top.deltaR(jet) < 0.8)


def test_only_the_hardest_constituents_are_stored(quick: Recipe, chunk: Chunk) -> None:
    few = make_chunk(Job(quick.model_copy(update={"constituents": 20, "fields": ()}), 1, 0, 1))
    assert few.array["constituents"].fields == ["px", "py", "pz", "E"]
    np.testing.assert_array_equal(few.array["jet_constituents"], chunk.array["jet_constituents"])
    np.testing.assert_array_equal(ak.num(few.array["constituents"]), np.minimum(chunk.array["jet_constituents"], 20))
    assert ak.all(few.array["constituents"]["px"] == chunk.array["constituents"]["px"][:, :20])


def test_a_recipe_without_matching_has_no_parton(quick: Recipe) -> None:
    process = quick.processes[0].model_copy(update={"matching": None})
    plain = make_chunk(Job(quick.model_copy(update={"processes": (process,)}), 0, 0, 1))
    assert "parton" not in plain.array.fields


def test_a_chunk_survives_bytes(chunk: Chunk) -> None:
    data = chunk.to_bytes()
    again = Chunk.from_bytes(data)
    assert ak.array_equal(again.array, chunk.array)
    np.testing.assert_array_equal(again.weight, chunk.weight)
    np.testing.assert_array_equal(again.event, chunk.event)
    assert (again.generated, again.sum_weights, again.cross_section) == (60, 60.0, chunk.cross_section)
    assert again.to_bytes() == data


@pytest.mark.parametrize("cut", [0, 10, 3000, -1])
def test_a_damaged_chunk_is_refused(cut: int, chunk: Chunk) -> None:
    with pytest.raises(DataError, match="damaged"):
        Chunk.from_bytes(chunk.to_bytes()[:cut])
    data = bytearray(chunk.to_bytes())
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(DataError, match="damaged"):
        Chunk.from_bytes(bytes(data))


def test_alternatives_take_turns_and_their_cross_sections_add_up(quick: Recipe) -> None:
    """Tops to W+ -> leptons with W- -> quarks, or the reverse: half of what both decaying as they like would give."""
    ways = (("24:onPosIfAny = 11 13", "24:onNegIfAny = 1 2 3"), ("24:onPosIfAny = 1 2 3", "24:onNegIfAny = 11 13"))
    settings = (*quick.processes[1].settings, "24:onMode = off")
    process = quick.processes[1].model_copy(update={"settings": settings, "matching": None, "alternatives": ways})
    both = make_chunk(Job(quick.model_copy(update={"processes": (process,)}), 0, 0, 1))
    one = process.model_copy(update={"alternatives": ways[:1]})
    single = make_chunk(Job(quick.model_copy(update={"processes": (one,)}), 0, 0, 1))
    assert both.generated == single.generated == 60
    assert (np.diff(both.event) >= 0).all()
    assert abs(np.mean(both.event % 2) - 0.5) < 0.4, "events of both"
    assert both.cross_section == pytest.approx(2 * single.cross_section, rel=0.5)
    evens = both.array[both.event % 2 == 0]
    shared = set(np.asarray(evens["jet_pt"]).tolist()) & set(np.asarray(single.array["jet_pt"]).tolist())
    assert len(shared) == len(evens), "the first way is the same as without the second"


def test_alternatives_do_not_share_seeds(quick: Recipe) -> None:
    jobs = [Job(quick, process, number, 3) for process in (0, 1) for number in range(2000)]
    assert len({seeds(job, way)[0] for job in jobs for way in (0, 1, 2)}) == 3 * len(jobs)
    one, two = (seeds(jobs[0], way)[1].random() for way in (0, 1))
    assert one != two
    assert one == seeds(jobs[0])[1].random()
