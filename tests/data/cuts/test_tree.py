from __future__ import annotations

from kaon.data.cuts.grammar import build
from kaon.data.cuts.tree import Column, Logic, Number, Text, Type


def test_types_known_from_the_text() -> None:
    assert build("1 + pt").type is Type.NUMBER
    assert build("pt > 1").type is Type.CONDITION
    assert build("!flag").type is Type.CONDITION
    assert build("true").type is Type.CONDITION
    assert build("'x'").type is Type.TEXT
    assert build("pt").type is Type.UNKNOWN
    assert build("any(pts > 3)").type is Type.CONDITION
    assert build("pts[0]").type is Type.UNKNOWN
    assert build("pts[0].mass").type is Type.UNKNOWN


def test_walk_reaches_every_node() -> None:
    tree = build("a > 1 & max(b, c[0].x) in (2, 'y')")
    assert isinstance(tree, Logic)
    nodes = list(tree.walk())
    assert {n.name for n in nodes if isinstance(n, Column)} == {"a", "b", "c"}
    assert [n.value for n in nodes if isinstance(n, Number)] == [1, 2]
    assert [n.value for n in nodes if isinstance(n, Text)] == ["y"]
    assert all(isinstance(n.position, int) for n in nodes)
