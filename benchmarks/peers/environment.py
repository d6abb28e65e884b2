"""Separate Python environments for the programs that kaon is compared with.

They want other versions than kaon does, so each lives in an environment of its own below the user's cache folder,
made on first use and used again until its requirements change.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["peer_python"]


def peer_python(name: str, requirements: Sequence[str], *options: str) -> Path:
    """The interpreter of the environment `name`; it is made first if need be, which needs a package index.

    Args:
        name: of the folder.
        requirements: for pip, with exact versions.
        options: more arguments of `pip install`, for example `--no-deps`.

    Raises:
        subprocess.CalledProcessError: pip failed; its output says why.
    """
    wanted = "\n".join([sys.version, *requirements, *options])
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "kaon" / "peers" / f"{name}-{digest}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        print(f"making the environment of {name}: {', '.join(requirements)}", flush=True)
        venv.create(home, clear=True, with_pip=True)
        command = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *options,
            *requirements,
        ]
        subprocess.run(command, check=True)
        (home / "complete").touch()
    return python
