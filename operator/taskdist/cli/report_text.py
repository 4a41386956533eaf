"""The report of a run for a person, and as a document for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from taskdist.cli.lines import Column, Line, Span, cells, clean, count, duration, line, money, table, wrap
from taskdist.cli.report import Report, Spent
from taskdist.cli.status_text import distribution_head, memory_of, running_seconds, subtask_name

FORMAT_VERSION: Final = "1"
_MOST_ROWS: Final = 500
_NOTABLE: Final = 1.0
"""Waits below a second are not told: the API server counts in seconds."""
_FAR_OFF: Final = 3
_WASTEFUL: Final = Decimal("0.5")
"""From this share of unused memory on, smaller requests are recommended."""


def report_text(report: Report, now: datetime, width: int) -> list[Line]:
    """Return the report: the subtasks with waits, time and cost against the plan; then where the whole went."""
    lines = list(distribution_head(report.root, now))
    if not report.spent:
        return [*lines, line(Span("no subtask yet", "dim"))]
    lines += [(), *_table(report.spent[:_MOST_ROWS])]
    if len(report.spent) > _MOST_ROWS:
        lines.append(line(Span(f"and {count(len(report.spent) - _MOST_ROWS, 'more subtask')}; -o json has all", "dim")))
    legend = "held: ready, but without a pod; starting: from pod to agent (+ between attempts); memory: peak/requested"
    lines += [line(Span(part, "dim")) for part in wrap(legend, width)]
    return [*lines, (), *_sums(report, now, width)]


def _table(spent: Sequence[Spent]) -> list[Line]:
    columns = [
        Column("  SUBTASK"),
        Column("TRY", right=True),
        Column("HELD", right=True),
        Column("STARTING", right=True),
        Column("RAN", right=True),
        Column("PLANNED", right=True),
        Column("COST", right=True),
        Column("PLANNED", right=True),
        Column("MEMORY", right=True),
    ]
    return table(columns, [_row(one) for one in spent], indent="")


def _row(one: Spent) -> list[Span | str]:
    spec, status = one.subtask.spec, one.subtask.status
    began = bool(status.attempts)
    starting = duration(one.starting) if began else "-"
    if one.between >= _NOTABLE:
        starting += f" +{duration(one.between)}"
    return [
        subtask_name(one.subtask),
        str(status.attempt_count) if status.attempt_count else "-",
        duration(one.held) if began or one.held else "-",
        starting,
        duration(one.running) if began else "-",
        duration(spec.estimate.seconds),
        money(one.cost_usd) if status.usage is not None else "-",
        money(spec.estimate.cost_usd),
        memory_of(one.subtask),
    ]


def _sums(report: Report, now: datetime, width: int) -> Iterator[Line]:
    rows = list(_facts(report, now))
    widest = max(cells(name) for name, _ in rows)
    for name, text in rows:
        first, *rest = wrap(text, max(width - widest - 4, 30))
        yield line(Span(f"  {name:<{widest}}  ", "dim"), first)
        yield from (line(" " * (widest + 4), part) for part in rest)


def _facts(report: Report, now: datetime) -> Iterator[tuple[str, str]]:
    estimate = report.root.status.estimate
    took = running_seconds(report.root, now)
    planned = f"; planned {duration(estimate.duration_seconds)}" if estimate is not None else ""
    yield "time", f"{duration(took)}{planned}{_off(report)}"
    if estimate is not None:
        span = f"{money(estimate.cost_low_usd)} to {money(estimate.cost_high_usd)}"
        yield "cost", f"{money(report.cost_usd)}; planned {money(estimate.cost_usd)} ({span})"
    share = report.wasted_share
    if share is not None:
        advice = "; rightSizing Apply learns from it" if share >= _WASTEFUL else ""
        yield (
            "memory",
            f"{share:.0%} of what was requested was never used ({report.wasted_gib_hours:.2f} GiB·h){advice}",
        )
    if waits := _waits(report.spent):
        yield "waits", waits
    if report.chain:
        yield "longest way", _way(report.chain)
    bottleneck = report.root.status.bottleneck
    if bottleneck is not None:
        where = f" at {clean(bottleneck.sub_task)}" if bottleneck.sub_task else ""
        advice = f": {clean(bottleneck.recommendation)}" if bottleneck.recommendation else ""
        yield "bottleneck", f"{bottleneck.kind}{where}, {Decimal(bottleneck.share):.0%} of the time{advice}"


def _off(report: Report) -> str:
    if report.deviation is None:
        return ""
    much = f"{report.deviation:.0%}" if report.deviation < _FAR_OFF else f"{report.deviation:.0f} times their time"
    return f" (single subtasks off by {much})"


def _waits(spent: Sequence[Spent]) -> str:
    """Sum up where subtasks waited although nothing that they depend on was left, worst first named."""
    kinds = (
        ("ready but held back (limits, locks, room)", [(one.held, one.id) for one in spent]),
        ("for a node and the image", [(one.starting, one.id) for one in spent]),
        ("between attempts", [(one.between, one.id) for one in spent]),
    )
    parts = []
    for what, waits in kinds:
        felt = sorted(((seconds, id_) for seconds, id_ in waits if seconds >= _NOTABLE), reverse=True)
        if felt:
            most = f", most of it {clean(felt[0][1])}" if len(felt) > 1 else f", {clean(felt[0][1])}"
            parts.append(f"{duration(sum(seconds for seconds, _ in felt))} {what}{most}")
    return "; ".join(parts)


def _way(chain: Sequence[Spent]) -> str:
    """Write the chain that decided the end, with what each part ran and waited."""
    parts = []
    for one in chain:
        waited = one.held + one.starting + one.between
        wait = f" + {duration(waited)} waiting" if waited >= _NOTABLE else ""
        parts.append(f"{clean(one.id)} {duration(one.running)}{wait}")
    if len(parts) > 12:
        left_out = len(parts) - 10
        parts = [*parts[:5], f"{left_out} more", *parts[-5:]]
    return ", ".join(parts)


def report_document(report: Report, now: datetime) -> dict[str, Any]:
    """Return the report for a program; seconds are whole, money and shares are decimal strings."""
    root, estimate = report.root, report.root.status.estimate
    share, deviation = report.wasted_share, report.deviation
    return {
        "formatVersion": FORMAT_VERSION,
        "name": root.metadata.name,
        "namespace": root.metadata.namespace,
        "phase": root.status.phase.value if root.status.phase is not None else "",
        "durationSeconds": round(running_seconds(root, now)),
        "plannedSeconds": estimate.duration_seconds if estimate is not None else None,
        "costUSD": f"{report.cost_usd:.4f}",
        "plannedCostUSD": estimate.cost_usd if estimate is not None else None,
        "plannedCostLowUSD": estimate.cost_low_usd if estimate is not None else None,
        "plannedCostHighUSD": estimate.cost_high_usd if estimate is not None else None,
        "wastedMemoryShare": f"{share:.4f}" if share is not None else None,
        "wastedMemoryGiBHours": f"{report.wasted_gib_hours:.4f}",
        "estimateDeviation": f"{deviation:.4f}" if deviation is not None else None,
        "longestWay": [one.id for one in report.chain],
        "subtasks": [_entry(one) for one in report.spent],
    }


def _entry(one: Spent) -> dict[str, Any]:
    return {
        "id": one.id,
        "phase": one.subtask.status.phase.value,
        "attempts": one.subtask.status.attempt_count,
        "heldSeconds": round(one.held),
        "startingSeconds": round(one.starting),
        "betweenSeconds": round(one.between),
        "runningSeconds": round(one.running),
        "plannedSeconds": one.subtask.spec.estimate.seconds,
        "costUSD": f"{one.cost_usd:.4f}",
        "plannedCostUSD": one.subtask.spec.estimate.cost_usd,
        "memoryGiBSeconds": f"{one.memory_gib_seconds:.2f}",
        "wastedMemoryGiBSeconds": f"{one.wasted_gib_seconds:.2f}",
    }
