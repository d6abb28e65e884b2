from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import ConfigError
from kaon.extras import available
from kaon.substructure import nsubjettiness
from kaon.substructure.njettiness_basis import nsubjettiness_basis

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 1.7])
def test_agrees_with_fastjet_contrib_on_kt_axes(jets: Events, beta: float) -> None:
    bodies = (1, 2, 3, 7, 20)
    found = nsubjettiness_basis(jets["constituents"], bodies, (beta,))
    expected = nsubjettiness(jets["constituents"], bodies, beta, axes="KT_Axes")
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-9, atol=1e-12)


def test_order_of_bodies_and_betas_is_that_of_the_arguments(jets: Events) -> None:
    one = nsubjettiness_basis(jets["constituents"][:20], (3, 1), (2.0, 0.5))
    two = nsubjettiness_basis(jets["constituents"][:20], (1, 3), (0.5, 2.0))
    np.testing.assert_array_equal(one, two[:, ::-1, ::-1])


def test_jets_fewer_than_axes_none_at_all_and_more_than_a_chunk(make_jets: Any) -> None:
    few = nsubjettiness_basis(make_jets(5, sizes=[0, 1, 2, 3, 4])["constituents"], (1, 2, 3))
    np.testing.assert_array_equal(few[..., 1] > 0, np.arange(5)[:, None] > [1, 2, 3])
    assert nsubjettiness_basis(make_jets(3)["constituents"][:0], (1,)).shape == (0, 1, 3)
    assert nsubjettiness_basis(make_jets(3)["constituents"], ()).shape == (3, 0, 3)
    many = make_jets(600, seed=3)["constituents"]
    whole = nsubjettiness_basis(many, (1, 4))
    np.testing.assert_allclose(nsubjettiness_basis(many[250:270], (1, 4)), whole[250:270], rtol=1e-12)


@pytest.mark.parametrize(("bodies", "betas"), [((0, 1), (1.0,)), ((1,), (0.0,)), ((1,), (float("nan"),))])
def test_bad_arguments_are_refused(jets: Events, bodies: tuple[int, ...], betas: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="every N must be >= 1 and every beta > 0"):
        nsubjettiness_basis(jets["constituents"][:1], bodies, betas)
