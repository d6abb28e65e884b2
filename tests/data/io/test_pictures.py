from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kaon.data import Predictions
from kaon.data.io import append_scores, iterate, read, write
from kaon.data.io.pictures import by_class, decode
from kaon.errors import ConfigError, DataError

Pixels = dict[str, NDArray[np.uint8]]
Encode = Callable[[NDArray[np.uint8]], bytes]
Write = Callable[..., Path]


def test_folders_and_archives_read_the_same(drawn: Pixels, encode: Encode, folder: Write, archive: Write) -> None:
    files = {name: encode(pixels) for name, pixels in drawn.items()}
    laid, packed = read(folder(files)), read(archive(files))
    assert laid.classes == packed.classes == ("ape", "cat", "dog")
    assert (np.asarray(laid["image"]) == np.asarray(packed["image"])).all()
    assert np.bincount(laid.labels).tolist() == [3, 2, 11]
    for kind in range(3):
        names = [n for n in drawn if f"/{laid.classes[kind]}/" in n]
        mine = np.asarray(laid["image"])[laid.labels == kind]
        for i, name in enumerate(sorted(names, key=lambda n: int(Path(n).stem))):
            assert (mine[i] == drawn[name].transpose(2, 0, 1)).all()


def test_the_first_pictures_are_of_all_classes(drawn: Pixels, encode: Encode, folder: Write) -> None:
    path = folder({name: encode(pixels) for name, pixels in drawn.items()})
    assert read(path, limit=6).labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_grey_pictures_have_one_channel(drawn: Pixels, encode: Encode, folder: Write) -> None:
    path = folder({name: encode(pixels[:, :, 0]) for name, pixels in drawn.items()})
    assert np.asarray(read(path)["image"]).shape == (16, 1, 4, 5)


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("P", 3)])
def test_modes_that_can_be_read(mode: str, channels: int, folder: Write) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 5), 255, np.uint8)).convert(mode).save(stream, "png")
    image = np.asarray(read(folder({"a/1.png": stream.getvalue(), "b/1.png": stream.getvalue()}))["image"])
    assert image.shape == (2, channels, 4, 5)
    assert (image == 255).all()


def test_in_parts_it_is_the_same(drawn: Pixels, encode: Encode, folder: Write) -> None:
    path = folder({name: encode(pixels) for name, pixels in drawn.items()})
    whole, parts = read(path), list(iterate(path, 5))
    assert [len(p) for p in parts] == [5, 5, 5, 1]
    assert (np.concatenate([np.asarray(p["image"]) for p in parts]) == np.asarray(whole["image"])).all()


def test_without_folders_pictures_are_unlabelled(drawn: Pixels, encode: Encode, folder: Write) -> None:
    path = folder({f"{i}.png": encode(pixels) for i, pixels in enumerate(drawn.values())})
    events = read(path)
    assert events.target is None
    assert (np.asarray(events["image"])[10] == list(drawn.values())[10].transpose(2, 0, 1)).all()


def _wrong(drawn: Pixels, encode: Encode) -> dict[str, dict[str, bytes]]:
    good = {name: encode(pixels) for name, pixels in drawn.items()}
    wide = np.zeros((4, 6, 3), np.uint8)
    deep = io.BytesIO()
    Image.fromarray(np.zeros((4, 5), np.uint16)).save(deep, "png")
    clear = io.BytesIO()
    Image.fromarray(np.zeros((4, 5, 4), np.uint8)).save(clear, "png")
    return {
        "size": {**good, "train/dog/7.png": encode(wide)},
        "channels": {**good, "train/dog/7.png": encode(wide[:, :5, 0])},
        "short": {**good, "train/dog/7.png": good["train/dog/7.png"][:-30]},
        "words": {**good, "train/dog/7.png": b"no picture"},
        "first": {**good, "train/ape/0.png": b""},
        "alpha": {**good, "train/dog/7.png": clear.getvalue()},
        "sixteen": {**good, "train/dog/7.png": deep.getvalue()},
        "homeless": {**good, "lost.png": good["train/dog/7.png"]},
        "none": {"readme.txt": b"words"},
    }


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("size", r"train/dog/7\.png of .* is 6 x 4 pixels with 3 channels, but train/ape/0\.png is 5 x 4"),
        ("channels", r"train/dog/7\.png of .* is 5 x 4 pixels with 1 channel, but .* with 3 channels"),
        ("short", r"train/dog/7\.png of .* damaged or cut short"),
        ("words", r"train/dog/7\.png of .* is no picture"),
        ("first", r"train/ape/0\.png of .* is no picture"),
        ("alpha", r"train/dog/7\.png of .* has the channels RGBA"),
        ("sixteen", r"train/dog/7\.png of .* has the channels I;16"),
        ("homeless", r"both in folders and in none: lost\.png"),
        ("none", "holds no pictures"),
    ],
)
def test_pictures_that_cannot_be_used(which: str, words: str, drawn: Pixels, encode: Encode, archive: Write) -> None:
    with pytest.raises(DataError, match=words):
        read(archive(_wrong(drawn, encode)[which]))


def test_a_folder_without_pictures_is_still_refused(folder: Write) -> None:
    with pytest.raises(DataError, match="is a folder; name the files in it"):
        read(folder({"a.root": b"x"}))


def test_classes_are_the_innermost_folders() -> None:
    names = dict.fromkeys(["x/b/1.png", "y/b/1.png", "10/1.png", "9/1.png"])
    assert by_class(names) == {"9": ["9/1.png"], "10": ["10/1.png"], "b": ["x/b/1.png", "y/b/1.png"]}


def test_a_jpeg_is_close_to_what_was_saved() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    pixels = np.broadcast_to(ramp, (64, 64))
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "jpeg", quality=95)
    found = decode("a.jpg", stream.getvalue(), Path("x.tar"))
    assert np.abs(found[0].astype(int) - pixels).max() <= 8


def test_decoding_is_quick(encode: Encode, folder: Write) -> None:
    """2,000 pictures of 32 x 32 take well below a second of one core; the limit is generous."""
    one = encode(np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8))
    path = folder({f"{i % 10}/{i}.png": one for i in range(2000)})
    start = time.process_time()
    assert len(read(path)) == 2000
    assert time.process_time() - start < 4


def test_scores_beside_pictures_go_into_a_file_that_can_hold_them(
    drawn: Pixels, encode: Encode, folder: Write, tmp_path: Path
) -> None:
    path = folder({name: encode(pixels) for name, pixels in drawn.items()})
    events = read(path)
    scores = Predictions(np.full((16, 3), 1 / 3), index=events.index, classes=events.classes)
    made = read(append_scores(path, tmp_path / "a.h5", scores))
    assert (np.asarray(made["image"]) == np.asarray(events["image"])).all()
    assert np.asarray(made["score_ape"]) == pytest.approx(1 / 3)
    for name in ("a.tar", "a.idx"):
        with pytest.raises(ConfigError, match="but writes none"):
            append_scores(path, tmp_path / name, scores)


@pytest.mark.parametrize("suffix", [".h5", ".parquet", ".root"])
def test_pictures_survive_a_file(suffix: str, drawn: Pixels, encode: Encode, folder: Write, tmp_path: Path) -> None:
    events = read(folder({name: encode(pixels) for name, pixels in drawn.items()}))
    again = read(write(events, tmp_path / f"a{suffix}"))
    assert np.asarray(again["image"]).dtype == np.uint8
    assert (np.asarray(again["image"]) == np.asarray(events["image"])).all()
    assert (again.labels == events.labels).all()
    assert again.classes == events.classes
    assert "label" not in again.fields
    chosen = events.take(events.labels != 1)
    assert (np.asarray(read(write(chosen, tmp_path / f"b{suffix}"))["image"]) == np.asarray(chosen["image"])).all()
