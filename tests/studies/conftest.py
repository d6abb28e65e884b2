"""What the tests of the studies share: quick events where a study would simulate its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MakeEvents = Callable[..., Path]


@pytest.fixture
def events_of_study(tmp_path: Path) -> MakeEvents:
    """`events_of_study(study, **changes)` puts events of its first recipe, with such changes, where smoke looks.

    The study finds them as if it had been stopped after its simulation. Returns the folder of all studies.
    """
    pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")
    from kaon.registry import lookup
    from kaon.simulate import load_recipe, simulate_to_file

    def make(name: str, **changes: Any) -> Path:
        study = lookup("kaon.studies", name)
        (recipe,) = study.recipes
        count = study.scales["smoke"].events
        small = load_recipe(recipe)
        # Without multiple interactions, and in small chunks, since a chunk is made whole.
        changes = {"chunk_events": 60, "settings": (*small.settings, "PartonLevel:MPI = off"), **changes}
        file = tmp_path / name / "smoke" / "events" / f"{recipe}-{count}-seed1.h5"
        file.parent.mkdir(parents=True)
        simulate_to_file(small.model_copy(update=changes), count, file, seed=1)
        return tmp_path

    return make
