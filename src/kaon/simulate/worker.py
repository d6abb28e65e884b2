"""A process that makes chunks: jobs in on its standard input, one line each; chunks out on its standard output.

`python -m kaon.simulate.worker` is started by `kaon.simulate.pool`. A reply is a line of JSON and the bytes it
announces.
When its input ends, because the simulation is over or was killed, it ends too.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import BinaryIO

from kaon.errors import KaonError
from kaon.simulate.chunk import Job, make_chunk

__all__ = ["main", "serve"]


def serve(jobs: BinaryIO, replies: BinaryIO) -> None:
    """Answer every job until the input ends."""
    for line in jobs:
        data = b""
        try:
            data = make_chunk(Job.from_json(line.decode())).to_bytes()
            head: dict[str, object] = {"size": len(data)}
        except KaonError as error:
            head = {"error": type(error).__name__, "message": str(error)}
        except Exception:  # the parent must hear of it, whatever it is: silence would look like a dead worker
            head = {"error": "Exception", "message": traceback.format_exc()}
        replies.write(json.dumps(head).encode() + b"\n" + data)
        replies.flush()


def main() -> None:
    """Serve the standard streams; what C++ libraries print goes nowhere."""
    with os.fdopen(os.dup(1), "wb") as replies, open(os.devnull, "wb") as nowhere:  # noqa: PTH123  (not a path)
        os.dup2(nowhere.fileno(), 1)
        try:
            serve(sys.stdin.buffer, replies)
        except BrokenPipeError:  # the simulation was killed: nobody is left to answer
            os._exit(1)


if __name__ == "__main__":
    main()
