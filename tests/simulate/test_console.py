from __future__ import annotations

import ctypes
import os

import pytest

from kaon.simulate.console import captured


def test_what_libraries_print_is_kept_from_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with captured() as lines:
        ctypes.CDLL(None).puts(b"from C, in its buffer")
        os.write(1, b"straight to the descriptor\n")
    print("after")
    assert sorted(lines) == ["from C, in its buffer", "straight to the descriptor"]
    assert capfd.readouterr().out == "after\n"


def test_the_terminal_comes_back_after_an_exception(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="inside"), captured():
        raise ValueError("inside")
    print("after")
    assert capfd.readouterr().out == "after\n"
