"""Waiting for a distribution, with or without showing it: redrawn in place on a terminal, a line per change elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from taskdist.api.names import ConditionStatus, ConditionType, SubTaskPhase
from taskdist.cli.follow import Seen, follow
from taskdist.cli.lines import Line, Span, clean, count, duration, line
from taskdist.cli.output import coloured, paint, show, width
from taskdist.cli.status_text import distribution_text, phase_span, utc_now

if TYPE_CHECKING:
    from taskdist.cli.online import Session

_REDRAW = 1.0
"""Seconds between two drawings while nothing changes: running times go on."""


async def until_over(session: Session, name: str, kind: str = ConditionType.SUCCEEDED, *, shown: bool = False) -> Seen:
    """Return what is seen once a condition is True, or can no longer become so; meanwhile show it if asked."""
    seen = Seen(None)
    view = (_Drawn() if sys.stdout.isatty() and coloured(sys.stdout) else _Told()) if shown else None
    async with aclosing(follow(session, name, subtasks=shown)) as changes:
        async for seen in _ticking(changes) if shown else changes:
            if view is not None:
                view.show(seen)
            if seen.holds(kind) or seen.over:
                break
    return seen


async def _ticking(changes: AsyncGenerator[Seen]) -> AsyncGenerator[Seen]:
    """Repeat the last state every second while nothing comes."""
    seen: Seen | None = None
    following = asyncio.ensure_future(anext(changes, None))
    try:
        while True:
            done, _ = await asyncio.wait({following}, timeout=_REDRAW if seen is not None else None)
            if done:
                seen = following.result()
                if seen is None:
                    return
                following = asyncio.ensure_future(anext(changes, None))
            if seen is not None:
                yield seen
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


class _Drawn:
    """The tree, redrawn in place; what does not fit on the screen is left out above."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._live.start()

    def show(self, seen: Seen) -> None:
        from rich.text import Text

        from taskdist.cli.output import as_text

        if seen.root is None:
            return self._live.stop()
        lines = distribution_text(seen.root, seen.subtasks, utc_now(), width())
        room = self._console.size.height - 1
        visible = lines if len(lines) <= room else [*lines[:2], line(Span("…", "dim")), *lines[len(lines) - room + 3 :]]
        self._live.update(Text("\n").join(map(as_text, visible)), refresh=True)
        if seen.over:
            self._live.update(Text(""), refresh=True)
            self._live.stop()
            paint(self._console, lines)
        return None


class _Told:
    """A line for each change of phase, with the time since the first one; the tree at the end."""

    def __init__(self) -> None:
        self._phases: dict[str, SubTaskPhase | None] = {}
        self._phase: Span | None = None
        self._begin = utc_now()

    def show(self, seen: Seen) -> None:
        if seen.root is None:
            return
        lines = [*self._root_lines(seen), *self._subtask_lines(seen)]
        if seen.over:
            lines += [(), *distribution_text(seen.root, seen.subtasks, utc_now(), width())]
        show(lines)
        sys.stdout.flush()

    def _since(self) -> Span:
        return Span(f"{duration((utc_now() - self._begin).total_seconds()):>8}  ", "dim")

    def _root_lines(self, seen: Seen) -> list[Line]:
        if seen.root is None:
            return []
        phase = phase_span(seen.root.status.phase)
        if self._phase is not None and self._phase.text == phase.text:
            return []
        self._phase = phase
        return [line(self._since(), Span(clean(seen.root.metadata.name), "bold"), "  ", self._phase)]

    def _subtask_lines(self, seen: Seen) -> list[Line]:
        lines = []
        waiting = 0
        for subtask in seen.subtasks:
            name, phase = subtask.spec.id, subtask.status.phase
            if name in self._phases and self._phases[name] is phase:
                continue
            self._phases[name] = phase
            if phase in {None, SubTaskPhase.WAITING, SubTaskPhase.READY}:
                waiting += 1
                continue
            why = f"  {subtask.status.reason.value}" if subtask.status.reason is not None else ""
            why = "" if phase is SubTaskPhase.SUCCEEDED else why
            lines.append(line(self._since(), f"  {clean(name)}  ", _phase(phase), Span(why, "dim")))
        if waiting:
            lines.append(line(self._since(), Span(f"  {count(waiting, 'subtask')} waiting", "dim")))
        return lines


def _phase(phase: SubTaskPhase | None) -> Span:
    styles = {SubTaskPhase.SUCCEEDED: "good", SubTaskPhase.FAILED: "error", SubTaskPhase.RUNNING: "busy"}
    return Span(phase.value if phase is not None else "", styles.get(phase, "") if phase is not None else "")


def ended_badly(seen: Seen, kind: str = ConditionType.SUCCEEDED) -> str:
    """Return why a condition will not become True, in a sentence, or nothing if it is or the plan was all that was asked."""
    if seen.holds(kind) or (seen.only_planned and kind == ConditionType.SUCCEEDED):
        return ""
    if seen.root is None:
        return "it was deleted"
    for other in (kind, ConditionType.STALLED, ConditionType.SUCCEEDED):
        status, message = seen.condition(other)
        if message and status is not ConditionStatus.UNKNOWN:
            return message
    return f"it ended without condition {kind}"
