"""What needs reachability: which nodes are ordered, which edges say nothing new, how wide the graph is.

Sets of nodes are Python integers used as bit sets: 10,000 nodes reach each other in 12 MB, and a union is one instruction per
64 nodes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.graph import depths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskdist.engine.graph import Graph

EXACT_WIDTH_NODES: Final = 2000
"""Up to here the width is exact; above, it is a lower bound (the widest layer)."""


@dataclass(frozen=True, slots=True)
class Width:
    """The largest number of nodes of which none waits for another."""

    value: int
    exact: bool


def descendants(graph: Graph, order: Sequence[int]) -> list[int]:
    """Bit set of the nodes that wait for each node, directly or not."""
    reach = [0] * graph.size
    for node in reversed(order):
        bits = 0
        for later in graph.after[node]:
            bits |= reach[later] | (1 << later)
        reach[node] = bits
    return reach


def redundant_edges(graph: Graph, reach: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Edges (earlier, later) that a longer way implies; without them the graph means the same (Aho, Garey, Ullman 1972)."""
    found: list[tuple[int, int]] = []
    for node in range(graph.size):
        later = graph.after[node]
        if len(later) < 2:
            continue
        implied = 0
        for child in later:
            implied |= reach[child]
        found.extend((node, child) for child in later if implied >> child & 1)
    return tuple(found)


def width(graph: Graph, order: Sequence[int]) -> Width:
    """Size of the largest antichain: exact up to :data:`EXACT_WIDTH_NODES`, else the widest layer.

    Dilworth (1950): it equals the number of chains that cover the graph, which is n minus the size of a maximum matching between
    nodes and their descendants (Fulkerson 1956). Nodes of one layer never wait for each other, so a layer, counted from the
    start or from the end, is a lower bound.
    """
    layers = _widest_layer(graph, order)
    if graph.size > EXACT_WIDTH_NODES or layers == graph.size:
        return Width(layers, exact=layers == graph.size)
    return Width(graph.size - _matching(descendants(graph, order)), exact=True)


def _widest_layer(graph: Graph, order: Sequence[int]) -> int:
    if not graph.size:
        return 0
    from_start = Counter(depths(graph, order))
    mirrored = type(graph)(before=graph.after, after=graph.before)
    from_end = Counter(depths(mirrored, tuple(reversed(order))))
    return max(*from_start.values(), *from_end.values())


def _matching(reach: Sequence[int]) -> int:
    """Size of a maximum bipartite matching, by augmenting paths (Kuhn 1955) without recursion."""
    left_of: dict[int, int] = {}
    right_of: dict[int, int] = {}
    taken = 0
    for node, bits in enumerate(reach):
        if free := bits & ~taken:
            right_of[node] = chosen = _lowest(free)
            left_of[chosen] = node
            taken |= 1 << chosen
    for node in range(len(reach)):
        if node not in right_of:
            taken |= _augment(node, reach, left_of, right_of, taken)
    return len(left_of)


def _augment(root: int, reach: Sequence[int], left_of: dict[int, int], right_of: dict[int, int], taken: int) -> int:
    """Search breadth first for a free partner, and move the matching along the way; return the bit that was taken."""
    came_from: dict[int, int] = {}
    seen = 0
    level = [root]
    while level:
        following: list[int] = []
        for node in level:
            fresh = reach[node] & ~seen
            seen |= fresh
            if free := fresh & ~taken:
                right = end = _lowest(free)
                came_from[right] = node
                while True:
                    left = came_from[right]
                    previous = right_of.get(left)
                    left_of[right], right_of[left] = left, right
                    if previous is None:
                        return 1 << end
                    right = previous
            for right in bits_of(fresh):
                came_from[right] = node
                following.append(left_of[right])
        level = following
    return 0


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def bits_of(bits: int) -> Iterator[int]:
    """Positions of the set bits, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
