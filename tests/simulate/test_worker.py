from __future__ import annotations

import io
import json
import subprocess
import sys

from kaon.simulate import Recipe
from kaon.simulate.chunk import Job, make_chunk
from kaon.simulate.worker import serve


def test_a_reply_announces_the_bytes_that_follow(quick: Recipe) -> None:
    job = Job(quick, 0, 3, 1)
    replies = io.BytesIO()
    serve(io.BytesIO(2 * (job.to_json().encode() + b"\n")), replies)
    replies.seek(0)
    for _ in range(2):
        size = json.loads(replies.readline())["size"]
        assert replies.read(size) == make_chunk(job).to_bytes()
    assert replies.read() == b""


def test_what_goes_wrong_is_answered_and_the_next_job_is_done(quick: Recipe) -> None:
    bad = quick.model_copy(update={"settings": ("No:such = thing",)})
    replies = io.BytesIO()
    serve(io.BytesIO(b"nonsense\n" + Job(bad, 0, 0, 1).to_json().encode() + b"\n"), replies)
    replies.seek(0)
    first, second = (json.loads(line) for line in replies)
    assert first["error"] == "Exception"
    assert "JSONDecodeError" in first["message"]
    assert second["error"] == "SimulationError"
    assert "No:such = thing" in second["message"]


def test_the_process_ends_with_its_input_and_keeps_libraries_quiet(quick: Recipe) -> None:
    job = Job(quick.with_options(shower="vincia").model_copy(update={"chunk_events": 2}), 0, 0, 1)
    done = subprocess.run(
        [sys.executable, "-m", "kaon.simulate.worker"],
        input=job.to_json().encode() + b"\n",
        capture_output=True,
        check=True,
        timeout=120,
    )
    head, data = done.stdout.split(b"\n", 1)
    assert len(data) == json.loads(head)["size"]
    assert done.stderr == b""
