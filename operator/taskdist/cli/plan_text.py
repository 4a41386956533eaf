"""A plan for a person at a terminal: subtasks, graph, schedule, warnings, and one line that sums it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Final

from taskdist.cli.drawing import Node, draw
from taskdist.cli.gantt import Bar, gantt
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
    folded,
    line,
    memory,
    money,
    names,
    table,
    wrap,
)
from taskdist.engine.model import (
    Basis,
    Dependency,
    EdgeSource,
    Finding,
    Forecast,
    PlannedSubTask,
    Severity,
    TriggerRule,
)
from taskdist.engine.peak import peak
from taskdist.engine.quantity import format_cpu
from taskdist.planning.document import Planned

SHORT_HASH: Final = 8
MOST_BARS: Final = 60
"""A longer schedule is no picture any more."""
_MOST_WARNINGS: Final = 40
_MOST_WAITS: Final = 10
_FOLDED: Final = 3
"""So many subtasks that are planned alike become one line, in a long plan."""
_NUMBERS: Final = 44
"""Cells that the marks, the four columns of numbers and the gaps take."""
_MARK: Final = "◆"
_SEVERITIES: Final = {
    Severity.ERROR: ("✗", "error"),
    Severity.WARNING: ("!", "warning"),
    Severity.INFO: ("i", "info"),
}


def plan_text(
    planned: Planned, width: int, *, title: str = "", places: Mapping[str, str] = MappingProxyType({})
) -> list[Line]:
    """Return the whole view within ``width`` cells, as far as ids leave room.

    ``places`` tells for the paths of findings where in a file they are: ``release.yaml:12:7``.
    """
    plan = planned.plan
    lines = list(_header(planned, title, width))
    if plan.subtasks:
        lines += [(), *_subtasks(plan.subtasks, width)]
        for heading, body in (
            ("Graph", graph_text(planned, width)),
            ("Schedule", _schedule(planned, width)),
            ("Waits for what others change", _waits(planned, width)),
        ):
            if body:
                lines += [(), line("  ", Span(heading, "bold")), *body]
    if plan.findings:
        lines += [(), *_findings(plan.findings, width, places)]
    return [*lines, (), summary(planned)]


def _header(planned: Planned, title: str, width: int) -> Iterator[Line]:
    plan, shape = planned.plan, planned.plan.parallelism
    name = f"{clean(planned.namespace)}/{clean(planned.name)}" if planned.namespace else clean(planned.name)
    yield line(Span(title or "TaskDistribution ", "bold"), Span(name, "bold"))
    if not plan.subtasks:
        return
    facts = [f"strategy {clean(planned.strategy)}"] if planned.strategy else []
    # What the schedule makes of it: the graph's width may be more than the limits let run.
    each = plan.subtasks
    most = peak([s.start for s in each], [s.finish - s.start for s in each], [s.resources for s in each]).pods
    facts.append(f"up to {count(most, 'subtask')} at the same time" if most > 1 else "one after the other")
    if shape.speedup > 1.005:
        facts.append(f"{shape.speedup:.1f} times as fast as one after the other")
    yield line(Span("  " + ", ".join(facts), "dim"))
    if plan.forecast.seconds:
        for part in wrap(_starts(plan.forecast), max(width - 2, 20)):
            yield line(Span(f"  {part}", "dim"))


def _starts(forecast: Forecast) -> str:
    """Say what of the time is work, and what starting a pod and passing on its end takes."""
    basis = "as seen here" if forecast.basis is Basis.HISTORY else "priors"
    return (
        f"{_fine(forecast.seconds)} from start to end, {_fine(forecast.work_seconds)} of it work: a start takes "
        f"{forecast.start_seconds:.1f}s, a hand-over {forecast.hand_over_seconds:.1f}s ({basis})"
    )


def _fine(seconds: Decimal) -> str:
    """Write short times with a tenth of a second: starts take no longer."""
    return f"{seconds:.1f}s" if seconds < 60 else duration(float(seconds))


# --- one line per subtask ----------------------------------------------------------------------------------------------


def _subtasks(subtasks: tuple[PlannedSubTask, ...], width: int) -> list[Line]:
    groups = _alike(subtasks)
    several_providers = len({subtask.provider for subtask in subtasks}) > 1 or width >= 100
    longest = _room_for_ids(
        subtasks, width - (2 + max(cells(s.provider) for s in subtasks) if several_providers else 0)
    )
    columns = [Column(""), Column("SUBTASK"), Column("AGENT")]
    columns += [Column("PROVIDER")] if several_providers else []
    columns += [Column(title, right=True) for title in ("CPU", "MEMORY", "TIME", "COST")]
    rows = [
        (
            Span(f"+ {_MARK if group[0].critical else ' '}", "added"),
            Span(fit(_group_name(group), longest), _style(group[0])),
            clean(group[0].agent_type),
            *((clean(group[0].provider) or "any",) if several_providers else ()),
            format_cpu(group[0].resources.cpu_millis),
            memory(group[0].resources.memory_bytes),
            duration(group[0].estimate.seconds),
            money(group[0].estimate.cost_usd),
        )
        for group in groups
    ]
    head, *body = table(columns, rows)
    used = sum(cells(span.text) for span in head)
    lines = [line(*head, Span("  AFTER", "dim"))]
    for row, group in zip(body, groups, strict=True):
        lines += _with_dependencies(row, group[0], used, width)
    if len(groups) < len(subtasks):
        lines.append(line(Span("  … stands for subtasks that are planned alike, each with these numbers", "dim")))
    lines.append(line("  ", Span(_MARK, "added"), Span(" on the critical path: the longest chain", "dim")))
    return lines


def _alike(subtasks: tuple[PlannedSubTask, ...]) -> list[tuple[PlannedSubTask, ...]]:
    """Group the neighbours of one forEach that are planned alike, in a plan that is too long to be read line by line."""
    if len(subtasks) <= MOST_BARS:
        return [(subtask,) for subtask in subtasks]
    found: list[tuple[PlannedSubTask, ...]] = []
    for _, members in groupby(subtasks, key=_likeness):
        group = tuple(members)
        found += [group] if len(group) >= _FOLDED else [(subtask,) for subtask in group]
    return found


def _likeness(subtask: PlannedSubTask) -> tuple[object, ...]:
    stem, _, number = subtask.id.rpartition("-")
    return (
        stem if number.isdecimal() else subtask.id,
        subtask.agent_type,
        subtask.resources,
        subtask.provider,
        subtask.estimate.seconds,
        subtask.estimate.cost_usd,
        subtask.critical,
        subtask.depends_on,
    )


def _group_name(group: tuple[PlannedSubTask, ...]) -> str:
    first, last = clean(group[0].id), clean(group[-1].id)
    return first if len(group) == 1 else f"{first} … {last.rpartition('-')[2]}"


def _room_for_ids(subtasks: tuple[PlannedSubTask, ...], width: int) -> int:
    """Return how long ids may be: a quarter of the width, or whatever agent types and numbers leave of it."""
    agents = max(cells(subtask.agent_type) for subtask in subtasks)
    return max(12, width // 4, min(40, width - agents - _NUMBERS))


def _style(subtask: PlannedSubTask) -> str:
    return "critical" if subtask.critical else ""


def _with_dependencies(row: Line, subtask: PlannedSubTask, used: int, width: int) -> list[Line]:
    """Put the dependencies behind the row; where they do not fit, on lines of their own below it."""
    if not subtask.depends_on:
        return [row]
    after = names(folded(_dependency(edge) for edge in subtask.depends_on)) + _when(subtask)
    room = width - used - 2
    if cells(after) <= room:
        return [line(*row, "  ", Span(after, "dim"))]
    margin = "        "
    return [row, *(line(Span(margin + part, "dim")) for part in wrap(f"after {after}", max(width - len(margin), 20)))]


def _when(subtask: PlannedSubTask) -> str:
    """Say which end of what it waits for lets it start, where that is not the success of all."""
    one = len(subtask.depends_on) == 1
    match subtask.trigger_rule:
        case TriggerRule.ANY_FAILED:
            return ", if it failed" if one else ", if any failed"
        case TriggerRule.ANY_SUCCEEDED:
            return "" if one else ", if any succeeded"
        case TriggerRule.ALL_FINISHED:
            return ", even if it failed" if one else ", even if some failed"
    return ""


def _dependency(edge: Dependency) -> str:
    """Name a dependency; one that was read out of the text, and not for sure, says how sure."""
    if edge.source is EdgeSource.INFERRED and edge.confidence < 0.8:
        return f"{clean(edge.name)} ({edge.confidence:.0%})"
    return clean(edge.name)


# --- graph and schedule ------------------------------------------------------------------------------------------------


def graph_text(planned: Planned, width: int) -> list[Line]:
    """Return the drawing of the graph, or a list of its steps where it is too large; nothing if there are no edges."""
    subtasks = planned.plan.subtasks
    edges = [(edge.name, subtask.id) for subtask in subtasks for edge in subtask.depends_on]
    if not edges:
        return []
    drawn = draw(
        {subtask.id: Node(clean(subtask.id), _style(subtask)) for subtask in subtasks},
        edges,
        width - 4,
        hot=critical_edges(planned),
    )
    if drawn is not None:
        return [line("    ", *row) for row in drawn]
    return _layers(subtasks, width)


def critical_edges(planned: Planned) -> frozenset[tuple[str, str]]:
    """Return the edges of the critical path."""
    path = planned.plan.parallelism.critical_path
    return frozenset(pairwise(path))


def _layers(subtasks: tuple[PlannedSubTask, ...], width: int) -> list[Line]:
    """List what could run at the same time, step by step: for a graph that is too large to be drawn here."""
    step: dict[str, int] = {}
    for subtask in subtasks:
        step[subtask.id] = max((step.get(edge.name, 0) for edge in subtask.depends_on), default=0) + 1
    lines: list[Line] = []
    for number in range(1, max(step.values()) + 1):
        found = folded(clean(name) for name, at in step.items() if at == number)
        shown = ", ".join(found[:30]) + (f" and {len(found) - 30:,} more" if len(found) > 30 else "")
        for index, part in enumerate(wrap(shown, max(width - 11, 20))):
            lines.append(line(Span(f"    {number if not index else '':>4}  ", "dim"), part))
        if number == 30 and max(step.values()) > 30:
            lines.append(line(Span(f"          and {max(step.values()) - 30:,} more steps", "dim")))
            break
    return lines


def _schedule(planned: Planned, width: int) -> list[Line]:
    subtasks = planned.plan.subtasks
    if not 1 < len(subtasks) <= MOST_BARS:
        return []
    ordered = sorted(subtasks, key=lambda subtask: (subtask.start, subtask.finish, subtask.id))
    bars = [Bar(clean(s.id), s.start, s.finish, s.slack_seconds, "critical" if s.critical else "bar") for s in ordered]
    lines = [line("    ", *row) for row in gantt(bars, width - 4)]
    quality = planned.plan.schedule
    if lines and quality.lower_bound_seconds:
        least = duration(quality.lower_bound_seconds)
        bound = (
            f"no schedule can be shorter than {least}; this one is within {_percent(quality.gap)}"
            if quality.makespan_seconds > quality.lower_bound_seconds
            else "no schedule can be shorter"
        )
        lines.append(line("    ", Span(bound, "dim")))
    return lines


def _waits(planned: Planned, width: int) -> list[Line]:
    """Return who waits for whom over a lock, the longest waits first, and what all of it costs."""
    plan = planned.plan
    ordered = sorted(plan.waits, key=lambda wait: (-wait.seconds, wait.lock, wait.after))
    lines: list[Line] = []
    for wait in ordered[:_MOST_WAITS]:
        text = f"{clean(wait.after)} waits {duration(wait.seconds)} for {clean(wait.before)}"
        room = max(width - 4 - cells(text) - 2, 12)
        lines.append(line(f"    {text}  ", Span(fit(clean(wait.lock), room), "dim")))
    if len(ordered) > _MOST_WAITS:
        lines.append(line(Span(f"    and {count(len(ordered) - _MOST_WAITS, 'more wait')}; -o json has all", "dim")))
    if lines:
        cost = plan.conflict_seconds + plan.lock_seconds
        told = f"all of it makes the plan {duration(cost)} longer" if cost else "none of it makes the plan longer"
        lines.append(line(Span(f"    {told}", "dim")))
    return lines


def _percent(ratio: float) -> str:
    return f"{ratio:.0%}" if ratio >= 0.01 else f"{ratio:.1%}"


# --- findings ----------------------------------------------------------------------------------------------------------


def _findings(findings: tuple[Finding, ...], width: int, places: Mapping[str, str]) -> list[Line]:
    lines: list[Line] = []
    for finding in findings[:_MOST_WARNINGS]:
        lines += finding_text(finding, width, places.get(finding.path, ""))
    if len(findings) > _MOST_WARNINGS:
        more = count(len(findings) - _MOST_WARNINGS, "more finding")
        lines.append(line("  ", Span(f"and {more}; -o json has all", "dim")))
    return lines


def finding_text(finding: Finding, width: int, place: str = "") -> list[Line]:
    """Return a finding: code and field, what was found, what to do. ``place`` is its file, line and column."""
    mark, style = _SEVERITIES[finding.severity]
    head = f"  {mark} {clean(finding.code)}"
    where = "  ".join(part for part in (clean(finding.path), clean(place)) if part)
    lines = [line(Span(head, style), Span(f"  {where}", "dim") if where else "")]
    lines += [line(f"    {part}") for part in wrap(clean(finding.message), max(width - 4, 20))]
    if finding.recommendation:
        advice = wrap(clean(finding.recommendation), max(width - 6, 20))
        lines += [line(Span(f"    {'→' if not index else ' '} {part}", "advice")) for index, part in enumerate(advice)]
    return lines


# --- the summary -------------------------------------------------------------------------------------------------------


def summary(planned: Planned) -> Line:
    """Return the one line that says it all; it is never broken, so that a program can take it out."""
    return line(Span("Plan: ", "bold"), Span(one_line(planned) + ".", "bold" if planned.plan.valid else "error"))


def one_line(planned: Planned) -> str:
    """Return a plan in a line: how much, how wide, how long, how dear, what to mind, and its hash."""
    plan = planned.plan
    if not plan.valid:
        errors = sum(finding.severity is Severity.ERROR for finding in plan.findings)
        return f"invalid, {count(errors, 'error')}; nothing would run"
    warnings = sum(finding.severity is Severity.WARNING for finding in plan.findings)
    facts = [
        count(len(plan.subtasks), "subtask"),
        f"width {plan.parallelism.width}",
        about(plan.estimate.seconds),
        f"{money(plan.estimate.cost_usd)}{_range(plan.estimate.cost_low_usd, plan.estimate.cost_high_usd)}",
        count(warnings, "warning") if warnings else "no warnings",
    ]
    return f"{', '.join(facts)}. Hash {plan.hash[:SHORT_HASH]}"


def _range(low: Decimal, high: Decimal) -> str:
    return f" ({money(low)}\N{EN DASH}{money(high)})" if low != high else ""
