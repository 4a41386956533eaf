"""What differs between two plans: subtasks added, removed and changed; estimates apart, for they change nothing that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from taskdist.cli.lines import Line, Span, about, clean, count, duration, line, memory, money, names
from taskdist.cli.plan_text import SHORT_HASH
from taskdist.engine.model import PlannedSubTask
from taskdist.engine.quantity import format_cpu
from taskdist.planning.document import Planned


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a subtask, before and after, as people read it."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs. ``changed`` maps ids to what will run otherwise, ``estimates`` to what is only expected otherwise."""

    old: Planned
    new: Planned
    added: tuple[PlannedSubTask, ...]
    removed: tuple[PlannedSubTask, ...]
    changed: tuple[tuple[str, tuple[Change, ...]], ...]
    estimates: tuple[tuple[str, tuple[Change, ...]], ...]

    @property
    def any(self) -> bool:
        """True if other things would run, or the same ones otherwise."""
        return bool(self.added or self.removed or self.changed)


def compare(old: Planned, new: Planned) -> Difference:
    """Compare two plans, subtask by subtask by id."""
    before = {subtask.id: subtask for subtask in old.plan.subtasks}
    after = {subtask.id: subtask for subtask in new.plan.subtasks}
    both = [(before[name], after[name]) for name in after if name in before]
    changed = ((b.id, tuple(_changes(a, b))) for a, b in both)
    estimates = ((b.id, tuple(_estimates(a, b))) for a, b in both)
    return Difference(
        old,
        new,
        added=tuple(subtask for name, subtask in after.items() if name not in before),
        removed=tuple(subtask for name, subtask in before.items() if name not in after),
        changed=tuple(one for one in changed if one[1]),
        estimates=tuple(one for one in estimates if one[1]),
    )


def _changes(a: PlannedSubTask, b: PlannedSubTask) -> Iterator[Change]:
    pairs = (
        ("agent", a.agent_type, b.agent_type),
        ("provider", a.provider or "any", b.provider or "any"),
        ("cpu", format_cpu(a.resources.cpu_millis), format_cpu(b.resources.cpu_millis)),
        ("memory", memory(a.resources.memory_bytes), memory(b.resources.memory_bytes)),
        ("trigger rule", a.trigger_rule.value, b.trigger_rule.value),
    )
    yield from _edges({edge.name for edge in a.depends_on}, {edge.name for edge in b.depends_on})
    found = [Change(field, before, after) for field, before, after in pairs if before != after]
    yield from found
    same_edges = {edge.name for edge in a.depends_on} == {edge.name for edge in b.depends_on}
    if not found and same_edges and a.definition_hash and b.definition_hash and a.definition_hash != b.definition_hash:
        yield Change("definition", a.definition_hash[:SHORT_HASH], b.definition_hash[:SHORT_HASH])


def _estimates(a: PlannedSubTask, b: PlannedSubTask) -> Iterator[Change]:
    pairs = (
        ("time", duration(a.estimate.seconds), duration(b.estimate.seconds)),
        ("cost", money(a.estimate.cost_usd), money(b.estimate.cost_usd)),
    )
    yield from (Change(field, before, after) for field, before, after in pairs if before != after)


def _edges(before: set[str], after: set[str]) -> Iterator[Change]:
    """Tell only the names that came and went: lists of dependencies are long, and mostly stay."""
    if before != after:
        yield Change("after", names(before - after) or "nothing", names(after - before) or "nothing")


def _after(subtask: PlannedSubTask) -> str:
    return names(edge.name for edge in subtask.depends_on) or "nothing"


def diff_text(difference: Difference) -> list[Line]:
    """Return the difference for a person."""
    lines: list[Line] = []
    for mark, style, subtasks in (("-", "removed", difference.removed), ("+", "added", difference.added)):
        lines += [line("  ", Span(f"{mark} {clean(s.id)}", style), Span(f"  {_facts(s)}", "dim")) for s in subtasks]
    estimates = dict(difference.estimates)
    for name, changes in difference.changed:
        lines.append(line("  ", Span(f"~ {clean(name)}", "changed"), *_told((*changes, *estimates.get(name, ())))))
    quiet = [(name, changes) for name, changes in difference.estimates if name not in dict(difference.changed)]
    if quiet:
        lines += [line(Span("  Expected otherwise, though the same would run:", "dim"))]
        lines += [line("    ", clean(name), *_told(changes)) for name, changes in quiet]
    if not lines:
        return [
            line(Span("No changes. ", "bold"), f"Both plans run the same ({difference.new.plan.hash[:SHORT_HASH]}).")
        ]
    return [*lines, (), _summary(difference)]


def _facts(subtask: PlannedSubTask) -> str:
    requests = f"{format_cpu(subtask.resources.cpu_millis)}, {memory(subtask.resources.memory_bytes)}"
    rest = f"{duration(subtask.estimate.seconds)}, {money(subtask.estimate.cost_usd)}"
    return f"{clean(subtask.agent_type)}, {requests}, {rest}, after {clean(_after(subtask))}"


def _told(changes: tuple[Change, ...]) -> Iterator[Span]:
    for index, change in enumerate(changes):
        yield Span(f"{', ' if index else '  '}{change.field} ", "dim")
        yield Span(f"{clean(change.before)} → {clean(change.after)}")


def _summary(difference: Difference) -> Line:
    old, new = difference.old.plan, difference.new.plan
    counts = f"{len(difference.added)} to add, {len(difference.changed)} to change, {len(difference.removed)} to remove"
    parts = [
        f"{count(len(old.subtasks), 'subtask')} → {len(new.subtasks)}",
        f"{about(old.estimate.seconds)} → {about(new.estimate.seconds)}",
        f"{money(old.estimate.cost_usd)} → {money(new.estimate.cost_usd)}",
    ]
    hashes = f"Hash {old.hash[:SHORT_HASH]} → {new.hash[:SHORT_HASH]}"
    return line(Span("Plan: ", "bold"), Span(f"{counts}; {', '.join(parts)}. {hashes}.", "bold"))


def diff_document(difference: Difference) -> dict[str, Any]:
    """Return the difference for a program."""
    return {
        "formatVersion": "1",
        "old": {"name": difference.old.name, "hash": difference.old.plan.hash},
        "new": {"name": difference.new.name, "hash": difference.new.plan.hash},
        "added": [subtask.id for subtask in difference.added],
        "removed": [subtask.id for subtask in difference.removed],
        "changed": _documents(difference.changed),
        "estimates": _documents(difference.estimates),
    }


def _documents(entries: tuple[tuple[str, tuple[Change, ...]], ...]) -> list[dict[str, Any]]:
    return [
        {"id": name, "changes": [{"field": c.field, "before": c.before, "after": c.after} for c in changes]}
        for name, changes in entries
    ]
