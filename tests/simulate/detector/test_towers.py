from __future__ import annotations

import numpy as np
from tests.simulate.conftest import MakeParticles

from kaon.simulate.detector.towers import sum_towers


def test_energy_is_kept_and_cells_are_a_tenth_wide(make_particles: MakeParticles) -> None:
    particles = make_particles(events=10, count=300)
    towers = sum_towers(particles)
    for event in range(10):
        np.testing.assert_allclose(
            towers.E[towers.event == event].sum(), particles.E[particles.event == event].sum(), rtol=1e-12
        )
    position = towers.eta / 0.1 - 0.5
    np.testing.assert_allclose(position, position.round(), atol=1e-6)
    column = (towers.phi + np.pi) / (2 * np.pi) * 63 - 0.5
    np.testing.assert_allclose(column, column.round(), atol=1e-6)
    keys = np.stack([towers.event, position.round(), column.round()])
    assert len(np.unique(keys, axis=1).T) == len(towers) < len(particles)


def test_nothing_is_seen_beyond_the_last_cell(make_particles: MakeParticles) -> None:
    particles = make_particles(events=1, count=3, px=np.ones(3), py=np.zeros(3), pz=np.array([0.0, 74.3, 1e4]))
    assert len(sum_towers(particles)) == 1  # 74.3 is eta = 5.0008
