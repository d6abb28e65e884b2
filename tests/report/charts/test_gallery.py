from __future__ import annotations

import base64
import io
import json
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray
from PIL import Image

from kaon.errors import ConfigError, DataError
from kaon.report.charts.chart import Chart
from kaon.report.charts.gallery import gallery, pixel_map, scale_ticks


def tiles(chart: Chart) -> NDArray[np.uint8]:
    """The pictures of the sheet as an independent decoder reads them, (n, height, width[, 3])."""
    (drawn,) = chart.data
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn["sheet"].partition(",")[2]))))
    h, w = drawn["height"], drawn["width"]
    places = [divmod(i, drawn["across"]) for i in range(drawn["count"])]
    return np.stack([sheet[r * h : (r + 1) * h, c * w : (c + 1) * w] for r, c in places])


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_every_picture_is_in_the_sheet_as_it_was(count: int) -> None:
    pictures = np.random.default_rng(count).integers(0, 256, (count, 7, 5), dtype=np.uint8)
    assert np.abs(tiles(gallery("g", "G", "", pictures)) / 254 - pictures / 255).max() <= 0.5 / 254 + 1e-9
    coloured = np.random.default_rng(count).integers(0, 256, (count, 3, 4, 6), dtype=np.uint8)
    np.testing.assert_array_equal(tiles(gallery("g", "G", "", coloured)), coloured.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(tiles(gallery("g", "G", "", coloured / 255)), coloured.transpose(0, 2, 3, 1))


def test_zero_is_the_middle_of_diverging_colours_and_nan_is_open() -> None:
    pictures = np.array([[[-3.0, 0.0, 1.5]], [[np.nan, 3e-9, 0.0]]])
    shades = tiles(gallery("g", "G", "", pictures, diverging=True)).astype(int)
    assert shades[0, 0, 1] == shades[1, 0, 2] == 127
    assert shades[0, 0, 0] == 0
    assert shades[0, 0, 2] - 127 == pytest.approx(127 / 2, abs=0.51)
    assert shades[1, 0, 0] == 255
    assert gallery("g", "G", "", pictures, diverging=True).data[0]["bar"] == ["−3", "0", "3"]
    own = tiles(gallery("g", "G", "", pictures, diverging=True, each=True))
    assert own[1, 0, 1] == 254, "the highest of its own scale"
    assert tiles(gallery("g", "G", "", np.zeros((1, 2, 2)), diverging=True)).tolist() == [[[127, 127], [127, 127]]]


def test_a_hundred_pictures_are_small_and_the_chart_is_json() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 32, 32), dtype=np.uint8)
    chart = gallery("g", "G", "", noise, captions=[f"<{i}>" for i in range(100)], columns=10)
    assert len(json.dumps([chart.data, chart.layout], allow_nan=False)) < 200_000
    assert chart.data[0]["captions"][3] == "<3>", "the page sets it as text, not as markup"


@pytest.mark.parametrize(
    ("error", "images", "options"),
    [
        (DataError, np.zeros((4, 4)), {}),
        (DataError, np.zeros((0, 4, 4)), {}),
        (DataError, np.zeros((2, 2, 4, 4)), {}),
        (DataError, np.full((1, 2, 2), np.inf), {}),
        (DataError, np.full((1, 3, 2, 2), np.nan), {}),
        (ConfigError, np.zeros((2, 4, 4)), {"captions": ["one"]}),
        (ConfigError, np.zeros((2, 4, 4)), {"columns": -1}),
        (ConfigError, np.zeros((2, 4, 4)), {"limits": (1.0, 1.0)}),
        (ConfigError, np.zeros((2, 4, 4)), {"limits": (-1.0, 2.0), "diverging": True}),
        (ConfigError, np.zeros((2, 3, 4, 4)), {"diverging": True}),
    ],
)
def test_what_is_no_gallery_is_refused(error: type[Exception], images: Any, options: dict[str, Any]) -> None:
    with pytest.raises(error):
        gallery("g", "G", "", images, **options)


def test_a_map_has_its_pixels_where_they_are() -> None:
    image = np.arange(6.0).reshape(2, 3)
    chart = pixel_map("m", "M", "", image, x="Δη", y="Δφ", extent=(-1.5, 1.5, 0, 4))
    (drawn,) = chart.data
    assert drawn["x"] == [-1.0, 0.0, 1.0]
    assert drawn["y"] == [1.0, 3.0]
    assert drawn["z"] == image.tolist()
    turned = pixel_map("m", "M", "", image, x="x", y="y", extent=(0, 3, 2, 0))
    assert turned.data[0]["y"] == [1.5, 0.5]
    assert turned.layout["yaxis"]["range"] == [2, 0]


def test_colour_scales_are_logarithmic_or_symmetric() -> None:
    image = np.array([[0.0, 1e-12, 1e-3], [1e-2, 0.5, 1.0]])
    (drawn,) = pixel_map("m", "M", "", image, x="x", y="y", extent=(0, 3, 0, 2), logarithmic=True).data
    assert drawn["z"][0][:2] == [None, None], "nothing, and less than can be drawn"
    assert [drawn["z"][0][2], drawn["z"][1][2]] == [-3, 0]
    assert (drawn["zmin"], drawn["zmax"]) == (-6, 0)
    assert all(drawn["zmin"] <= tick <= drawn["zmax"] for tick in drawn["colorbar"]["tickvals"])
    (drawn,) = pixel_map("m", "M", "", image - 0.7, x="x", y="y", extent=(0, 3, 0, 2), diverging=True).data
    assert drawn["zmin"] == -drawn["zmax"] == -0.7
    assert drawn["colorscale"][1] == [0.5, "raised"]


def test_maps_are_what_plotly_understands() -> None:
    image = np.random.default_rng(1).random((4, 4))
    for options in ({}, {"logarithmic": True}, {"diverging": True}, {"limits": (0.1, 2.0), "unit": "GeV"}):
        chart = pixel_map("m", "M", "", image, x="x", y="y", extent=(0, 1, 0, 1), **options)
        json.dumps([chart.data, chart.layout], allow_nan=False)
        painted = [{**chart.data[0], "colorscale": [[at, "#123456"] for at, _ in chart.data[0]["colorscale"]]}]
        go.Figure(data=painted, layout=chart.layout)


@pytest.mark.parametrize(
    ("error", "image", "options"),
    [
        (DataError, np.zeros(4), {}),
        (DataError, np.full((2, 2), np.inf), {}),
        (DataError, np.zeros((2, 2)), {"logarithmic": True}),
        (ConfigError, np.ones((2, 2)), {"logarithmic": True, "diverging": True}),
        (ConfigError, np.ones((2, 2)), {"logarithmic": True, "limits": (0.0, 1.0)}),
        (ConfigError, np.ones((2, 2)), {"extent": (0, 0, 0, 1)}),
        (ConfigError, np.ones((2, 2)), {"extent": (0, math.nan, 0, 1)}),
    ],
)
def test_what_is_no_map_is_refused(error: type[Exception], image: Any, options: dict[str, Any]) -> None:
    with pytest.raises(error):
        pixel_map("m", "M", "", image, **{"x": "x", "y": "y", "extent": (0, 1, 0, 1), **options})


@pytest.mark.parametrize(("low", "high"), [(1e-9, 1.0), (0.02, 0.9), (1.0, 1.3), (3.0, 60.0), (1e-30, 1e30)])
def test_a_logarithmic_scale_has_a_few_ticks_within_it(low: float, high: float) -> None:
    ticks = scale_ticks(low, high)
    assert 1 <= len(ticks) <= 8
    assert ticks == sorted(ticks)
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)
