from __future__ import annotations

from kaon.registry import lookup
from kaon.studies.base import Study
from kaon.studies.jet_images import VARIANTS


def test_both_studies_are_registered_under_their_names() -> None:
    assert sorted(VARIANTS) == ["jet-images-w", "quark-gluon-color"]
    for name, study in VARIANTS.items():
        assert isinstance(study, Study)
        assert lookup("kaon.studies", name) is study
        assert study.name == name
        assert list(study.scales) == ["smoke", "quick", "full"]
