"""`import kaon` and `kaon --help` stay quick because they import nothing heavy; the time is printed, not judged."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

HEAVY = {"torch", "lightning", "awkward", "matplotlib", "numpy", "pyarrow", "sklearn", "scipy", "plotly", "uproot"}
PROGRAMS = {
    "import kaon": "import kaon",
    "kaon --help": "from kaon.cli.main import main; main(['--help'])",
    "kaon (unknown command)": "from kaon.cli.main import main; main(['nonsense'])",
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_nothing_heavy_is_imported(what: str) -> None:
    tail = "; import sys, json; print('\\n' + json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", PROGRAMS[what] + tail], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - start)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "kaon" in loaded
    assert not loaded & HEAVY
    print(f"{what}: {best:.2f} s, best of 3")
