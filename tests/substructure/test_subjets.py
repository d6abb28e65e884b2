from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.substructure.subjets import Subjets, kt_subjets

fastjet: Any = pytest.importorskip("fastjet")


def flat(jets: Any) -> tuple[list[NDArray[Any]], NDArray[np.int64]]:
    column = jets["constituents"]
    return [ak.to_numpy(ak.flatten(column[q])) for q in ("px", "py", "pz", "E")], ak.to_numpy(ak.num(column))


def one_by_one(momenta: list[NDArray[Any]], counts: NDArray[np.int64], radius: float) -> Any:
    """FastJet's object interface, a jet at a time: [(pt, rapidity, phi, rows of the constituents)], hardest first."""
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, radius)
    start = 0
    for count in counts:
        particles = []
        for row in range(start, start + count):
            particles.append(fastjet.PseudoJet(*(float(values[row]) for values in momenta)))
            particles[-1].set_user_index(row)
        sequence = fastjet.ClusterSequence(particles, definition)
        found = sorted(sequence.inclusive_jets(), key=lambda jet: -jet.pt())
        yield [(j.pt(), j.rap(), j.phi_std(), {c.user_index() for c in j.constituents()}) for j in found]
        start += count


def test_agree_with_one_jet_at_a_time(make_jets: Any) -> None:
    momenta, counts = flat(make_jets(40, sizes=[0, 1, 2, *range(3, 40)]))
    found = kt_subjets(momenta, counts, 0.3)
    assert found.counts.max() > 2
    first = np.cumsum(found.counts) - found.counts
    for jet, expected in enumerate(one_by_one(momenta, counts, 0.3)):
        assert found.counts[jet] == len(expected)
        for rank, (pt, rapidity, phi, rows) in enumerate(expected):
            row = first[jet] + rank
            np.testing.assert_allclose((found.pt[row], found.rapidity[row], found.phi[row]), (pt, rapidity, phi))
            assert set(np.flatnonzero(found.member == row)) == rows
            if rank < 2:
                assert tuple(values[jet] for values in found.ranked(rank)) == (found.rapidity[row], found.phi[row])
    assert found.owner.tolist() == np.repeat(np.arange(40), found.counts).tolist()
    assert found.ranked(1)[0][1] == 0, "one constituent makes one subjet"


def test_soft_subjets_and_their_constituents_are_dropped(make_jets: Any) -> None:
    momenta, counts = flat(make_jets(30))
    found = kt_subjets(momenta, counts)
    limit = 0.2 * np.bincount(np.repeat(np.arange(30), counts), np.hypot(*momenta[:2]))
    kept, inside = found.above(limit)
    assert 0 < len(kept.pt) < len(found.pt)
    assert (kept.pt >= limit[kept.owner]).all()
    np.testing.assert_array_equal(np.sort(found.pt[np.unique(found.member[inside])]), np.sort(kept.pt))
    np.testing.assert_allclose(kept.pt[kept.member], found.pt[found.member[inside]])
    # What is left and clustered again falls into the same subjets.
    owner = np.repeat(np.arange(30), counts)[inside]
    again = kt_subjets([values[inside] for values in momenta], np.bincount(owner, minlength=30))
    np.testing.assert_allclose(again.pt, kept.pt)
    np.testing.assert_array_equal(again.member, kept.member)


def test_nothing_has_no_subjets() -> None:
    nothing = [np.zeros(0)] * 4
    for counts in (np.zeros(0, np.int64), np.zeros(3, np.int64)):
        found = kt_subjets(nothing, counts)
        assert isinstance(found, Subjets)
        assert found.counts.tolist() == [0] * len(counts)
        assert [len(values) for values in (found.pt, found.member, *found.ranked(0))] == [0, 0, *[len(counts)] * 2]
