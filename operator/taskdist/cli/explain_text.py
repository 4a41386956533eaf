"""Why a subtask is planned as it is: agent type, complexity, requests, estimate, place in the schedule, edges and cues."""

from __future__ import annotations

from collections.abc import Iterator

from taskdist.cli.lines import Line, Span, clean, duration, line, memory, money, names, wrap
from taskdist.engine.model import Basis, Dependency, EdgeSource, PlannedSubTask, TriggerRule
from taskdist.engine.quantity import format_cpu
from taskdist.planning.document import Planned

_LABEL = 13


def explain_text(planned: Planned, subtask: PlannedSubTask, width: int) -> list[Line]:
    """Return all that is known of one planned subtask."""
    waiting = [s.id for s in planned.plan.subtasks if any(edge.name == subtask.id for edge in s.depends_on)]
    lines = [line(Span(clean(subtask.id), "bold"), f"  {clean(subtask.description)}" if subtask.description else "")]
    for label, text in _facts(subtask, waiting):
        for index, part in enumerate(wrap(text, max(width - _LABEL - 2, 30))):
            lines.append(line("  ", Span(f"{label if not index else '':<{_LABEL}}", "dim"), part))
    return lines


def _facts(subtask: PlannedSubTask, waiting: list[str]) -> Iterator[tuple[str, str]]:
    yield "agent type", _routing(subtask)
    parts = " + ".join(f"{clean(name)} {value:.2f}" for name, value in subtask.complexity.parts if abs(value) >= 0.005)
    yield "complexity", f"{subtask.complexity.score:.2f} of 1" + (f" = {parts}" if parts else "")
    yield "requests", f"{format_cpu(subtask.resources.cpu_millis)} CPU, {memory(subtask.resources.memory_bytes)} memory"
    yield "provider", clean(subtask.provider) or "any"
    estimate = subtask.estimate
    basis = "from finished attempts" if estimate.basis is Basis.HISTORY else "from documented priors, no history yet"
    yield (
        "time",
        f"{duration(estimate.seconds)} ({duration(estimate.seconds_low)} to {duration(estimate.seconds_high)}), {basis}",
    )
    yield "cost", f"{money(estimate.cost_usd)} ({money(estimate.cost_low_usd)} to {money(estimate.cost_high_usd)})"
    place = f"from {duration(subtask.start)} to {duration(subtask.finish)}"
    yield (
        "schedule",
        f"{place}; "
        + (
            "on the critical path, the longest chain"
            if subtask.critical
            else f"its chain is {duration(subtask.slack_seconds)} shorter than the longest"
        ),
    )
    declared = [clean(edge.name) for edge in subtask.depends_on if edge.source is EdgeSource.DECLARED]
    if declared:
        yield "after", f"{names(declared, 30)}, declared"
    for edge in subtask.depends_on:
        if edge.source is EdgeSource.INFERRED:
            yield "after", _edge(edge)
    if subtask.trigger_rule is not TriggerRule.ALL_SUCCEEDED:
        yield "starts when", subtask.trigger_rule.value
    if subtask.locks:
        yield "locks", ", ".join(map(clean, subtask.locks))
    if waiting:
        yield "before", names(map(clean, waiting), 30)


def _routing(subtask: PlannedSubTask) -> str:
    routing = subtask.routing
    text = clean(subtask.agent_type)
    if routing.reason:
        text += f": {clean(routing.reason)}"
    if routing.runner_up:
        text += f" (score {routing.score:.2f}; next is {clean(routing.runner_up)} with {routing.runner_up_score:.2f})"
    return text


def _edge(edge: Dependency) -> str:
    cue = f' from "{clean(edge.cue)}"' if edge.cue else ""
    return f"{clean(edge.name)}, inferred{cue}, confidence {edge.confidence:.0%}"
