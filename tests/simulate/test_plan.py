from __future__ import annotations

import json

import pytest

from kaon.errors import DataError
from kaon.simulate import Recipe
from kaon.simulate.chunk import Job, make_chunk
from kaon.simulate.plan import Memory, Plan, Share, fingerprint


def test_memory_gives_back_what_it_was_given(quick: Recipe) -> None:
    store, chunk = Memory(), make_chunk(Job(quick, 0, 0, 1))
    store.save((0, 2), chunk.to_bytes())
    store.save((0, 1), b"broken")
    assert store.finished() == [(0, 1), (0, 2)]
    assert store.load((0, 2)).to_bytes() == chunk.to_bytes()
    with pytest.raises(DataError):
        store.load((0, 1))
    share = Share.of(2, store.load((0, 2)))
    assert (share.number, share.taken, share.jets, share.generated) == (2, len(chunk), len(chunk), 60)


def test_the_fingerprint_holds_what_decides_a_chunk_and_no_more(quick: Recipe) -> None:
    one = fingerprint(Plan(quick, (10, 10), 1))
    assert json.loads(json.dumps(one)) == one
    assert {"kaon", "pythia8mc", "fastjet"} <= set(one["versions"])
    assert fingerprint(Plan(quick, (99, 1), 1)) == one
    assert fingerprint(Plan(quick, (10, 10), 2)) != one
    assert fingerprint(Plan(quick.with_options(detector="cms"), (10, 10), 1)) != one
