from __future__ import annotations

from kaon.models.base import Net
from kaon.registry import lookup, origin
from kaon.simulate.recipe import load_recipe
from kaon.studies.transfer.tasks import TASKS, w_like_top

W_MASS, TOP_MASS = 80.4, 172.5


def test_w_and_top_open_as_widely() -> None:
    """Decay products are 2 m / pT apart."""
    w, top = w_like_top(), load_recipe("top-tagging")
    opening = [4 * m / sum(edge or 0 for edge in r.jets.pt) for m, r in ((W_MASS, w), (TOP_MASS, top))]
    assert abs(opening[0] / opening[1] - 1) < 0.05
    assert opening[0] < w.jets.radius


def test_the_w_jets_are_found_as_the_tops_are() -> None:
    w, top = w_like_top(), load_recipe("top-tagging")
    differ = {name for name in type(w.jets).model_fields if getattr(w.jets, name) != getattr(top.jets, name)}
    assert differ == {"pt"}
    assert w.detector == top.detector
    assert w.classes == ("qcd", "w")
    matching = w.processes[1].matching
    assert matching is not None
    assert matching.radius == matching.products_radius == w.jets.radius


def test_one_network_reads_both_tasks() -> None:
    for pair in TASKS:
        kind = origin(lookup("kaon.models", pair.model))
        assert issubclass(kind, Net)
        assert pair.representation in kind.representations
