"""Names for classes: how the command line and config files find models, representations, recipes and data sets.

A package is scanned and the `VARIANTS` of its modules are merged. A user's own file (`path/to/file.py`
or `path/to/file.py:name`) or an installed entry point of the same group name joins in the same way.
Nothing is stored: each call looks afresh, and Python's module cache makes that cheap.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from os import PathLike
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from kaon.errors import BundleError, ConfigError, UnknownName

__all__ = ["lookup", "lookup_saved", "origin", "variants"]

KINDS = {
    "kaon.models": "model",
    "kaon.represent": "representation",
    "kaon.datasets": "data set",
    "kaon.simulate.recipes": "recipe",
    "kaon.simulate.columns": "set of columns",
    "kaon.simulate.toys": "toy",
    "kaon.studies": "study",
}
"""What a name of each package is called in messages."""


def variants(package: str) -> dict[str, Any]:
    """All registered names of a package, sorted: the package's own modules, then installed entry points.

    Args:
        package: dotted name, for example `kaon.models`; also the entry-point group that extends it.

    Raises:
        ConfigError: two modules register the same name, or an installed extension cannot be imported.
    """
    found: dict[str, Any] = {}
    owner: dict[str, str] = {}
    root = import_module(package)
    for info in iter_modules(root.__path__, prefix=f"{package}."):
        _merge(import_module(info.name), info.name, found, owner)
    for point in entry_points(group=package):
        source = f"entry point {point.name} ({point.value})"
        try:
            loaded = point.load()
        except Exception as error:  # whatever another package does when it is imported
            raise ConfigError(f"the {source} of {package} cannot be loaded: {error}; repair or uninstall it") from error
        if isinstance(loaded, ModuleType):
            _merge(loaded, source, found, owner)
        else:
            _add(point.name, loaded, source, found, owner)
    return dict(sorted(found.items()))


def lookup(package: str, name: str) -> Any:
    """The class, partial or instance registered under `name`, or defined by the user's file that `name` points to.

    Raises:
        UnknownName: no such name; the message lists the nearest ones.
        ConfigError: a user's file is missing or declares no VARIANTS.
    """
    if ".py" in name:
        return _from_file(name)
    known = variants(package)
    if name not in known:
        raise UnknownName(KINDS.get(package, "name"), name, known)
    return known[name]


def lookup_saved(package: str, name: str, sources: Sequence[str | PathLike[str]] = ()) -> Any:
    """What a saved model calls `name`; a Python file is run only if it is among the `sources` named by the caller.

    A file that somebody sent must not decide which code of this machine is run.

    Args:
        package: as for `lookup`.
        name: from the saved file.
        sources: the caller's Python files; the one of the same file name is used.

    Raises:
        BundleError: the name is of a Python file that is not among the sources.
        UnknownName, ConfigError: as `lookup`.
    """
    if ".py" not in name:
        return lookup(package, name)
    stem, _, variant = name.partition(".py")
    file = f"{Path(stem).name}.py"
    for source in sources:
        if Path(source).name == file:
            return lookup(package, f"{source}{variant}")
    raise BundleError(
        f"this model is defined in {file}, and code is run only if you name it: "
        f"load(path, sources=['{file}']) in Python, --source {file} on the command line"
    )


def _merge(module: ModuleType, source: str, found: dict[str, Any], owner: dict[str, str]) -> None:
    declared: Mapping[str, Any] = getattr(module, "VARIANTS", {})
    for name, value in declared.items():
        _add(name, value, source, found, owner)


def _add(name: str, value: Any, source: str, found: dict[str, Any], owner: dict[str, str]) -> None:
    if name in found:
        raise ConfigError(f"the name {name!r} is registered twice: by {owner[name]} and by {source}; rename one")
    found[name], owner[name] = value, source


def _from_file(name: str) -> Any:
    path_text, _, wanted = name.partition(".py:")
    path = Path(path_text if path_text.endswith(".py") else f"{path_text}.py").expanduser()
    if not path.is_file():
        raise ConfigError(f"{name!r} looks like a Python file, but {path} does not exist")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    alias = f"_kaon_user_{path.stem}_{digest}"
    if alias not in sys.modules:
        spec = importlib.util.spec_from_file_location(alias, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[alias] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[alias]
            raise
    declared = getattr(sys.modules[alias], "VARIANTS", None)
    if not isinstance(declared, Mapping) or not declared:
        raise ConfigError(f"{path} declares no VARIANTS; add for example VARIANTS = {{'my_model': MyModel}}")
    if not wanted and len(declared) == 1:
        return next(iter(declared.values()))
    if wanted not in declared:
        raise UnknownName("variant", wanted or "(none given)", declared, str(path))
    return declared[wanted]


def origin(factory: Any) -> Any:
    """The class behind a named partial; anything else is returned as it is."""
    return origin(factory.func) if isinstance(factory, partial) else factory
