from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from kaon.data.io.progress import shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_items_pass_unchanged_and_lazily() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(5):
            taken.append(i)
            yield i

    passing = shown(items(), 5, "reading")
    assert next(passing) == 0
    assert taken == [0]
    assert list(passing) == [1, 2, 3, 4]


@pytest.mark.parametrize(("after", "seen"), [(0.0, True), (60.0, False)])
def test_a_bar_on_a_terminal_only_if_it_takes_long(after: float, seen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    assert list(shown(range(3), 3, "decoding it", after=after - 1e-9)) == [0, 1, 2]
    assert ("decoding it" in stream.getvalue()) == seen


def test_a_log_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert list(shown(range(3), 3, "decoding it", after=-1)) == [0, 1, 2]
    assert "decoding" not in stream.getvalue()
