"""A layered layout of an acyclic graph: which layer, which order, which place. Shared by the drawings in text and SVG.

The method is Sugiyama's: layers by longest path, lines through layers as place holders, fewer crossings by sorting
each layer by the mean place of its neighbours, then places by isotonic regression, which is the nearest arrangement
that keeps order and distance. K. Sugiyama, S. Tagawa, M. Toda: Methods for Visual Understanding of Hierarchical System
Structures, IEEE SMC-11 (1981).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 8


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """What takes a place in a layer: a node, or the line of a node's outputs on its way to a later layer."""

    node: str
    layer: int
    real: bool = True


@dataclass(frozen=True, slots=True)
class Layers:
    """The items of each layer in order, and the line segments between each layer and the next."""

    items: tuple[tuple[Item, ...], ...]
    segments: tuple[tuple[tuple[Item, Item], ...], ...]


def reduced(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the edges without those that a longer way says already. ``nodes`` must be in a topological order."""
    place = {node: index for index, node in enumerate(nodes)}
    successors: dict[str, list[str]] = {node: [] for node in nodes}
    for before, after in edges:
        successors[before].append(after)
    reach: dict[str, int] = {}
    kept = []
    for node in reversed(nodes):
        covered = 0
        for after in sorted(set(successors[node]), key=place.__getitem__):
            if not covered >> place[after] & 1:
                kept.append((node, after))
                covered |= reach[after] | 1 << place[after]
        reach[node] = covered
    kept.sort(key=lambda edge: (place[edge[0]], place[edge[1]]))
    return kept


def layered(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layers:
    """Arrange a graph in layers. ``nodes`` must be in a topological order; ``edges`` are pairs (before, after)."""
    layer = _layer_of(nodes, edges)
    rows: list[list[Item]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in nodes:
        rows[layer[node]].append(Item(node, layer[node]))
    segments: list[set[tuple[Item, Item]]] = [set() for _ in rows[1:]]
    for before, after in edges:
        at = Item(before, layer[before])
        for number in range(layer[before] + 1, layer[after]):
            passing = Item(before, number, real=False)
            if (at, passing) not in segments[number - 1]:
                segments[number - 1].add((at, passing))
                rows[number].append(passing)
            at = passing
        segments[layer[after] - 1].add((at, Item(after, layer[after])))
    ordered = _fewest_crossings(rows, [sorted(channel) for channel in segments])
    return Layers(tuple(map(tuple, ordered)), tuple(tuple(sorted(channel)) for channel in segments))


def _layer_of(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest path from a source; a node that waits for nobody moves next to whoever waits for it first."""
    layer = dict.fromkeys(nodes, 0)
    before_of: dict[str, list[str]] = {node: [] for node in nodes}
    after_of: dict[str, list[str]] = {node: [] for node in nodes}
    for before, after in edges:
        before_of[after].append(before)
        after_of[before].append(after)
    for node in nodes:
        layer[node] = max((layer[before] + 1 for before in before_of[node]), default=0)
    for node in nodes:
        if not before_of[node] and after_of[node]:
            layer[node] = min(layer[after] for after in after_of[node]) - 1
    return layer


def _fewest_crossings(rows: list[list[Item]], channels: Sequence[Sequence[tuple[Item, Item]]]) -> list[list[Item]]:
    best, fewest = rows, _crossings(rows, channels)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rows = [list(row) for row in rows]
        if sweep % 2 == 0:
            for number, channel in enumerate(channels):
                _sort(rows[number + 1], rows[number], [(after, before) for before, after in channel])
        else:
            for number in range(len(channels) - 1, -1, -1):
                _sort(rows[number], rows[number + 1], channels[number])
        count = _crossings(rows, channels)
        if count < fewest:
            best, fewest = rows, count
    return best


def _sort(row: list[Item], fixed: Sequence[Item], pairs: Iterable[tuple[Item, Item]]) -> None:
    """Sort ``row`` by the mean place of each item's neighbours in ``fixed``; an item without any keeps its place."""
    place = {item: index for index, item in enumerate(fixed)}
    neighbours: dict[Item, list[int]] = {}
    for item, neighbour in pairs:
        neighbours.setdefault(item, []).append(place[neighbour])
    scale = len(fixed) / max(len(row), 1)
    wish = {
        item: sum(neighbours[item]) / len(neighbours[item]) if item in neighbours else index * scale
        for index, item in enumerate(row)
    }
    row.sort(key=wish.__getitem__)


def _crossings(rows: Sequence[Sequence[Item]], channels: Sequence[Sequence[tuple[Item, Item]]]) -> int:
    return sum(_crossings_of(rows[number], rows[number + 1], channel) for number, channel in enumerate(channels))


def _crossings_of(upper: Sequence[Item], lower: Sequence[Item], channel: Sequence[tuple[Item, Item]]) -> int:
    """Count pairs of segments that cross: inversions, with a Fenwick tree."""
    above = {item: index for index, item in enumerate(upper)}
    below = {item: index for index, item in enumerate(lower)}
    tree = [0] * (len(lower) + 1)
    total = 0
    for seen, (_, target) in enumerate(sorted((above[a], below[b]) for a, b in channel)):
        index, not_above = target + 1, 0
        while index:
            not_above += tree[index]
            index &= index - 1
        total += seen - not_above
        index = target + 1
        while index < len(tree):
            tree[index] += 1
            index += index & -index
    return total


def places(layers: Layers, size: Callable[[Item], int], anchor: Callable[[Item], int], gap: int) -> dict[Item, int]:
    """Return where each item begins across the layers, in cells from 0.

    Lines are as straight as order and room allow. ``size`` is an item's extent, ``anchor`` the offset of its line from
    its beginning, ``gap`` the room between neighbours.
    """
    start: dict[Item, int] = {}
    for row in layers.items:
        at = 0
        for item in row:
            start[item] = at
            at += size(item) + gap
    down = [_neighbours((after, before) for before, after in channel) for channel in layers.segments]
    up = [_neighbours(channel) for channel in layers.segments]
    for _ in range(_SWEEPS):
        for number in range(len(layers.segments) - 1, -1, -1):
            _align(layers.items[number], up[number], start, size, anchor, gap)
        for number, _channel in enumerate(layers.segments):
            _align(layers.items[number + 1], down[number], start, size, anchor, gap)
    least = min(start.values(), default=0)
    return {item: at - least for item, at in start.items()}


def _neighbours(pairs: Iterable[tuple[Item, Item]]) -> dict[Item, list[Item]]:
    found: dict[Item, list[Item]] = {}
    for item, neighbour in pairs:
        found.setdefault(item, []).append(neighbour)
    return found


def _align(
    row: Sequence[Item],
    neighbours: Mapping[Item, Sequence[Item]],
    start: dict[Item, int],
    size: Callable[[Item], int],
    anchor: Callable[[Item], int],
    gap: int,
) -> None:
    """Move the items of a row next to their neighbours: least squares under the order (pool adjacent violators)."""
    offset = 0
    blocks: list[tuple[float, float, int]] = []  # sum of weighted wishes, weight, number of items
    offsets = []
    for item in row:
        lines = sorted(start[n] + anchor(n) for n in neighbours.get(item, ()))
        # A line that goes straight on is worth more than a node in the middle of its own.
        weight = 0.1 if not lines else 1.0 if item.real else 2.0
        middle = (lines[(len(lines) - 1) // 2] + lines[len(lines) // 2]) / 2 - anchor(item) if lines else start[item]
        blocks.append(((middle - offset) * weight, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            last, previous = blocks.pop(), blocks.pop()
            blocks.append((previous[0] + last[0], previous[1] + last[1], previous[2] + last[2]))
        offsets.append(offset)
        offset += size(item) + gap
    index = 0
    for total, weight, count in blocks:
        for _ in range(count):
            start[row[index]] = int(total // weight) + offsets[index]
            index += 1
