"""The reference networks of weaver-core 0.5.3, in an environment of their own.

The peer is a process that reads a command a line and answers in a line, so that it and ours can take turns. Only what
`weaver.nn.model` imports is installed, and PyTorch in the version that kaon itself runs on.
"""

from __future__ import annotations

import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers.environment import peer_python

__all__ = ["Weaver", "weaver_python"]

_NEEDED = ("filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx", "numpy", "sympy", "typing_extensions")


def weaver_python() -> Path:
    """The interpreter of an environment with weaver-core's networks."""
    torch = version("torch").partition("+")[0]
    others = [f"{name}=={version(name)}" for name in _NEEDED]
    return peer_python("weaver", ["weaver-core==0.5.3", f"torch=={torch}", "setuptools==80.9.0", *others], "--no-deps")


class Weaver:
    """A process in that environment.

    Args:
        threads: of PyTorch.
    """

    def __init__(self, threads: int) -> None:
        worker = Path(__file__).with_name("weaver_core_worker.py")
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        command = [str(weaver_python()), "-P", str(worker), str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Send a command of `weaver_core_worker` and wait for its answer.

        Raises:
            RuntimeError: the process has ended; its traceback is on stderr.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"weaver's process ended at {do!r}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
