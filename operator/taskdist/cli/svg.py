"""The graph of a plan as SVG, drawn by our own layout: no other program is needed, and equal plans give equal bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # writes XML, reads none

from taskdist.cli.graph_formats import drawn_edges, unsure
from taskdist.cli.layout import Item, layered, places
from taskdist.cli.lines import cells, clean, duration, fit, memory, money
from taskdist.cli.plan_text import critical_edges, one_line
from taskdist.engine.model import PlannedSubTask
from taskdist.engine.quantity import format_cpu
from taskdist.planning.document import Planned

# Pixels. Text is set in a monospace font, so that its width is known without one: 0.6 of its size.
_CHARACTER: Final = 7.8
_BOX_HEIGHT: Final = 62
_ROW_GAP: Final = 18
_LINE_HEIGHT: Final = 24
_LAYER_GAP: Final = 64
_MARGIN: Final = 24
_HEAD: Final = 40
_LONGEST: Final = 34

_STYLE: Final = """
  svg { background: #ffffff; font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; font-size: 13px }
  .box { fill: #f8fafc; stroke: #94a3b8; stroke-width: 1.2 } .critical .box { stroke: #d97706; stroke-width: 2.2; fill: #fffbeb }
  .name { fill: #0f172a; font-weight: 600 } .fact { fill: #475569; font-size: 11.5px } .title { fill: #0f172a; font-size: 14px }
  .edge { fill: none; stroke: #94a3b8; stroke-width: 1.4 } .edge.hot { stroke: #d97706; stroke-width: 2.2 }
  .edge.unsure { stroke-dasharray: 5 4 } .tip { fill: #94a3b8 } .tip.hot { fill: #d97706 }
  @media (prefers-color-scheme: dark) {
    svg { background: #0f172a } .box { fill: #1e293b; stroke: #64748b } .critical .box { fill: #292218 }
    .name, .title { fill: #f1f5f9 } .fact { fill: #94a3b8 }
  }
"""


def svg(planned: Planned) -> str:
    """Return the picture: boxes in layers from left to right; the critical path stands out, unsure edges are dashed."""
    return _Picture(planned).text()


class _Picture:
    def __init__(self, planned: Planned) -> None:
        self._planned = planned
        self._subtasks = {subtask.id: subtask for subtask in planned.plan.subtasks}
        self._edges = drawn_edges(planned)
        self._layers = layered(list(self._subtasks), [(before, after.id) for before, after, _ in self._edges])
        self._top = places(self._layers, _size, lambda item: _size(item) // 2, _ROW_GAP)
        self._layer_of = {item.node: item.layer for row in self._layers.items for item in row if item.real}
        self._widths = [max((self._box_width(item) for item in row), default=0) for row in self._layers.items]
        self._left = [_MARGIN]
        for width in self._widths:
            self._left.append(self._left[-1] + width + _LAYER_GAP)

    def text(self) -> str:
        width = max(self._left[-1] - _LAYER_GAP + _MARGIN, _MARGIN * 2 + len(self._title()) * 8.6)
        height = _HEAD + _MARGIN * 2 + max((top + _size(item) for item, top in self._top.items()), default=0)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label={quoteattr(self._title())}>'
        )
        title = f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 8}">{escape(self._title())}</text>'
        body = [f"<style>{_STYLE}</style>", title, *self._lines(), *self._boxes()]
        return "\n".join([head, *body, "</svg>"]) + "\n"

    def _title(self) -> str:
        return f"{clean(self._planned.name)}: {one_line(self._planned)}"

    def _boxes(self) -> Iterator[str]:
        for row in self._layers.items:
            for item in row:
                if item.real:
                    yield self._box(item, self._subtasks[item.node])

    def _box(self, item: Item, subtask: PlannedSubTask) -> str:
        x, y = self._left[item.layer], self._y(item)
        texts = "".join(
            f'<text class="{style}" x="{x + 12}" y="{y + at}">{escape(text)}</text>'
            for style, at, text in zip(("name", "fact", "fact"), (21, 38, 53), _facts(subtask), strict=True)
        )
        emphasis = ' class="critical"' if subtask.critical else ""
        return (
            f"<g{emphasis}><title>{escape(clean(subtask.description))}</title>"
            f'<rect class="box" x="{x}" y="{y}" width="{self._box_width(item)}" height="{_BOX_HEIGHT}" rx="7"/>{texts}</g>'
        )

    def _box_width(self, item: Item) -> int:
        if not item.real:
            return 0
        return round(max(cells(text) for text in _facts(self._subtasks[item.node])) * _CHARACTER) + 24

    def _y(self, item: Item) -> int:
        return _HEAD + _MARGIN + self._top[item]

    def _lines(self) -> Iterator[str]:
        hot_edges = critical_edges(self._planned)
        # The critical path comes last, so that it lies above what it crosses.
        for before, after, edge in sorted(self._edges, key=lambda one: (one[0], one[1].id) in hot_edges):
            hot = (before, after.id) in hot_edges
            kind = f"{' hot' if hot else ''}{' unsure' if unsure(edge) else ''}"
            words = f"<title>{escape(clean(edge.cue))} ({edge.confidence:.0%})</title>" if edge.cue else ""
            points = list(self._way(before, after.id))
            x, y = points[-1]
            yield f'<path class="edge{kind}" d="{_curve(points)}">{words}</path>'
            yield f'<path class="tip{" hot" if hot else ""}" d="M{x:.0f} {y:.0f} l-8 -4 v8 z"/>'

    def _way(self, before: str, after: str) -> Iterator[tuple[float, float]]:
        """Yield the points of an edge: out of a box, through its place in each layer between, into the other box."""
        start, end = self._layer_of[before], self._layer_of[after]
        item = Item(before, start)
        yield self._left[start] + self._box_width(item), self._y(item) + _BOX_HEIGHT / 2
        for layer in range(start + 1, end):
            passing = self._y(Item(before, layer, real=False)) + _LINE_HEIGHT / 2
            yield self._left[layer], passing
            yield self._left[layer] + self._widths[layer], passing
        yield self._left[end], self._y(Item(after, end)) + _BOX_HEIGHT / 2


def _size(item: Item) -> int:
    return _BOX_HEIGHT if item.real else _LINE_HEIGHT


def _facts(subtask: PlannedSubTask) -> tuple[str, str, str]:
    requests = f"{format_cpu(subtask.resources.cpu_millis)} CPU, {memory(subtask.resources.memory_bytes)}"
    return (
        fit(clean(subtask.id), _LONGEST),
        fit(f"{clean(subtask.agent_type)} on {clean(subtask.provider) or 'any'}", _LONGEST),
        f"{duration(subtask.estimate.seconds)}, {money(subtask.estimate.cost_usd)}, {requests}",
    )


def _curve(points: list[tuple[float, float]]) -> str:
    """Join points by level curves between layers and straight lines through them."""
    path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for index in range(1, len(points)):
        (x0, y0), (x1, y1) = points[index - 1], points[index]
        if index % 2 == 0:
            path += f" L{x1:.0f} {y1:.0f}"
        else:
            bend = max((x1 - x0) / 2, 12)
            path += f" C{x0 + bend:.0f} {y0:.0f} {x1 - bend:.0f} {y1:.0f} {x1:.0f} {y1:.0f}"
    return path
