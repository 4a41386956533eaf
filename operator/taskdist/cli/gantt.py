"""The schedule as bars over time, one subtask a line, in eighths of a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskdist.cli.lines import Line, Span, cells, duration, fit, pad

_LEFT_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_STEPS: Final = (
    *(1, 2, 5, 10, 15, 20, 30),
    *(60 * m for m in (1, 2, 5, 10, 15, 20, 30)),
    *(3_600 * h for h in (1, 2, 3, 6, 12)),
    *(86_400 * d for d in (1, 2, 5, 10, 20, 50, 100, 200)),
)
_TICK_ROOM: Final = 9


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: from ``start`` to ``finish``, and how long it might be late (``slack``), all in seconds."""

    label: str
    start: int
    finish: int
    slack: int = 0
    style: str = ""


def gantt(bars: Sequence[Bar], width: int) -> list[Line]:
    """Draw bars under a time axis within ``width`` cells. Slack is a dotted line behind the bar."""
    end = max((bar.finish for bar in bars), default=0)
    if not end:
        return []
    longest = min(max(cells(bar.label) for bar in bars), max(width // 3, 8))
    room = width - longest - 2
    if room < 12:
        return []
    margin = " " * (longest + 2)
    lines: list[Line] = [
        (Span(margin), Span(_axis(end, room), "dim")),
    ]
    for bar in bars:
        label = pad(fit(bar.label, longest), longest)
        lines.append((Span(label, bar.style), Span("  "), *_bar(bar, end, room)))
    return lines


def _bar(bar: Bar, end: int, room: int) -> tuple[Span, ...]:
    """Paint in eighths of a cell where the bar ends, in halves where it begins; it is at least an eighth wide."""
    begin = bar.start * room * 8 // end
    stop = max(bar.finish * room * 8 // end, begin + 1)
    first, into = divmod(begin, 8)
    last, over = divmod(stop, 8)
    spans = [Span(" " * first)]
    if first == last:
        return (*spans, Span(_LEFT_EIGHTHS[over - into] if into == 0 else "▐", bar.style))
    if into:
        # Right-hand blocks exist only as a half: what begins in the first half of a cell takes it whole.
        spans.append(Span("█" if into < 3 else "▐", bar.style))
        first += 1
    spans.append(Span("█" * (last - first) + (_LEFT_EIGHTHS[over] if over else ""), bar.style))
    late = min((bar.finish + bar.slack) * room // end, room)
    used = last + (1 if over else 0)
    if late > used:
        spans.append(Span("·" * (late - used), "dim"))
    return tuple(spans)


def _axis(end: int, room: int) -> str:
    """Return ticks at round times, as many as have room for their text."""
    step = next((s for s in _STEPS if end / s * _TICK_ROOM <= room), _STEPS[-1])
    axis = ""
    for tick in range(0, end + 1, step):
        place = tick * room // end
        text = duration(tick) if tick else "0"
        if place + len(text) > room + len(text) - 1 and tick:
            place = room - len(text)
        if place > len(axis) or not axis:
            axis = axis.ljust(place) + text
    return axis
