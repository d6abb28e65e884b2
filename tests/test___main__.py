from __future__ import annotations

import subprocess
import sys

import kaon


def test_python_m_kaon_is_the_command_line() -> None:
    words = [sys.executable, "-m", "kaon"]
    done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"kaon {kaon.__version__}\n"
    assert subprocess.run([*words, "nonsense"], capture_output=True, check=False).returncode == 2
