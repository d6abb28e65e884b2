from __future__ import annotations

import numpy as np
import pytest

from kaon.errors import ConfigError, DataError
from kaon.report.canvas import styled
from kaon.report.gallery_drawing import tiles


def test_pixels_are_drawn_as_they_are() -> None:
    pictures = np.array([[[-1.0, 0.0], [1.0, 2.0]], [[0.0, np.nan], [0.5, -2.0]]])
    with styled("plain"):
        figure = tiles(pictures, diverging=True, captions=["a $ b", "c"])
    first, second, bar = figure.axes
    drawn = first.images[0].get_array()
    assert drawn is not None
    np.testing.assert_allclose(drawn, [[0.25, 0.5], [0.75, 1.0]])
    assert first.get_title() == r"a \$ b"
    assert second.images[0].get_interpolation() == "nearest"
    assert bar.get_xlim() == (-2, 2)


def test_colours_and_scales_of_their_own() -> None:
    colours = np.random.default_rng(0).random((3, 3, 4, 5))
    figure = tiles(colours, columns=2)
    assert len(figure.axes) == 4, "the last place stays empty"
    drawn = figure.axes[1].images[0].get_array()
    assert drawn is not None
    np.testing.assert_allclose(drawn, colours[1].transpose(1, 2, 0))
    own = tiles(np.array([[[0.0, 5.0]], [[0.0, 0.1]]]), each=True)
    tops = [values.max() for ax in own.axes if (values := ax.images[0].get_array()) is not None]
    assert tops == [1, 1]


def test_what_is_no_gallery_is_refused() -> None:
    with pytest.raises(DataError):
        tiles(np.zeros((2, 2)))
    with pytest.raises(ConfigError):
        tiles(np.zeros((2, 2, 2)), captions=["one"])
