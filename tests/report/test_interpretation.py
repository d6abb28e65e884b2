from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from kaon.interpret.convolutions import Convolved
from kaon.interpret.filters import Filters
from kaon.interpret.gradients import Gradients
from kaon.interpret.occlusion import Occlusion
from kaon.interpret.overview import Overview, Shown
from kaon.interpret.patches import Patches
from kaon.report.interpretation import MAPS, interpretation_charts, interpretation_figures, write_interpretation

RANDOM = np.random.default_rng(0)


def looked(channels: int = 1, representation: str = "pictures", classes: tuple[str, ...] = ("a", "b", "c")) -> Overview:
    """Random numbers in place of what is found in a network."""

    def random(*shape: int) -> np.ndarray:
        return RANDOM.random(shape).astype(np.float32)

    numbers = np.array([0, 1, 1])
    layer = Convolved(0, 5, (3, 3), (8, 8))
    pixels = random(5, 4, channels, 3, 3)
    pixels[0, 0, :, 0] = np.nan
    found = np.zeros((5, 4), np.int64)
    return Overview(
        "cnn",
        representation,
        classes,
        30,
        Filters("convolution", random(5, channels, 3, 3) - np.float32(0.5)),
        (Patches(layer, -np.sort(-random(5, 4)), found, np.zeros((5, 4, 2), np.int64), pixels),),
        (random(len(classes), channels, 8, 8) - 0.5).astype(np.float64),
        Shown(
            np.array([3, 1, 4]),
            random(3, channels, 8, 8),
            np.array([0, 1, 0]),
            numbers,
            random(3),
            Occlusion(random(3, 8, 8), random(3), numbers),
            Gradients(random(3, channels, 8, 8), numbers, np.zeros(0, np.float32)),
            Gradients(random(3, channels, 8, 8), numbers, random(3)),
        ),
    )


def test_a_page_figures_arrays_and_a_summary_are_written(tmp_path: Path) -> None:
    found = looked()
    written = write_interpretation(found, tmp_path, facts={"Model": "<m>"})
    assert all(path.stat().st_size > 0 for path in written)
    assert written[-1].name == "interpretation.json"
    page = (tmp_path / "report.html").read_text()
    assert "&lt;m&gt;" in page
    assert page.count('data-chart="') == 7
    told = json.loads(written[-1].read_text())
    assert [row["truth"] for row in told["shown"]] == ["a", "b", "a"]
    assert told["layers"] == [{"convolution": 0, "filters": 5, "receptive_field": [3, 3]}]
    arrays = load_file(tmp_path / MAPS)
    np.testing.assert_array_equal(arrays["saliency"], found.shown.saliency.maps)
    np.testing.assert_array_equal(arrays["patches_0_pixels"], found.patches[0].pixels)


@pytest.mark.parametrize(("channels", "representation"), [(1, "pictures"), (3, "pictures"), (3, "images_color")])
def test_the_same_galleries_are_charts_and_figures(channels: int, representation: str) -> None:
    found = looked(channels, representation)
    charts = [chart for part in interpretation_charts(found).values() for chart in part]
    assert [chart.name.replace("-", "_") for chart in charts] == list(interpretation_figures(found))
    coloured = {chart.name for chart in charts if not chart.data[0]["ramp"]}
    expected = {"filters", "patches-0", "images"} if (channels, representation) == (3, "pictures") else set()
    assert coloured == expected


def test_blocks_hold_each_patch_in_its_place() -> None:
    (patches,) = [c for c in interpretation_charts(looked())["network"] if c.name == "patches-0"]
    assert patches.data[0]["count"] == 5
    assert (patches.data[0]["height"], patches.data[0]["width"]) == (2 * 4 - 1, 3 * 4 - 1), "3 + 1 patches in two rows"


def test_mistakes_are_told_and_charts_can_stand_beside_others() -> None:
    charts = interpretation_charts(looked(), "digits-", ", digits")
    images = next(c for c in charts["events"] if c.name == "digits-images")
    assert images.title == "Images, digits"
    assert images.data[0]["captions"][2].endswith("(is a)")
    binary = interpretation_charts(looked(classes=("qcd", "top")))["pixels"][0]
    assert binary.data[0]["captions"] == ["top"], "the other class is its negative"
