"""Rules about how it will go at run time: retries that repeat their effects, crowds of subtasks, results that must fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Severity, Strategy
from taskdist.engine.rules.rule import Hit, Rule, counted, names, quoted, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.facts import Assigned, Facts

CROWD: Final = 200
"""A forEach of so many items is called a crowd: each is a pod that must be scheduled and started."""
FAN_IN: Final = 64
"""So many results of up to 4 KiB may be more than what one task is handed (128 KiB, docs/agents.md)."""

_EFFECTS: Final = re.compile(
    "|".join(
        (
            r"(?<![0-9>&])>>\s*[^\s;|&>]{1,80}",
            r"\binsert\s+into\b",
            r"\bcurl\b[^\n;|]*\s(?:-X\s*|--request[ =])POST\b",
            r"\bcurl\b[^\n;|]*\s(?:-d|--data\S*)\s",
            r"\bkubectl\s+(?:create|run)\b",
            r"\bhelm\s+install\b",
            r"\bgit\s+(?:push|tag)\b",
            r"\b(?:sendmail|mailx|mutt)\b",
        )
    ),
    re.IGNORECASE,
)
"""Commands whose second run does something again, or fails because it was done."""
_ACTIONS: Final = re.compile(
    r"^\W*(?:please\s+)?(?:send|email|e-mail|mail|notify|announce|charge|refund|pay|invoice|bill|append|insert|increment|tweet|post)\b",
    re.IGNORECASE,
)
"""Verbs at the head of a description, likewise."""
_OWN: Final = re.compile(r">>\s*[\"']?(?:/tmp|/dev|/var/tmp|/taskdist)\b")


def _repeats(one: Assigned) -> str:
    """Return the words that say that a second try would do something twice, or nothing."""
    spec = one.draft.spec
    if spec is not None and not spec.work.is_text_only:
        text = "\n".join((spec.work.script, " ".join((*spec.work.command, *spec.work.args))))[:20_000]
        found = _EFFECTS.search(_OWN.sub("", text))
    else:
        found = _ACTIONS.search(one.draft.description)
    return " ".join(found[0].split()) if found else ""


def _not_idempotent(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    risky: list[tuple[Assigned, str]] = []
    for one in facts.outline.assigned:
        retry = one.draft.spec.retry if one.draft.spec is not None else None
        if (retry or request.retry).limit > 0 and (words := _repeats(one)):
            risky.append((one, words))
    if risky:
        few = names([f"{one.draft.id}: {quoted(words)}" for one, words in risky])
        first = risky[0][0].draft
        yield Hit(
            f"{counted(len(risky), 'subtask')} ({few}) would do something twice, if an attempt fails after it and is "
            "tried again",
            f"{first.path}.retry" if first.spec is not None else "spec.retry",
        )


def _crowd(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    parallel = max(1, request.limits.max_parallel)
    crowds = [(i, task) for i, task in enumerate(request.tasks) if len(task.for_each) >= CROWD]
    if not crowds:
        return
    names_of = {task.name for _, task in crowds}
    work = [a for a in facts.outline.assigned if a.draft.spec is not None and a.draft.spec.name in names_of]
    rounds = -(-len(work) // parallel)
    few = names([f"{task.name}: {len(task.for_each):,}" for _, task in crowds])
    yield Hit(
        f"{counted(len(crowds), 'task')} {'becomes' if len(crowds) == 1 else 'become'} {len(work):,} pods ({few}), "
        f"{parallel} at a time: at least {counted(rounds, 'round')}, about "
        f"{seconds(sum(a.duration.middle for a in work) // parallel)}",
        f"spec.tasks[{crowds[0][0]}].forEach",
    )


def _wide_fan_in(facts: Facts) -> Iterator[Hit]:
    wide = [(len(d.dependencies), d) for d in facts.outline.drafts.items if len(d.dependencies) > FAN_IN]
    if wide:
        count, draft = max(wide, key=lambda pair: pair[0])
        others = f", and {counted(len(wide) - 1, 'more subtask')} likewise" if len(wide) > 1 else ""
        yield Hit(
            f"{quoted(draft.id)} is handed the results of {count:,} subtasks{others}; at 4 KiB each, those of about "
            f"{FAN_IN // 2} fit",
            f"{draft.path}.dependsOn" if draft.spec is not None else draft.path,
        )


def _same_work(facts: Facts) -> Iterator[Hit]:
    """Tasks that differ in their names only: the same work for the same inputs is done again."""
    groups: dict[object, list[tuple[int, str]]] = {}
    for i, task in enumerate(facts.outline.request.tasks):
        if not task.for_each:
            work = (task.agent_type, task.description, task.work, task.for_each_result, task.input_bytes)
            groups.setdefault((*work, frozenset(task.depends_on), task.trigger_rule), []).append((i, task.name))
    again = [group for group in groups.values() if len(group) > 1]
    if again:
        few = names([" = ".join(name for _, name in group[:3]) + (" …" if len(group) > 3 else "") for group in again])
        extra = sum(len(group) - 1 for group in again)
        yield Hit(
            f"{counted(extra, 'task')} {'does' if extra == 1 else 'do'} what another does already, in the same order and with "
            f"the same inputs ({few})",
            f"spec.tasks[{again[0][1][0]}]",
        )


def _no_time_to_retry(facts: Facts) -> Iterator[Hit]:
    """Subtasks of which one failed attempt, as long as expected, moves the end beyond the deadline."""
    deadline = facts.outline.request.limits.deadline_seconds
    if facts.plan is None or deadline is None or facts.plan.estimate.seconds > deadline:
        return
    spare = deadline - facts.plan.estimate.seconds
    risky = [
        s
        for s in facts.plan.subtasks
        if s.retry.limit > 0 and s.estimate.seconds + s.retry.backoff_seconds > s.slack_seconds + spare
    ]
    if risky:
        few = names([f"{s.id}: {seconds(s.estimate.seconds + s.retry.backoff_seconds)}" for s in risky])
        yield Hit(
            f"one failed attempt of any of {counted(len(risky), 'subtask')} ({few}) would take longer than the "
            f"{seconds(spare)} that the deadline leaves"
        )


def _strategy(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    if request.strategy is Strategy.DEADLINE and request.limits.deadline_seconds is None:
        yield Hit("strategy Deadline knows no deadline; it keeps the slow case short", "spec.limits.deadlineSeconds")
    elif request.strategy is Strategy.COST_OPTIMIZED and len(facts.outline.providers.providers) < 2:
        yield Hit(
            "strategy CostOptimized chooses between providers, and there is one",
            severity=Severity.INFO,
            recommendation="allow more providers",
        )


W, I = Severity.WARNING, Severity.INFO  # noqa: E741  one letter keeps the table readable

RULES: Final = (
    Rule(
        "RetryNotIdempotent",
        I,
        "spec.retry",
        "A subtask that sends, appends or posts something is tried again after a failure: it may then happen twice.",
        "let it check first whether it is done already, or set its retry.limit to 0",
        _not_idempotent,
    ),
    Rule(
        "LargeForEach",
        I,
        "spec.tasks[].forEach",
        f"A forEach makes {CROWD} pods and more, each with a start of its own.",
        "handle several items in one subtask, or raise maxParallel",
        _crowd,
    ),
    Rule(
        "WideFanIn",
        W,
        "spec.tasks[].dependsOn",
        f"A subtask waits for more than {FAN_IN} others: their results may be more than what it can be handed.",
        "join them in stages, or hand on a place in place of the data",
        _wide_fan_in,
    ),
    Rule(
        "SameWork",
        I,
        "spec.tasks[]",
        "Tasks differ in their names only: the same is done for the same inputs more than once.",
        "remove one, or let its script and variables say in what it differs",
        _same_work,
    ),
    Rule(
        "NoTimeToRetry",
        I,
        "spec.limits.deadlineSeconds",
        "The plan keeps its deadline only if nothing on its longest chain has to be tried again.",
        "raise deadlineSeconds by the longest of them, or make the work of one attempt smaller",
        _no_time_to_retry,
        needs_plan=True,
    ),
    Rule(
        "StrategyWithoutEffect",
        W,
        "spec.strategy",
        "The strategy lacks what it works with: Deadline without deadlineSeconds, CostOptimized with one provider (Info).",
        "set deadlineSeconds, or choose strategy Balanced",
        _strategy,
    ),
)
