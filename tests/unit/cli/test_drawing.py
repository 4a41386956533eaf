"""A drawing is right if whoever follows its lines, forward only, finds exactly the edges of the graph."""

from __future__ import annotations

from graphlib import TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskdist.cli.drawing import MOST_NODES, Node, draw
from taskdist.cli.layout import reduced
from taskdist.cli.lines import cells, plain

WEST, EAST, NORTH, SOUTH = (-1, 0), (1, 0), (0, -1), (0, 1)
OPEN = {
    "─": {WEST, EAST},
    "│": {NORTH, SOUTH},
    "┌": {EAST, SOUTH},
    "┐": {WEST, SOUTH},
    "└": {EAST, NORTH},
    "┘": {WEST, NORTH},
    "├": {EAST, NORTH, SOUTH},
    "┤": {WEST, NORTH, SOUTH},
    "┬": {WEST, EAST, SOUTH},
    "┴": {WEST, EAST, NORTH},
    "┼": {WEST, EAST, NORTH, SOUTH},
}


def names(count: int) -> list[str]:
    return [f"n{index:02d}" for index in range(count)]


@st.composite
def graphs(draw_: st.DrawFn, largest: int = 14) -> tuple[list[str], list[tuple[str, str]]]:
    nodes = names(draw_(st.integers(1, largest)))
    edges = []
    for index in range(1, len(nodes)):
        before = draw_(st.sets(st.integers(max(0, index - 6), index - 1), max_size=3))
        edges += [(nodes[b], nodes[index]) for b in before]
    return nodes, edges


def drawn(nodes: list[str], edges: list[tuple[str, str]], width: int, *, down: bool | None = None) -> list[str] | None:
    lines = draw({name: Node(name) for name in nodes}, edges, width, down=down)
    return None if lines is None else [plain(line) for line in lines]


def followed(rows: list[str], nodes: list[str], *, down: bool) -> set[tuple[str, str]]:
    """Follow the lines from every label, never against the flow, hopping over lines that cross."""
    grid = {(x, y): c for y, row in enumerate(rows) for x, c in enumerate(row) if c != " "}
    labels = {
        (x + i, y): name
        for y, row in enumerate(rows)
        for name in nodes
        if (x := row.find(name)) >= 0
        for i in range(len(name))
    }
    edges = set()
    for name in nodes:
        own = [place for place, label in labels.items() if label == name]
        begin = [((x, y + 1), SOUTH) for x, y in own] if down else [((max(own)[0] + 2, max(own)[1]), EAST)]
        edges |= {
            (name, label) for label in reached(grid, labels, begin, against=NORTH if down else WEST) if label != name
        }
    return edges


def reached(grid, labels, todo, *, against) -> set[str]:
    found, seen = set(), set()
    while todo:
        place, heading = todo.pop()
        if (place, heading) in seen:
            continue
        seen.add((place, heading))
        (x, y), (dx, dy) = place, heading
        glyph = grid.get(place)
        if place in labels:
            found.add(labels[place])
        elif glyph is None:
            if heading == EAST and (x + 1, y) in labels:  # the space before a label
                todo.append(((x + 1, y), EAST))
        elif (-dx, -dy) not in OPEN[glyph]:
            if glyph == "│" and heading in {WEST, EAST}:
                todo.append(((x + dx, y), heading))
        else:
            todo += [((x + i, y + j), (i, j)) for i, j in OPEN[glyph] - {(-dx, -dy), against}]
    return found


@settings(max_examples=200, deadline=None)
@given(graphs(), st.booleans())
def test_following_the_lines_gives_the_reduced_edges(graph, down):
    nodes, edges = graph
    rows = drawn(nodes, edges, 400, down=down)
    if rows is not None:
        assert followed(rows, nodes, down=down) == set(reduced(nodes, edges))


@settings(max_examples=100, deadline=None)
@given(graphs(30), st.integers(20, 160))
def test_a_drawing_keeps_to_its_width_and_shows_every_node(graph, width):
    nodes, edges = graph
    rows = drawn(nodes, edges, width)
    if rows is not None:
        assert max(map(cells, rows)) <= width
        assert sorted(name for row in rows for name in nodes if name in row) == nodes


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        pytest.param(
            ["analyze>optimize", "analyze>integrate", "optimize>validate", "integrate>validate", "validate>deploy"],
            """
         ┌─ optimize ──┬─ validate ── deploy
analyze ─┴─ integrate ─┘
""",
            id="fan-out and fan-in share a bus",
        ),
        pytest.param(["a>c", "a>d", "b>c", "b>d"], "\na ─┬─ c\nb ─┴─ d\n", id="all to all is one bus"),
        pytest.param(
            ["a>c", "a>d", "b>d", "b>e"],
            """
   ┌─── c
a ─┴─┬─ d
   ┌─┘
b ─┴─── e
""",
            id="a node fed by two buses has a port for each",
        ),
        pytest.param(["a>b", "b>c", "a>c"], "\na ── b ── c\n", id="an edge that follows from others is left out"),
    ],
)
def test_small_graphs(edges, expected):
    pairs = [tuple(edge.split(">")) for edge in edges]
    nodes = list(TopologicalSorter({after: [b for b, a in pairs if a == after] for _, after in pairs}).static_order())
    assert "\n".join(["", *drawn(nodes, pairs, 80), ""]) == expected


def test_a_long_chain_runs_from_top_to_bottom():
    nodes = [f"a-rather-long-name-{index}" for index in range(6)]
    rows = drawn(nodes, list(pairwise(nodes)), 80)
    assert rows[0].strip() == nodes[0]
    assert rows[1].strip() == "│"
    assert rows[-1].strip() == nodes[-1]


def test_what_does_not_fit_is_not_drawn():
    wide = names(40)
    assert drawn(wide, [(wide[0], name) for name in wide[1:]] + [], 6) is None
    assert drawn(names(MOST_NODES + 1), [], 80) is None
    assert drawn([], [], 80) is None


def test_reduction_keeps_reachability_and_nothing_else():
    assert reduced(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d"), ("a", "b")]) == [
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
    ]
