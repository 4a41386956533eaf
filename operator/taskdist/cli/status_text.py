"""Distributions as they run: a list, or one with its subtasks as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from taskdist.api import SubTask, TaskDistribution
from taskdist.api.common import PlanWarning, Severity
from taskdist.api.names import ConditionStatus, ConditionType, Phase, SubTaskPhase, SubTaskReason
from taskdist.api.sub_task import Attempt
from taskdist.cli.lines import (
    Column,
    Line,
    Span,
    about,
    cells,
    clean,
    count,
    duration,
    fit,
    line,
    memory,
    money,
    table,
    wrap,
)
from taskdist.engine.quantity import parse_memory_bytes

_MARKS: Final = {
    SubTaskPhase.WAITING: ("○", "dim"),
    SubTaskPhase.READY: ("○", ""),
    SubTaskPhase.QUEUED: ("◔", "busy"),
    SubTaskPhase.RUNNING: ("●", "busy"),
    SubTaskPhase.RETRYING: ("↻", "changed"),
    SubTaskPhase.SUCCEEDED: ("✓", "good"),
    SubTaskPhase.FAILED: ("✗", "error"),
    SubTaskPhase.SKIPPED: ("\N{EN DASH}", "dim"),
    SubTaskPhase.CANCELLED: ("⊘", "dim"),
}
_PHASES: Final = {
    Phase.RUNNING: "busy",
    Phase.SUCCEEDED: "good",
    Phase.FAILED: "error",
    Phase.STALLED: "error",
    Phase.AWAITING_APPROVAL: "warning",
    Phase.SUSPENDED: "warning",
}
_MOST_ROWS: Final = 500
_MOST_WARNINGS: Final = 5
_MOST_RESULTS: Final = 8


def distributions_text(items: Sequence[TaskDistribution], now: datetime, *, namespaces: bool) -> list[Line]:
    """Return the list of distributions, with their namespaces if they may differ."""
    columns = [Column("NAMESPACE")] if namespaces else []
    columns += [Column("NAME"), Column("PHASE"), Column("PROGRESS"), Column("WARNINGS", right=True)]
    columns += [
        Column("EST-USD", right=True),
        Column("USD", right=True),
        Column("TIME", right=True),
        Column("AGE", right=True),
    ]
    rows: list[list[Span | str]] = []
    for one in items:
        status = one.status
        row: list[Span | str] = [clean(one.metadata.namespace)] if namespaces else []
        row += [clean(one.metadata.name), phase_span(status.phase), status.progress or "-", str(status.warning_count)]
        row.append(money(status.estimate.cost_usd) if status.estimate else "-")
        row.append(money(status.actual.cost_usd) if status.actual else "-")
        row.append(duration(running_seconds(one, now)) if status.start_time else "-")
        row.append(
            duration((now - one.metadata.creation_timestamp).total_seconds())
            if one.metadata.creation_timestamp
            else "-"
        )
        rows.append(row)
    return table(columns, rows, indent="")


def phase_span(phase: Phase | None) -> Span:
    """Return a phase in its colour; one that is not there yet is pending."""
    return Span(phase.value, _PHASES.get(phase, "")) if phase is not None else Span("Pending", "dim")


def running_seconds(root: TaskDistribution, now: datetime) -> float:
    """Return the seconds since the first subtask started, until the end if it has come."""
    status = root.status
    if status.start_time is None:
        return 0
    return max(((status.completion_time or now) - status.start_time).total_seconds(), 0)


def distribution_text(root: TaskDistribution, subtasks: Sequence[SubTask], now: datetime, width: int) -> list[Line]:
    """Return one distribution with its subtasks: phases, attempts, causes, times, requested and used memory, cost."""
    lines = [*distribution_head(root, now), *_trouble(root, width)]
    if subtasks:
        lines += [(), *_tree(subtasks[:_MOST_ROWS], now, width)]
    if len(subtasks) > _MOST_ROWS:
        lines.append(line(Span(f"and {count(len(subtasks) - _MOST_ROWS, 'more subtask')}; -o json has all", "dim")))
    lines += _results(subtasks, width)
    return lines


def distribution_head(root: TaskDistribution, now: datetime) -> Iterator[Line]:
    """Yield the lines above the tree: name, phase and progress; the plan; time and cost so far."""
    status = root.status
    parts: list[Span | str] = [Span(clean(root.metadata.name), "bold"), "  ", phase_span(status.phase)]
    if status.progress:
        parts.append(f"  {status.progress} done")
    if serious := len(_serious(root)):
        parts += ["  ", Span(count(serious, "warning"), "warning")]
    yield line(*parts)
    facts = []
    if status.plan is not None and status.estimate is not None:
        estimate = status.estimate
        facts.append(f"plan {status.plan.name} ({status.plan.hash[:8]})")
        facts.append(f"{about(estimate.duration_seconds)}, {money(estimate.cost_usd)} planned")
    if status.start_time is not None:
        cost = f", {money(status.actual.cost_usd)}" if status.actual is not None else ""
        facts.append(f"{duration(running_seconds(root, now))}{cost} {'in all' if status.completion_time else 'so far'}")
    if facts:
        yield line(Span("; ".join(facts), "dim"))


def _trouble(root: TaskDistribution, width: int) -> Iterator[Line]:
    """Yield why it does not go on, and the first warnings."""
    current = root.metadata.generation
    said: set[str] = set()
    for one in root.status.conditions:
        stalled = one.type == ConditionType.STALLED and one.status is ConditionStatus.TRUE
        failed = one.type == ConditionType.SUCCEEDED and one.status is ConditionStatus.FALSE
        waiting = one.type == ConditionType.APPROVED and one.status is ConditionStatus.FALSE
        if (stalled or failed or waiting) and one.message:
            old = " (before the last change)" if (one.observed_generation or current) < current else ""
            text = f"{one.reason}: {clean(one.message)}{old}"
            if text in said:  # Stalled and Succeeded mostly say the same
                continue
            said.add(text)
            yield from (line(Span(part, "warning" if waiting else "error")) for part in wrap(text, width))
    serious = _serious(root)
    for warning in serious[:_MOST_WARNINGS]:
        yield line(Span(fit(f"! {warning.code}  {clean(warning.message)}", width), "warning"))
    more = len(root.status.warnings) + root.status.warnings_omitted - min(len(serious), _MOST_WARNINGS)
    if more > 0:
        yield line(Span(f"  {count(more, 'more remark')}: taskdist plan show {clean(root.metadata.name)}", "dim"))


def _serious(root: TaskDistribution) -> list[PlanWarning]:
    return [warning for warning in root.status.warnings if warning.severity is not Severity.INFO]


def _tree(subtasks: Sequence[SubTask], now: datetime, width: int) -> list[Line]:
    columns = [
        Column("  SUBTASK"),
        Column("PHASE"),
        Column("AGENT"),
        Column("TRY", right=True),
        Column("TIME", right=True),
    ]
    columns += [Column("CPU", right=True), Column("MEMORY", right=True), Column("COST", right=True)]
    head, *rows = table(columns, [_row(subtask, now) for subtask in subtasks], indent="   ")
    used = sum(cells(span.text) for span in head)
    lines: list[Line] = [line(*head, Span("  WHY", "dim"))]
    for index, (row, subtask) in enumerate(zip(rows, subtasks, strict=True)):
        last = index == len(subtasks) - 1
        lines += _branch(row, subtask, "└─ " if last else "├─ ", "   " if last else "│  ", used, width)
    return lines


def subtask_name(subtask: SubTask) -> Span:
    """Return a subtask's id with the mark and the style of its phase."""
    mark, style = _MARKS[subtask.status.phase]
    return Span(f"{mark} {fit(clean(subtask.spec.id), 40)}", style)


def _row(subtask: SubTask, now: datetime) -> list[Span | str]:
    status = subtask.status
    name = subtask_name(subtask)
    return [
        name,
        Span(status.phase.value, name.style),
        clean(
            status.routing.chosen if status.routing is not None and status.routing.chosen else subtask.spec.agent_type
        ),
        str(status.attempt_count) if status.attempt_count else "-",
        _time(subtask, now),
        subtask.spec.resources.cpu,
        memory_of(subtask),
        money(status.usage.cost_usd) if status.usage is not None else "-",
    ]


def _time(subtask: SubTask, now: datetime) -> str:
    """Return the running time of all attempts; with ~, the planned one of what has not begun."""
    status = subtask.status
    if status.usage is not None and status.phase.terminal:
        return duration(status.usage.seconds)
    running = [attempt for attempt in status.attempts if attempt.start_time is not None and attempt.finish_time is None]
    if running and running[-1].start_time is not None:
        return duration(max((now - running[-1].start_time).total_seconds(), 0))
    return "-" if status.phase.terminal else about(subtask.spec.estimate.seconds)


def memory_of(subtask: SubTask) -> str:
    """Return used over requested memory of the last attempt, or what will be requested."""
    last = subtask.status.attempts[-1] if subtask.status.attempts else None
    requested = (
        last.requested.memory if last is not None and last.requested is not None else subtask.spec.resources.memory
    )
    shown = memory(parse_memory_bytes(requested))
    if last is not None and last.peak_memory is not None:
        return f"{memory(parse_memory_bytes(last.peak_memory))}/{shown}"
    return shown


def _branch(row: Line, subtask: SubTask, glyph: str, margin: str, used: int, width: int) -> Iterator[Line]:
    parts = line(Span(glyph, "dim"), *row[1:])
    why = _why(subtask)
    fits = cells(why) <= width - used - 2
    yield line(*parts, "  ", why) if fits or not why else parts
    if not fits:
        yield from (line(Span(margin, "dim"), f"    {part}") for part in wrap(why, max(width - 7, 30)))
    attempts = subtask.status.attempts
    if len(attempts) > 1 or any(_went_wrong(attempt) for attempt in attempts):
        yield from (
            line(Span(margin, "dim"), Span(f"    {fit(part, max(width - 7, 30))}", "dim"))
            for part in map(_attempt, attempts)
        )


def _why(subtask: SubTask) -> str:
    status = subtask.status
    if status.phase is SubTaskPhase.SUCCEEDED:
        return "from the cache" if status.reason is SubTaskReason.CACHED else ""
    reason = status.reason.value if status.reason is not None else ""
    if status.blocked_by:
        reason = (
            f"{reason}: {', '.join(clean(name) for name in status.blocked_by)}"
            if reason
            else ", ".join(status.blocked_by)
        )
    elif status.message and clean(status.message) != reason:
        reason = f"{reason}: {clean(status.message)}" if reason else clean(status.message)
    return "" if status.phase is SubTaskPhase.RUNNING and status.reason is SubTaskReason.STARTED else reason


def _went_wrong(attempt: Attempt) -> bool:
    return attempt.finish_time is not None and attempt.exit_code not in {0, None}


def _attempt(attempt: Attempt) -> str:
    parts = [f"#{attempt.number} {attempt.reason.value if attempt.reason is not None else 'running'}"]
    if attempt.exit_code:
        parts.append(f"exit code {attempt.exit_code}")
    if attempt.start_time is not None and attempt.finish_time is not None:
        parts.append(f"after {duration((attempt.finish_time - attempt.start_time).total_seconds())}")
    if attempt.requested is not None:
        peak = f", used {memory(parse_memory_bytes(attempt.peak_memory))}" if attempt.peak_memory is not None else ""
        parts.append(f"{memory(parse_memory_bytes(attempt.requested.memory))} requested{peak}")
    if attempt.node:
        parts.append(f"on {clean(attempt.node)}")
    return ", ".join(parts) + (f": {clean(attempt.message)}" if attempt.message else "")


def _results(subtasks: Sequence[SubTask], width: int) -> Iterator[Line]:
    """Yield the results of the subtasks that nobody waits for: what the whole was done for."""
    awaited = {edge.name for subtask in subtasks for edge in subtask.spec.depends_on}
    found = [
        (subtask.spec.id, key, value)
        for subtask in subtasks
        if subtask.spec.id not in awaited
        for key, value in sorted(subtask.status.results.items())
    ]
    if not found:
        return
    yield ()
    yield line(Span("Results", "bold"))
    for name, key, value in found[:_MOST_RESULTS]:
        yield line(
            "  ",
            Span(f"{clean(name)}.{clean(key)}  ", "dim"),
            fit(clean(value), max(width - cells(name + key) - 5, 20)),
        )
    if len(found) > _MOST_RESULTS:
        yield line(Span(f"  and {count(len(found) - _MOST_RESULTS, 'more result')}; -o json has all", "dim"))


def utc_now() -> datetime:
    """Return the time by which views count what is still running."""
    return datetime.now(UTC)
