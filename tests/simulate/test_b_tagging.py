from __future__ import annotations

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles, record

from kaon.simulate.b_tagging import heavy_hadrons, tag
from kaon.simulate.jets import cluster
from kaon.simulate.recipe import BTagging


def test_hadrons_with_heavy_quarks() -> None:
    b, c = heavy_hadrons(np.array([511, -521, 531, 541, 553, 5122, -5332, 10521, 411, 431, 4122, 443, 111, 2212, 3312]))
    assert b.tolist() == [True] * 8 + [False] * 7
    assert c.tolist() == [False] * 8 + [True] * 4 + [False] * 3
    for other in (4, 5, 21, 6, 5101, 5503, 4203, 1000005, 1000006, 2000005):  # quarks, diquarks, squarks
        assert not np.any(heavy_hadrons(np.array([other, -other])))


@pytest.mark.parametrize(("pid", "chance"), [(511, 1.0), (411, 0.0), (211, 0.0)])
def test_a_jet_with_a_b_hadron_is_tagged(pid: int, chance: float, make_particles: MakeParticles) -> None:
    particles = make_particles(events=20)
    jets = cluster(particles, "anti-kt", 0.4, 8.0)
    _, first = np.unique(jets.event, return_index=True)
    direction = {"eta": np.zeros(20), "phi": np.zeros(20)}
    for name in direction:
        direction[name][jets.event[first]] = getattr(jets, name)[first] + 0.05
    rule = BTagging(b=1.0, c=0.0, light=0.0)
    near = tag(record(particles, {"pid": pid, "pt": 20.0, **direction}), jets, rule, np.random.default_rng(0))
    assert near[first].mean() == chance
    assert near.sum() <= len(first) * (1 + chance), "hardly another jet is as near"
    soft = tag(record(particles, {"pid": pid, "pt": 4.0, **direction}), jets, rule, np.random.default_rng(0))
    assert not soft.any()


def test_tags_come_as_often_as_they_should(make_particles: MakeParticles) -> None:
    particles = make_particles(events=200, count=60)
    jets = cluster(particles, "anti-kt", 0.4, 5.0)
    n, rule = len(jets), BTagging(light=0.2)
    found = tag(record(particles), jets, rule, np.random.default_rng(1))
    assert found.mean() == pytest.approx(0.2, abs=5 * np.sqrt(0.2 * 0.8 / n))
    np.testing.assert_array_equal(found, tag(record(particles), jets, rule, np.random.default_rng(1)))
