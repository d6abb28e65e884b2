from __future__ import annotations

import copy
import json
from dataclasses import asdict
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import BundleError, ConfigError, DataError, UnknownName
from kaon.registry import lookup, origin, variants
from kaon.represent import images as module
from kaon.represent.images import JetImages, jet_images
from kaon.substructure.picture import Picture, draw

NAMES = [name for name, made in variants("kaon.represent").items() if origin(made) is JetImages]


def made(name: str, **options: Any) -> JetImages:
    representation: JetImages = lookup("kaon.represent", name)(**options)
    return representation


def without_charge(jets: Events) -> Events:
    p = jets["constituents"]
    return jets.with_columns(constituents=momenta(p.px, p.py, p.pz, p.E))


def test_the_named_ones_have_the_sizes_of_their_papers(jets: Events) -> None:
    shapes = {name: made(name).fit(jets).spec["image"].shape for name in NAMES}
    assert shapes == {
        "images": (1, 40, 40),
        "images_color": (3, 33, 33),
        "images_resnext": (1, 64, 64),
        "images_w": (1, 25, 25),
    }


def test_are_drawn_jet_by_jet_whatever_the_chunk(jets: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    column = jets["constituents"]
    picture = Picture(20, channels=("pt_charged", "pt_neutral", "multiplicity"))
    flat = [ak.to_numpy(ak.flatten(column[q])) for q in ("px", "py", "pz", "E", "charge")]
    expected = draw(picture, flat[:4], ak.to_numpy(ak.num(column)), flat[4])
    for chunk in (7, 100, 10_000):
        monkeypatch.setattr(module, "_CHUNK", chunk)
        np.testing.assert_array_equal(jet_images(column, picture), expected)
    order = ak.argsort(column["px"], axis=1)
    np.testing.assert_allclose(jet_images(column[order], picture), expected, atol=1e-6, err_msg="the order is free")


def test_sum_to_one_or_to_the_jet(jets: Events) -> None:
    found = made("images").fit_transform(jets).inputs["image"]
    np.testing.assert_allclose(found.sum((1, 2, 3)), 1, rtol=1e-5)
    total = made("images_w", logarithm=0.0, half_width=3.0).fit_transform(jets).inputs["image"].sum((1, 2, 3))
    assert (total >= 1 - 1e-6).all(), "a scalar sum is not below the vector sum"
    assert total.max() < 1.5
    logarithms = made("images_resnext").fit_transform(jets).inputs["image"]
    plain = made("images_resnext", logarithm=0.0).fit_transform(jets).inputs["image"]
    np.testing.assert_allclose(logarithms, np.log1p(100 * plain), rtol=1e-5)


def test_pixels_are_standardised_on_training_jets(jets: Events, make_jets: Any) -> None:
    raw = jet_images(jets["constituents"], made("images_color").picture).astype(float)
    mean, sigma = raw.mean(0), raw.std(0)
    fitted = made("images_color").fit(jets)
    other = make_jets(50, seed=1)
    new = jet_images(other["constituents"], fitted.picture)
    found = fitted.transform(other).inputs["image"]
    expected = np.where(sigma > 0, (new - mean) / (sigma + 1e-5), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert ((new != 0) & (sigma == 0)).any(), "a pixel that no training image fills is left out of new ones"
    training = fitted.transform(jets).inputs["image"]
    np.testing.assert_allclose(training.mean(0), 0, atol=1e-4)
    lit = sigma > 1e-3
    np.testing.assert_allclose(training.std(0)[lit], (sigma / (sigma + 1e-5))[lit], rtol=1e-3)
    assert not training[:, sigma == 0].any(), "a pixel that is never lit stays dark"


def test_centring_and_dividing_can_be_had_alone(jets: Events) -> None:
    raw = made("images").fit_transform(jets).inputs["image"]
    centred = made("images", zero_center=True).fit_transform(jets).inputs["image"]
    np.testing.assert_allclose(centred, raw - raw.mean(0), atol=1e-7)
    divided = made("images", standardise=0.1).fit_transform(jets).inputs["image"]
    np.testing.assert_allclose(divided, raw / (raw.std(0, dtype=float) + 0.1), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_reach_the_network_with_a_root_mean_square_of_one(name: str, jets: Events) -> None:
    fitted = made(name)
    found = fitted.fit_transform(jets).inputs["image"].astype(float)
    item = fitted.spec["image"]
    assert set(item.shift) == {0.0}
    assert len(set(item.scale)) == 1
    assert np.sqrt(np.square(found * np.array(item.scale)).mean()) == pytest.approx(1, rel=1e-5)


def test_images_without_light_keep_the_scale_one(make_jets: Any) -> None:
    assert set(made("images").fit(make_jets(3, sizes=[0, 0, 0])).spec["image"].scale) == {1.0}


def test_charges_are_needed_for_colour_only(jets: Events) -> None:
    grey = without_charge(jets)
    for name in NAMES:
        if name == "images_color":
            with pytest.raises(DataError, match="`charge` of the constituents"):
                made(name).fit(grey)
        else:
            np.testing.assert_array_equal(
                made(name).fit_transform(grey).inputs["image"], made(name).fit_transform(jets).inputs["image"]
            )


@pytest.mark.parametrize("name", NAMES)
def test_constituents_that_are_no_numbers_are_refused(name: str, make_jets: Any) -> None:
    jets = make_jets(3)
    p = jets["constituents"]
    px = ak.unflatten(np.r_[np.nan, ak.to_numpy(ak.flatten(p.px))[1:]], ak.num(p))
    broken = jets.with_columns(constituents=momenta(px, p.py, p.pz, p.E, charge=p.charge))
    with pytest.raises(DataError, match="NaN, infinite"):
        made(name).fit(broken)


def test_a_damaged_state_is_told(jets: Events) -> None:
    state = json.loads(json.dumps(made("images_color").fit(jets).state()))
    assert JetImages.from_state(state).options == made("images_color").options
    for damage in ("!", "AAAA", None):
        broken = copy.deepcopy(state)
        broken["moments"]["mean"] = damage
        with pytest.raises(BundleError, match="JetImages"):
            JetImages.from_state(broken)
    del state["moments"]
    with pytest.raises(BundleError, match="moments"):
        JetImages.from_state(state)


def test_options_are_those_of_the_picture() -> None:
    representation = JetImages(pixels=5, channels=["pt", "multiplicity"], standardise=0.1)
    drawn = {name: tuple(v) if isinstance(v, list) else v for name, v in representation.options.items()}
    assert asdict(representation.picture).items() <= drawn.items()
    with pytest.raises(ConfigError, match="standardise"):
        JetImages(standardise=-1.0)
    with pytest.raises(UnknownName):
        JetImages(centre="middle")
