"""Bundles come back exactly, and whatever is not a whole bundle is refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kaon.data import Input, InputSpec
from kaon.data.bundle import FORMAT, Bundle
from kaon.errors import BundleError

SPEC = InputSpec((Input("features", (2,), features=("pt", "mass"), shift=(1.0, 2.0), scale=(3.0, 4.0)),))


def bundle(**changes: Any) -> Bundle:
    given: dict[str, Any] = {
        "model": "mlp",
        "options": {"widths": (8, 8), "dropout": 0.1},
        "representation": "jet_features",
        "representation_state": {"options": {}, "spec": SPEC.to_json()},
        "spec": SPEC,
        "classes": ("QCD", "top"),
        "tensors": {"w": np.arange(6, dtype="float32").reshape(2, 3), "b": np.array(1.5), "none": np.zeros((0, 4))},
        "texts": {"trees.txt": "tree\r\n"},
        "training": {"seed": 3, "loss": [0.7, 0.5]},
    }
    return Bundle(**(given | changes))


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None], *, sign: bool = True) -> Path:
    """The bundle with its manifest and members changed by hand; checksums made to fit if `sign`."""
    with zipfile.ZipFile(path) as archive:
        members = {i.filename: archive.read(i) for i in archive.infolist()}
    manifest = json.loads(members.pop("bundle.json"))
    change(manifest, members)
    if sign:
        manifest["members"] = {
            k: {"bytes": len(v), "sha256": hashlib.sha256(v).hexdigest()} for k, v in members.items()
        }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", json.dumps(manifest))
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return bundle().save(tmp_path / "a.kaon")


dtypes = st.sampled_from(["bool", "int8", "uint16", "int64", "float16", "float32", ">f4", "float64", "complex64"])
arrays = dtypes.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tensors=st.dictionaries(st.text(max_size=8), arrays, max_size=4),
    texts=st.dictionaries(st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True), st.text(), max_size=3),
    options=st.dictionaries(st.text(), plain, max_size=4),
)
def test_what_is_saved_is_what_is_loaded(
    tmp_path: Path, tensors: dict[str, Any], texts: dict[str, str], options: dict[str, Any]
) -> None:
    one = bundle(tensors=tensors, texts=texts, options=options)
    two = Bundle.load(one.save(tmp_path / "a.kaon"))
    assert two == one
    assert two.texts == texts
    assert json.dumps(two.options, sort_keys=True) == json.dumps(options, sort_keys=True)
    for name, values in tensors.items():
        assert two.tensors[name].dtype == values.dtype.newbyteorder("=")
        np.testing.assert_array_equal(two.tensors[name], values)
        assert two.tensors[name].flags.writeable


def test_equal_bundles_are_equal_files(tmp_path: Path) -> None:
    strided = np.arange(6, dtype="float32").reshape(3, 2).T
    one = bundle(tensors={"a": strided, "b": np.ones(2)}).save(tmp_path / "one.kaon")
    two = bundle(tensors={"b": np.ones(2), "a": strided.copy()}).save(tmp_path / "two.kaon")
    assert one.read_bytes() == two.read_bytes()
    assert bundle() == bundle()
    assert bundle() != bundle(model="other")
    assert bundle() != "bundle"


def test_tuples_become_lists_before_saving_so_that_memory_equals_file() -> None:
    assert bundle().options == {"widths": [8, 8], "dropout": 0.1}
    assert bundle(training={"n": np.int64(3), "x": np.float32(0.5)}).training == {"n": 3, "x": 0.5}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"options": {"f": print}}, "JSON values only"),
        ({"training": {"losses": np.ones(3)}}, "arrays belong in tensors"),
        ({"tensors": {"a": np.array(["x"])}}, "cannot be in a bundle"),
        ({"tensors": {"a": np.array([{}], dtype=object)}}, "cannot be in a bundle"),
        ({"texts": {"../evil": ""}}, "cannot name a text"),
        ({"classes": ("a", "a")}, "different names"),
        ({"classes": ()}, "different names"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_writing(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BundleError, match=says):
        bundle(**changes)


def test_a_text_that_is_not_unicode_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="UTF-8"):
        bundle(texts={"a": "\ud800"}).save(tmp_path / "a.kaon")
    assert list(tmp_path.iterdir()) == []


def test_every_truncation_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for size in range(0, len(whole), 7):
        saved.write_bytes(whole[:size])
        with pytest.raises(BundleError, match="not a whole kaon bundle"):
            Bundle.load(saved)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_refused_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    one = bundle()
    path = one.save(tmp_path / "a.kaon")
    content = bytearray(path.read_bytes())
    where = data.draw(st.integers(0, len(content) - 1))
    content[where] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with contextlib.suppress(BundleError):
        assert Bundle.load(path) == one  # a time stamp or a permission bit of the zip directory


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_noise_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "noise.kaon"
    path.write_bytes(content)
    with pytest.raises(BundleError):
        Bundle.load(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.kaon", tmp_path):
        with pytest.raises(BundleError, match="does not exist"):
            Bundle.load(path)


def test_newer_format_says_upgrade(saved: Path) -> None:
    def newer(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
        manifest.update(kaon_bundle=FORMAT + 1, kaon="99.0")

    with pytest.raises(BundleError, match=r"kaon 99.0.*upgrade kaon"):
        Bundle.load(rewritten(saved, newer))


def other_tensors(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    from safetensors.numpy import save

    members["tensors.safetensors"] = save({"w": np.zeros((3, 2), "float32")})


def long_header(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members["tensors.safetensors"] = (2**62).to_bytes(8, "little") + b"{}"


@pytest.mark.parametrize(
    "change",
    [
        lambda m, _: m["tensors"].update(w=["float32", [3, 2]]),
        lambda m, _: m["tensors"].update(w=["float64", [2, 3]]),
        lambda m, _: m["tensors"].pop("b"),
        lambda m, _: m.update(kaon_bundle="1"),
        lambda m, _: m.update(kaon_bundle=True),
        lambda m, _: m.pop("model"),
        lambda m, _: m.update(options=[]),
        lambda m, _: m.update(classes=["a", "a"]),
        lambda m, _: m.update(classes=[["a"], 2]),
        lambda m, _: m.update(spec=[{"name": "x"}]),
        lambda m, _: m.update(spec=[{"name": "x", "shape": ["n", -2]}]),
        lambda m, _: m.update(spec=[{"name": "x", "shape": [2.5]}]),
        lambda m, _: m.update(spec=[{"name": "x", "shape": [2], "dtype": "object"}]),
        lambda m, _: m.update(spec=[{"name": "x", "shape": [2], "shift": [0]}]),
        lambda m, _: m.update(spec=[{"name": "x", "shape": [2], "shift": ["a", None]}]),
        lambda m, _: m.update(spec=["x"]),
        lambda _, c: c.pop("tensors.safetensors"),
        lambda _, c: c.update({"tensors.safetensors": b"not tensors"}),
        lambda _, c: c.update({"texts/a": b"\xff\xfe"}),
        lambda _, c: c.update({"texts/../../evil": b""}),
        lambda _, c: c.update({"/etc/passwd": b""}),
        lambda _, c: c.update({"data.pkl": b"cos\nsystem\n"}),
        other_tensors,
        long_header,
    ],
)
def test_made_by_hand(saved: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> None:
    with pytest.raises(BundleError):
        Bundle.load(rewritten(saved, change))


def test_a_member_that_was_swapped_fails_its_checksum(saved: Path) -> None:
    with pytest.raises(BundleError, match="checksums"):
        Bundle.load(rewritten(saved, lambda _, c: c.update({"texts/trees.txt": b"other"}), sign=False))


@pytest.mark.parametrize("content", [b"[]", b"{", b"null", b"[" * 200_000])
def test_a_manifest_that_is_not_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.kaon"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", content)
        archive.writestr("tensors.safetensors", b"")
    with pytest.raises(BundleError):
        Bundle.load(path)


def test_a_compressed_bomb_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.kaon"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", b" " * 100_000_000)
    with pytest.raises(BundleError, match="compressed or larger"):
        Bundle.load(path)


# Python's zipfile warns when it writes a name twice, which is what this test wants.
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("bundle.json", b"{}")
    with pytest.raises(BundleError, match="does not belong"):
        Bundle.load(saved)


def test_a_failed_save_keeps_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        bundle(model="other").save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["a.kaon"]
