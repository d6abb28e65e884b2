"""Bundle: a fitted tagger in one file of named tensors, texts and JSON. No pickle, so that loading never runs code."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from kaon.data.provenance import software_versions
from kaon.data.spec import InputSpec
from kaon.errors import BundleError
from kaon.files import replacing

__all__ = ["FORMAT", "Bundle"]

FORMAT = 1
"""Version of the file format; it grows when an older kaon could not read the file any more."""

_MANIFEST, _TENSORS, _TEXTS = "bundle.json", "tensors.safetensors", "texts/"
_TEXT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DTYPES = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
]
_FIELDS: dict[str, type] = {
    "model": str,
    "options": dict,
    "representation": str,
    "representation_state": dict,
    "spec": list,
    "classes": list,
    "training": dict,
    "tensors": dict,
    "members": dict,
}
"""Keys of the manifest and their JSON types."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything that a trained tagger is.

    Args:
        model: registered name of the model.
        options: its hyper-parameters; JSON values (tuples become lists).
        representation: registered name of the representation.
        representation_state: what `Representation.state` returned; JSON values.
        spec: what the model reads.
        classes: class names, the signal last.
        tensors: named arrays, the state of a network.
        texts: named texts, the native form of trees; a name is letters, digits, `_`, `.` and `-`.
        training: provenance of the training; JSON values.

    On disk it is a zip file, stored without compression, of `bundle.json` (all the above with the SHA-256 of every
    other member), `tensors.safetensors` and `texts/<name>`. Equal bundles are equal files, byte for byte.

    Raises:
        BundleError: a value that JSON cannot hold, a dtype that safetensors cannot, or a bad name.
    """

    model: str
    options: dict[str, Any]
    representation: str
    representation_state: dict[str, Any]
    spec: InputSpec
    classes: tuple[str, ...]
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("options", "representation_state", "training"):
            object.__setattr__(self, name, _plain(name, getattr(self, name)))
        object.__setattr__(self, "classes", tuple(self.classes))
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise BundleError(f"the classes of a bundle must be different names, at least one; given: {self.classes}")
        object.__setattr__(self, "tensors", {k: _portable(k, v) for k, v in self.tensors.items()})
        for name in self.texts:
            if not _TEXT_NAME.fullmatch(name):
                raise BundleError(f"{name!r} cannot name a text of a bundle; use letters, digits, '_', '.' and '-'")

    def __eq__(self, other: object) -> bool:
        return dict(self._members()) == dict(other._members()) if isinstance(other, Bundle) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it holds arrays

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the bundle, or leave what was there untouched."""
        with replacing(path) as scratch, zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as archive:
            for name, content in self._members():
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # no clock: equal bundles, equal bytes
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                archive.writestr(entry, content)
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: no such file, not a bundle, damaged, from a newer format, or inconsistent.
        """
        members = _read_members(Path(path))
        manifest = _read_manifest(path, members)
        try:
            tensors = load_tensors(members[_TENSORS])
            texts = {k.removeprefix(_TEXTS): v.decode() for k, v in members.items() if k.startswith(_TEXTS)}
            spec = InputSpec.from_json(json.dumps(manifest["spec"]))
        except (SafetensorError, KeyError, ValueError, OverflowError, MemoryError) as error:
            raise _damaged(path, str(error)) from error
        if (found := _table(tensors)) != manifest["tensors"]:
            odd = sorted(k for k in {*found, *manifest["tensors"]} if found.get(k) != manifest["tensors"].get(k))
            raise _damaged(path, f"the tensors {odd[:6]} differ in dtype or shape from those that {_MANIFEST} lists")
        if not all(isinstance(c, str) for c in manifest["classes"]):
            raise _damaged(path, f"the classes are {manifest['classes']}, not names")
        plain = ("model", "options", "representation", "representation_state", "training")
        return cls(
            **{name: manifest[name] for name in plain},
            spec=spec,
            classes=tuple(manifest["classes"]),
            tensors=tensors,
            texts=texts,
        )

    def _members(self) -> Iterator[tuple[str, bytes]]:
        """(name, content) of every member; the manifest first."""
        content = {_TENSORS: save_tensors(self.tensors)}
        try:
            content |= {f"{_TEXTS}{name}": text.encode() for name, text in sorted(self.texts.items())}
        except UnicodeEncodeError as error:
            raise BundleError(f"a text of the bundle cannot be written as UTF-8: {error}") from error
        manifest = {
            "kaon_bundle": FORMAT,
            "kaon": software_versions().get("kaon", ""),
            "model": self.model,
            "options": self.options,
            "representation": self.representation,
            "representation_state": self.representation_state,
            "spec": json.loads(self.spec.to_json()),
            "classes": self.classes,
            "training": self.training,
            "tensors": _table(self.tensors),
            "members": {k: {"bytes": len(v), "sha256": hashlib.sha256(v).hexdigest()} for k, v in content.items()},
        }
        yield _MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode()
        yield from content.items()


def _plain(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON makes of a mapping, so that a bundle in memory equals the one read back."""

    def convert(item: object) -> object:
        if isinstance(item, np.generic):
            return item.item()
        if isinstance(item, np.ndarray | frozenset | set):
            raise TypeError(f"{type(item).__name__} (arrays belong in tensors)")
        if isinstance(item, Mapping):
            return dict(item)
        raise TypeError(type(item).__name__)

    try:
        made: dict[str, Any] = json.loads(json.dumps(dict(value), default=convert))
    except (TypeError, ValueError, RecursionError) as error:
        raise BundleError(f"{name} of a bundle must hold JSON values only, but has: {error}") from error
    return made


def _portable(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in native byte order and C order, as safetensors reads them from memory."""
    array = np.asarray(values)
    if array.dtype.name not in _DTYPES or name == "__metadata__":
        allowed = ", ".join(_DTYPES)
        raise BundleError(f"the tensor {name!r} of dtype {array.dtype} cannot be in a bundle; allowed: {allowed}")
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def _table(tensors: Mapping[str, NDArray[Any]]) -> dict[str, list[Any]]:
    return {name: [values.dtype.name, list(values.shape)] for name, values in tensors.items()}


def _damaged(path: str | os.PathLike[str], why: str) -> BundleError:
    return BundleError(f"{path} is not a whole kaon bundle: {why}. Copy it again, or save the tagger again")


def _read_members(path: Path) -> dict[str, bytes]:
    """All members, checked before a byte is read: stored, known names, no more bytes than the file has."""
    if not path.is_file():
        raise BundleError(f"{path} does not exist, or is a folder; give a .kaon file that kaon has saved")
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            room = path.stat().st_size
            for entry in archive.infolist():
                name = entry.filename
                room -= entry.file_size
                text = name.startswith(_TEXTS) and _TEXT_NAME.fullmatch(name.removeprefix(_TEXTS))
                if name in members or not (name in (_MANIFEST, _TENSORS) or text):
                    raise _damaged(path, f"it holds {name!r}, which does not belong there")
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size or room < 0:
                    raise _damaged(path, f"its member {name!r} is compressed or larger than the file")
                members[name] = archive.read(entry)
    except BundleError:
        raise
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, OverflowError, struct.error) as error:
        raise _damaged(path, str(error)) from error
    return members


def _read_manifest(path: str | os.PathLike[str], members: Mapping[str, bytes]) -> dict[str, Any]:
    """The manifest, with every member's length and SHA-256 verified."""
    if _MANIFEST not in members or _TENSORS not in members:
        raise _damaged(path, f"it needs {_MANIFEST} and {_TENSORS}, and holds {sorted(members)}")
    try:
        manifest: dict[str, Any] = json.loads(members[_MANIFEST])
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"{_MANIFEST}: {error}") from error
    version = manifest.get("kaon_bundle") if isinstance(manifest, dict) else None
    if type(version) is not int or version < 1:
        raise _damaged(path, f"{_MANIFEST} names no format version")
    if version > FORMAT:
        raise BundleError(
            f"{path} has bundle format {version}, written by kaon {manifest.get('kaon')}; "
            f"this kaon reads up to format {FORMAT}: upgrade kaon"
        )
    for name, kind in _FIELDS.items():
        if not isinstance(manifest.get(name), kind):
            raise _damaged(path, f"{_MANIFEST} has no {name!r}, or it is not a {kind.__name__}")
    found = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
        if name != _MANIFEST
    }
    if found != manifest["members"]:
        odd = sorted(k for k in {*found, *manifest["members"]} if found.get(k) != manifest["members"].get(k))
        raise _damaged(path, f"the members {odd} are missing or differ from the checksums in {_MANIFEST}")
    return manifest
