from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaon.registry import lookup
from kaon.studies.base import Context
from kaon.studies.depth.samples import digits, outlines


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("depth", "smoke", lookup("kaon.studies", "depth").scales["smoke"], tmp_path)


def test_outlines_are_noisy_and_never_tested_on_what_was_trained(context: Context) -> None:
    parts, words = outlines(context)
    assert len(parts.train) + len(parts.validation) == context.scale.events
    assert len(parts.test) == context.scale.settings["test"]
    images = [np.asarray(part["image"]) for part in (parts.train, parts.validation, parts.test)]
    white = np.mean([image.mean() / 255 for image in images])
    assert white > context.scale.settings["noise"], "the noise, and the outline"
    seen = [{image.tobytes() for image in part} for part in images]
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]
    assert "10% are noise" in words


def test_digits_are_the_public_ones(kaon_data: Path, context: Context) -> None:
    if not (kaon_data / "mnist").is_dir():
        pytest.skip("no MNIST in KAON_DATA")
    parts, words = digits(context)
    assert words.startswith("MNIST")
    assert len(parts.train) + len(parts.validation) == context.scale.settings["digits"]
    assert parts.test.index.min() == 60_000
    assert max(parts.train.index.max(), parts.validation.index.max()) < context.scale.settings["digits"]
