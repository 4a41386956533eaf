"""A directed acyclic graph in box-drawing characters: layers from left to right, or from top to bottom if narrower.

Lines that look joined are joined: sources with the same targets share one bus; whatever else leads to a node arrives
at a port of its own and merges right before the node; where lines only cross, one is interrupted. So every line can be
followed without guessing. A graph that cannot be drawn so within the width is not drawn (``None``); the caller lists
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taskdist.cli.layout import Item, Layers, layered, places, reduced
from taskdist.cli.lines import Line, Span, cells, fit

MOST_NODES = 48
"""Above it a drawing no longer helps a reader."""

_BACK, _FORWARD, _UP, _DOWN = 1, 2, 4, 8
"""Directions of a line in a cell: along the flow, and across it (towards earlier and later places)."""
_ROUTING_ATTEMPTS = 60
_ATTEMPTS = ((False, 40), (False, 24), (True, 40), (True, 24), (False, 14), (True, 14))
"""Direction (downwards or not) and longest label, in the order in which they are tried."""
_GLYPHS = " ╴╶─╵┘└┴╷┐┌┬│┤├┼"
"""By the sum of west 1, east 2, north 4, south 8."""


@dataclass(frozen=True, slots=True)
class Node:
    """What is drawn of one node."""

    label: str
    style: str = ""


@dataclass(slots=True)
class _Bus:
    """Lines between two layers that are joined: from every source to every target."""

    sources: tuple[Item, ...]
    targets: tuple[Item, ...]
    hot: bool = False
    track: int = -1
    rows: list[int] = field(default_factory=list)
    into: dict[Item, int] = field(default_factory=dict)

    @property
    def straight(self) -> bool:
        return len(set(self.rows)) == 1

    def span(self) -> tuple[int, int]:
        return min(self.rows), max(self.rows)


@dataclass(frozen=True, slots=True)
class _Direction:
    """How a drawing runs. ``padding`` is what a label takes beside its text across the flow."""

    down: bool

    def extent(self, label: str) -> int:
        """Cells of a label across the flow."""
        return cells(label) if self.down else 1

    def depth(self, labels: Iterable[str]) -> int:
        """Cells of a layer along the flow."""
        return 1 if self.down else max((cells(label) for label in labels), default=0)

    @property
    def gap(self) -> int:
        return 2 if self.down else 0

    @property
    def port_distance(self) -> int:
        return 2 if self.down else 1


def draw(
    nodes: Mapping[str, Node],
    edges: Iterable[tuple[str, str]],
    width: int,
    *,
    hot: frozenset[tuple[str, str]] = frozenset(),
    down: bool | None = None,
) -> list[Line] | None:
    """Draw the graph within ``width`` cells, or return None if it does not fit readably.

    Args:
        nodes: what to draw, by id, in a topological order.
        edges: pairs (before, after); those that follow from others are left out.
        width: cells that there are.
        hot: edges in style ``critical``; the others are ``dim``.
        down: from top to bottom; None means only where left to right does not fit.
    """
    if not nodes or len(nodes) > MOST_NODES:
        return None
    layers = layered(list(nodes), reduced(list(nodes), edges))
    for downwards, longest in _ATTEMPTS:
        if down is not None and downwards is not down:
            continue
        shortened = {name: Node(fit(node.label, longest), node.style) for name, node in nodes.items()}
        if len({node.label for node in shortened.values()}) < len({node.label for node in nodes.values()}):
            continue  # two nodes would look the same
        drawn = _Drawing(layers, shortened, _Direction(downwards), hot).drawn(width)
        if drawn is not None:
            return drawn
    return None


class _Drawing:
    def __init__(
        self, layers: Layers, nodes: Mapping[str, Node], direction: _Direction, hot: frozenset[tuple[str, str]]
    ) -> None:
        self._layers = layers
        self._nodes = nodes
        self._direction = direction
        self._hot = hot
        self._buses = [self._joined(channel) for channel in layers.segments]
        self._arrivals: dict[Item, list[_Bus]] = {}
        for buses in self._buses:
            for bus in buses:
                for target in bus.targets:
                    self._arrivals.setdefault(target, []).append(bus)
        self._start: dict[Item, int] = {}
        self._canvas = _Canvas(direction)

    def _joined(self, channel: Sequence[tuple[Item, Item]]) -> list[_Bus]:
        targets_of: dict[Item, list[Item]] = {}
        for source, target in channel:
            targets_of.setdefault(source, []).append(target)
        sources_of: dict[tuple[Item, ...], list[Item]] = {}
        for source, targets in targets_of.items():
            sources_of.setdefault(tuple(targets), []).append(source)
        return [
            _Bus(tuple(sources), targets, hot=any((s.node, t.node) in self._hot for s in sources for t in targets))
            for targets, sources in sources_of.items()
        ]

    # --- across the flow: sizes, anchors, ports

    def _label(self, item: Item) -> str:
        return self._nodes[item.node].label if item.real else ""

    def _ports(self, item: Item) -> int:
        return max(len(self._arrivals.get(item, ())), 1)

    def _size(self, item: Item) -> int:
        ports = (self._ports(item) - 1) * self._direction.port_distance + 1
        return max(self._direction.extent(self._label(item)) if item.real else 1, ports)

    def _anchor(self, item: Item) -> int:
        return (self._size(item) - 1) // 2

    def _port(self, item: Item, index: int) -> int:
        ports = self._ports(item)
        first = self._anchor(item) - ((ports - 1) * self._direction.port_distance) // 2
        return self._start[item] + first + index * self._direction.port_distance

    def _row(self, item: Item) -> int:
        return self._start[item] + self._anchor(item)

    # --- routing

    def drawn(self, width: int) -> list[Line] | None:
        self._start = places(self._layers, self._size, self._anchor, self._direction.gap)
        for _ in range(_ROUTING_ATTEMPTS):
            self._connect()
            blocked = next((at for at in map(self._route, range(len(self._buses))) if at is not None), None)
            if blocked is None:
                return self._painted(width)
            self._make_room(*blocked)
        return None

    def _connect(self) -> None:
        """Give each bus its rows: its sources' lines, and a port at each target, in the order in which they arrive."""
        for buses in self._buses:
            for bus in buses:
                bus.rows = [self._row(source) for source in bus.sources]
        for target, arriving in self._arrivals.items():
            arriving.sort(key=lambda bus: (sum(self._row(s) for s in bus.sources) / len(bus.sources), bus.sources))
            for index, bus in enumerate(arriving):
                bus.into[target] = self._port(target, index)
        for buses in self._buses:
            for bus in buses:
                bus.rows += bus.into.values()

    def _route(self, channel: int) -> tuple[int, Item] | None:
        """Give each bus of a channel a track; if that is impossible, return the channel and the target in the way.

        Where a line leaves on the row on which another arrives, the leaving one must turn off first.
        """
        buses = [bus for bus in self._buses[channel] if not bus.straight]
        leaving = {self._row(source): bus for bus in buses for source in bus.sources}
        first: dict[int, list[tuple[_Bus, Item]]] = {}
        for bus in buses:
            for target, row in bus.into.items():
                other = leaving.get(row)
                if other is not None and other is not bus:
                    first.setdefault(id(bus), []).append((other, target))
        done: dict[int, _Bus] = {}
        waiting = sorted(buses, key=lambda bus: (bus.span()[1] - bus.span()[0], bus.span()))
        while waiting:
            ready = next((b for b in waiting if all(id(o) in done for o, _ in first.get(id(b), ()))), None)
            if ready is None:
                return channel, first[id(waiting[0])][0][1]
            waiting.remove(ready)
            ready.track = max((other.track + 1 for other, _ in first.get(id(ready), ())), default=0)
            while any(other.track == ready.track and _overlap(other, ready) for other in done.values()):
                ready.track += 1
            done[id(ready)] = ready
        return None

    def _make_room(self, channel: int, target: Item) -> None:
        """Move a target, and all beside and behind it, one place further, so that nothing leaves on its row."""
        edge = self._start[target]
        for row in self._layers.items[channel + 1 :]:
            for item in row:
                if self._start[item] >= edge:
                    self._start[item] += 1

    # --- painting

    def _painted(self, width: int) -> list[Line] | None:
        across = max((self._start[item] + self._size(item) for item in self._start), default=0)
        if self._direction.down and across > width:
            return None
        at = 0
        for number, row in enumerate(self._layers.items):
            depth = self._direction.depth(self._label(item) for item in row)
            buses = self._buses[number] if number < len(self._buses) else []
            for item in row:
                self._paint_item(item, at, depth)
            if buses:
                at = self._paint_channel(buses, at, depth)
            else:
                at += depth
            if not self._direction.down and at > width:
                return None
        return self._canvas.lines()

    def _paint_item(self, item: Item, at: int, depth: int) -> None:
        row = self._row(item)
        if not item.real:
            for column in range(at, at + depth):
                self._canvas.along(column, row, "dim", self)
            return
        label = self._label(item)
        if self._direction.down:
            self._canvas.write(
                at, self._start[item] + (self._size(item) - cells(label)) // 2, label, self._nodes[item.node].style
            )
            return
        self._canvas.write(at, row, label, self._nodes[item.node].style)

    def _paint_channel(self, buses: Sequence[_Bus], at: int, depth: int) -> int:
        """Paint the lines behind a layer that begins at ``at``, and return where the next layer begins."""
        down = self._direction.down
        step = 1 if down else 2
        lead, tail = (0, 0) if down else (2, 1)  # a space after the label and a dash; a space before the next label
        tracks = 1 + max((bus.track for bus in buses if not bus.straight), default=-1)
        merging = [
            t for t, arriving in self._arrivals.items() if len(arriving) > 1 and any(b in buses for b in arriving)
        ]
        first = at + depth + lead
        merge = first + tracks * step
        end = merge + (step if merging else 0)
        if end == first:
            end += 1
        for bus in buses:
            self._paint_bus(bus, at, first, step, end)
        for target in merging:
            self._paint_merge(target, merge)
        return end + tail

    def _paint_bus(self, bus: _Bus, at: int, first: int, step: int, end: int) -> None:
        style = "critical" if bus.hot else "dim"
        turn = first + bus.track * step if not bus.straight else first
        for source in bus.sources:
            row = self._row(source)
            begin = at + (1 if self._direction.down else cells(self._label(source)) + 1 if source.real else 0)
            for column in range(begin, turn):
                self._canvas.along(column, row, style, bus)
            if not bus.straight:
                self._canvas.put(turn, row, _BACK, style, bus)
        for target, row in bus.into.items():
            if not bus.straight:
                self._canvas.put(turn, row, _FORWARD, style, bus)
            past = end + (1 if not target.real and not self._direction.down else 0)
            for column in range(turn if bus.straight else turn + 1, past):
                self._canvas.along(column, row, style, bus)
        low, high = bus.span()
        for row in range(low, high):
            self._canvas.put(turn, row, _DOWN, style, bus)
            self._canvas.put(turn, row + 1, _UP, style, bus)

    def _paint_merge(self, target: Item, column: int) -> None:
        arriving = self._arrivals[target]
        rows = [bus.into[target] for bus in arriving]
        out = self._row(target)
        style = "critical" if any(bus.hot for bus in arriving) else "dim"
        low, high = min([*rows, out]), max([*rows, out])
        for row in range(low, high + 1):
            self._canvas.clear(column, row)
            if self._direction.down is False:
                self._canvas.clear(column + 1, row)
        for row in rows:
            self._canvas.put(column, row, _BACK, style, target)
        for row in range(low, high):
            self._canvas.put(column, row, _DOWN, style, target)
            self._canvas.put(column, row + 1, _UP, style, target)
        self._canvas.put(column, out, _FORWARD, style, target)
        if not self._direction.down:
            self._canvas.along(column + 1, out, style, target)


def _overlap(one: _Bus, other: _Bus) -> bool:
    (low, high), (other_low, other_high) = one.span(), other.span()
    return low <= other_high and other_low <= high


@dataclass(slots=True)
class _Cell:
    mask: int
    style: str
    owner: object


class _Canvas:
    """Cells by place along and across the flow; turned into lines of text in the end."""

    def __init__(self, direction: _Direction) -> None:
        self._down = direction.down
        self._cells: dict[tuple[int, int], _Cell] = {}
        self._labels: dict[tuple[int, int], Span] = {}

    def along(self, flow: int, across: int, style: str, owner: object) -> None:
        self.put(flow, across, _BACK | _FORWARD, style, owner)

    def put(self, flow: int, across: int, mask: int, style: str, owner: object) -> None:
        cell = self._cells.get((flow, across))
        if cell is None:
            self._cells[flow, across] = _Cell(mask, style, owner)
        elif cell.owner is owner:
            cell.mask |= mask
        elif self._upright(mask):
            # Lines of different buses only cross: the horizontal one is interrupted, for a ┼ would read as a joint.
            self._cells[flow, across] = _Cell(cell.mask | mask if self._upright(cell.mask) else mask, style, owner)

    def _upright(self, mask: int) -> bool:
        return bool(mask & (_BACK | _FORWARD if self._down else _UP | _DOWN))

    def clear(self, flow: int, across: int) -> None:
        self._cells.pop((flow, across), None)

    def write(self, flow: int, across: int, text: str, style: str) -> None:
        place = (flow, across) if self._down else (across, flow)
        self._labels[place] = Span(text, style)

    def lines(self) -> list[Line]:
        """Return the rows of text. From left to right, a row on which nothing stands only parts what belongs together."""
        marks = {
            ((flow, across) if self._down else (across, flow)): Span(self._glyph(cell.mask), cell.style)
            for (flow, across), cell in self._cells.items()
        }
        rows: dict[int, dict[int, Span]] = {}
        for (row, column), span in [*marks.items(), *self._labels.items()]:
            rows.setdefault(row, {})[column] = span
        wanted = range(max(rows, default=-1) + 1) if self._down else sorted(rows)
        return [_text_row(rows.get(row, {})) for row in wanted]

    def _glyph(self, mask: int) -> str:
        back, forward, up, down = (bool(mask & bit) for bit in (_BACK, _FORWARD, _UP, _DOWN))
        west, east, north, south = (up, down, back, forward) if self._down else (back, forward, up, down)
        return _GLYPHS[west * 1 + east * 2 + north * 4 + south * 8]


def _text_row(spans: Mapping[int, Span]) -> Line:
    parts: list[Span] = []
    at = 0
    for column in sorted(spans):
        span = spans[column]
        if column > at:
            parts.append(Span(" " * (column - at)))
        if parts and parts[-1].style == span.style and column == at:
            parts[-1] = Span(parts[-1].text + span.text, span.style)
        else:
            parts.append(span)
        at = column + cells(span.text)
    return tuple(parts)
