from __future__ import annotations

import numpy as np
import pytest
import vector
from tests.observables.conftest import momenta_of

from kaon.errors import DataError
from kaon.observables.momenta import boost, four_momentum, four_vectors, invariant_mass, missing, plane, pt


def test_four_momentum_agrees_with_the_vector_library() -> None:
    rng = np.random.default_rng(0)
    given = rng.uniform(1, 100, 50), rng.uniform(-4, 4, 50), rng.uniform(-3, 3, 50), rng.uniform(0, 20, 50)
    other = vector.array(dict(zip(("pt", "eta", "phi", "mass"), given, strict=True)))
    made = four_momentum(*given)
    for i, name in enumerate(("E", "px", "py", "pz")):
        np.testing.assert_allclose(made[:, i], getattr(other, name), rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(invariant_mass(made), given[3], atol=1e-4)
    np.testing.assert_allclose(pt(made), given[0])
    np.testing.assert_array_equal(plane(made), made[:, 1:3])


def test_boosts_agree_with_the_vector_library_and_keep_masses() -> None:
    p = momenta_of(50, mass=30)
    beta = np.random.default_rng(1).uniform(-0.5, 0.5, (50, 3))
    other = vector.array({"E": p[:, 0], "px": p[:, 1], "py": p[:, 2], "pz": p[:, 3]}).boostCM_of_beta3(
        -vector.array({"x": beta[:, 0], "y": beta[:, 1], "z": beta[:, 2]})
    )
    made = boost(p, beta)
    for i, name in enumerate(("E", "px", "py", "pz")):
        np.testing.assert_allclose(made[:, i], getattr(other, name), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(invariant_mass(made), 30)
    np.testing.assert_allclose(boost(made, -beta), p, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(boost(p, np.zeros((50, 3))), p)


def test_a_boost_by_minus_its_velocity_brings_a_particle_to_rest() -> None:
    p = momenta_of(20, mass=5)
    rest = boost(p, -p[:, 1:] / p[:, :1])
    np.testing.assert_allclose(rest, np.array([[5.0, 0, 0, 0]] * 20), atol=1e-9)


def test_shapes_are_checked() -> None:
    with pytest.raises(DataError, match=r"tau has the shape \(3,\)"):
        four_vectors([1, 2, 3], "tau")
    with pytest.raises(DataError, match="met has the shape"):
        missing(np.zeros((5, 3)))
    with pytest.raises(DataError):
        missing(1.0)
