"""Where the files of a public set of pictures lie on this machine."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from kaon.datasets.pictures import PictureDataset
from kaon.errors import ConfigError, DataError
from kaon.registry import lookup

__all__ = ["cache_folder", "locate"]


def locate(name: str, folder: str | PathLike[str] | None = None) -> Path:
    """The folder that holds a public set of pictures; its `load` reads it.

    Looked at are the folder that is given, and only that; or else `$KAON_DATA/NAME`, then kaon's cache.

    Args:
        name: of the set, such as `mnist`.
        folder: in which the set lies.

    Raises:
        DataError: the set is in none of these; the message tells how to fetch it.
        ConfigError: no such set (UnknownName), or none of pictures.
    """
    dataset = lookup("kaon.datasets", name)
    if not isinstance(dataset, PictureDataset):
        raise ConfigError(f"{name} is one file of events, not a set of pictures; give the path of that file")
    if folder is not None:
        place = Path(folder).expanduser()
        if not place.exists():
            raise DataError(f"{place} does not exist; name the folder in which {dataset.title} lies")
        dataset.files(place)
        return place
    data = os.environ.get("KAON_DATA")
    places = [*([Path(data).expanduser() / name] if data else []), cache_folder(name)]
    for place in places:
        if place.is_dir():
            dataset.files(place)
            return place
    raise DataError(
        f"{dataset.title} is not on this machine: looked for {' and '.join(map(str, places))}; get it with "
        f"`kaon fetch {name}`, or let KAON_DATA name the folder in which {name} lies"
    )


def cache_folder(name: str) -> Path:
    """Where `kaon fetch` puts a set of pictures: below `$XDG_CACHE_HOME`, or else `~/.cache`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root).expanduser() if root else Path.home() / ".cache") / "kaon" / name
