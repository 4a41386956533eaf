"""The dependency graph: order, layers, cycles, critical path. Nodes are indices; everything is O(n + m) unless said.

Own code, because importing a graph library costs a third of the CLI's start-up budget (docs/adr/0004-own-graph-code.md).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed graph over ``0 … size - 1``; ``before[i]`` must end before ``i`` starts, ``after[i]`` waits for it.

    Neighbours are sorted and without repetition.
    """

    before: tuple[tuple[int, ...], ...]
    after: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.before)

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return sum(map(len, self.before))


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """Times of the critical path method (Kelley and Walker 1959), without any limit on parallel work.

    ``heads[i]`` is the earliest start of ``i``; ``tails[i]`` the time from its end to the end of all, at least;
    ``length`` the duration of the longest path and ``path`` its nodes in order.
    """

    heads: tuple[int, ...]
    tails: tuple[int, ...]
    length: int
    path: tuple[int, ...]

    def slack(self, node: int, duration: int) -> int:
        """Seconds by which ``node`` may be late without making the longest path longer (total float)."""
        return self.length - self.heads[node] - duration - self.tails[node]


def build(size: int, edges: Iterable[tuple[int, int]]) -> Graph:
    """Build a graph from (earlier, later) pairs; repeated pairs count once."""
    before: list[set[int]] = [set() for _ in range(size)]
    after: list[set[int]] = [set() for _ in range(size)]
    for earlier, later in edges:
        before[later].add(earlier)
        after[earlier].add(later)
    return Graph(tuple(tuple(sorted(s)) for s in before), tuple(tuple(sorted(s)) for s in after))


def topological_order(graph: Graph) -> tuple[int, ...]:
    """Order in which every node stands after those it waits for; among the free ones the lowest index comes first.

    Nodes on a cycle, and those behind one, are left out. O((n + m) log n).
    """
    missing = [len(p) for p in graph.before]
    free = [i for i, count in enumerate(missing) if count == 0]
    order: list[int] = []
    while free:
        node = heapq.heappop(free)
        order.append(node)
        for later in graph.after[node]:
            missing[later] -= 1
            if missing[later] == 0:
                heapq.heappush(free, later)
    return tuple(order)


def depths(graph: Graph, order: Sequence[int]) -> tuple[int, ...]:
    """Layer of each node: the number of edges on the longest way to it."""
    depth = [0] * graph.size
    for node in order:
        for later in graph.after[node]:
            depth[later] = max(depth[later], depth[node] + 1)
    return tuple(depth)


def critical_path(graph: Graph, order: Sequence[int], durations: Sequence[int]) -> CriticalPath:
    """Earliest starts, tails and the longest path; of equally long paths the one of the lowest indices."""
    heads, tails = [0] * graph.size, [0] * graph.size
    for node in order:
        end = heads[node] + durations[node]
        for later in graph.after[node]:
            heads[later] = max(heads[later], end)
    for node in reversed(order):
        tail = tails[node] + durations[node]
        for earlier in graph.before[node]:
            tails[earlier] = max(tails[earlier], tail)
    length = max((heads[i] + durations[i] for i in order), default=0)
    return CriticalPath(tuple(heads), tuple(tails), length, _longest(graph, heads, tails, durations, length))


def _longest(
    graph: Graph, heads: Sequence[int], tails: Sequence[int], durations: Sequence[int], length: int
) -> tuple[int, ...]:
    def on_it(node: int, at: int) -> bool:
        return heads[node] == at and at + durations[node] + tails[node] == length

    path: list[int] = []
    choices: Iterable[int] = (i for i in range(graph.size) if not graph.before[i])
    at = 0
    while (node := next((i for i in choices if on_it(i, at)), None)) is not None:
        path.append(node)
        at += durations[node]
        choices = graph.after[node]
    return tuple(path)


def cycles(graph: Graph, most: int = 10) -> tuple[tuple[int, ...], ...]:
    """One shortest cycle of each strongly connected component, at most ``most`` of them, in order of their lowest node.

    A cycle starts at the component's lowest node and does not repeat it at the end.
    """
    order = topological_order(graph)
    if len(order) == graph.size:
        return ()
    found = [
        _shortest_cycle(graph, part) for part in _components(graph) if len(part) > 1 or part[0] in graph.after[part[0]]
    ]
    return tuple(sorted(found)[:most])


def acyclic_core(graph: Graph) -> Graph:
    """Return the graph without the edges inside of strongly connected components, so that the rest can be analysed."""
    part_of = [0] * graph.size
    for number, part in enumerate(_components(graph)):
        for node in part:
            part_of[node] = number
    pairs = ((i, j) for i in range(graph.size) for j in graph.after[i])
    return build(graph.size, ((i, j) for i, j in pairs if part_of[i] != part_of[j]))


def _shortest_cycle(graph: Graph, part: Sequence[int]) -> tuple[int, ...]:
    start, members = min(part), set(part)
    came_from: dict[int, int] = {}
    level = [start]
    while level:
        following: list[int] = []
        for node in level:
            for later in graph.after[node]:
                if later == start:
                    path = [node]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return tuple(reversed(path))
                if later in members and later not in came_from:
                    came_from[later] = node
                    following.append(later)
        level = following
    raise AssertionError("a strongly connected component has a cycle through each of its nodes")


def _components(graph: Graph) -> list[list[int]]:
    """Strongly connected components (Tarjan 1972), without recursion: user input must not reach Python's stack limit."""
    index: dict[int, int] = {}
    low = [0] * graph.size
    on_stack = [False] * graph.size
    stack: list[int] = []
    parts: list[list[int]] = []
    for root in range(graph.size):
        if root in index:
            continue
        work = [(root, iter(graph.after[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack[root] = True
        while work:
            node, later = work[-1]
            for child in later:
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack[child] = True
                    work.append((child, iter(graph.after[child])))
                    break
                if on_stack[child]:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part: list[int] = []
                    while not part or part[-1] != node:
                        part.append(stack.pop())
                        on_stack[part[-1]] = False
                    parts.append(part)
    return parts
