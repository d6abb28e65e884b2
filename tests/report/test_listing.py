from __future__ import annotations

import math

import pytest

from kaon.report.frame import Section, render
from kaon.report.listing import Entry, Heading, Line, Listing, asymmetric, quantity, signed


@pytest.mark.parametrize(
    ("value", "errors", "text"),
    [
        (1234.56, (23.4, 5.0), "1,235 ± 23 ± 5"),
        (0.01234, (0.00056,), "0.01234 ± 0.00056"),
        (57.0, (0.0, math.nan), "57"),
        (123456.7, (), "123,457"),
        (math.nan, (1.0,), "—"),
        (-3.25, (math.inf, 0.5), "-3.25 ± 0.50"),
    ],
)
def test_quantities_show_two_digits_of_the_larger_error(value: float, errors: tuple[float, ...], text: str) -> None:
    assert quantity(value, *errors) == text


def test_signs_and_sides() -> None:
    assert [signed(x, 2) for x in (0.004, -0.006, 1e6, math.inf)] == ["0.00", "−0.01", "+1,000,000.00", "—"]
    assert asymmetric(0.5, math.nan, 0.0) == ("0.5", "")
    assert asymmetric(12.0, 3.1, 30.0) == ("12.0", "−3.1 +30.0")


def test_a_page_shows_the_table_and_escapes_names() -> None:
    lines = [Line("group <1>"), Line("a", [Entry("1 ± 2", 1.0, "note", True)], colour="#112233")]
    open_one = Listing("Title", [Heading("x"), Heading("y", "hint", "#445566")], lines, "Caption.", sortable=True)
    folded = Listing("Folded", [Heading("x")], [Line("b", [Entry("")])], folded=True)
    section = Section("s", "Why?", "So.", [open_one, folded])
    page = render("analysis.html.jinja", [section], [], question="q", models=(), best="", answer=[], facts=[],
                  yields=Listing("", [Heading("")], []), pages={})  # fmt: skip
    assert "group &lt;1&gt;" in page
    assert '<td class="best" data-value="1.0">1 ± 2<small>note</small></td>' in page
    assert 'style="--colour: #112233"' in page
    assert 'data-first="descending" title="hint"><button>' in page
    assert "<details><summary>Folded</summary>" in page
