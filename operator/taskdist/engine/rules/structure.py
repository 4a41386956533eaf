"""Rules about what was written: names, edges, references, values. Most are errors.

A request that breaks one of them has no graph that could be shown, so nothing else is planned.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from taskdist.engine.drafts import MOST_EDGES, MOST_SUBTASKS, confidence_needed
from taskdist.engine.model import EdgeSource, Severity, TriggerRule
from taskdist.engine.rules.rule import Hit, Rule, counted, names, quoted
from taskdist.engine.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.facts import Facts

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_MOST_HITS: Final = 50
"""Findings of one rule at most; the last one says how many more there are."""
_MOST_UPSTREAM: Final = 2000
LOW_CONFIDENCE: Final = 0.65
"""Inferred edges below this are kept with a warning."""


def _some(hits: Iterator[Hit]) -> Iterator[Hit]:
    """Pass on the first hits and count the rest, so that a hostile request cannot make a hostile answer."""
    for number, hit in enumerate(hits):
        if number >= _MOST_HITS:
            more = 1 + sum(1 for _ in hits)
            yield Hit(f"{counted(more, 'more mistake')} of this kind", hit.path)
            return
        yield hit


def _nothing_to_do(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    if not request.tasks and not request.description.strip():
        yield Hit("there is neither a description nor a task")
    elif not facts.outline.drafts.items:
        yield Hit("no work was found in the description")


def _empty_task(facts: Facts) -> Iterator[Hit]:
    for i, task in enumerate(facts.outline.request.tasks):
        if task.work.is_text_only and not task.description.strip():
            yield Hit(f"task {quoted(task.name)} has neither description, script nor command", f"spec.tasks[{i}]")


def _too_many(facts: Facts) -> Iterator[Hit]:
    wanted = facts.outline.drafts.wanted
    if wanted > MOST_SUBTASKS:
        yield Hit(f"{wanted:,} subtasks are asked for; one plan holds at most {MOST_SUBTASKS:,}")


def _too_many_edges(facts: Facts) -> Iterator[Hit]:
    drafts = facts.outline.drafts
    if drafts.wanted_edges > MOST_EDGES:
        yield Hit(f"{drafts.wanted_edges:,} dependencies come out of forEach; one plan holds at most {MOST_EDGES:,}")
    wide = [(len(d.dependencies), d) for d in drafts.items if len(d.dependencies) > _MOST_UPSTREAM]
    if wide:
        count, draft = max(wide, key=lambda pair: pair[0])
        yield Hit(
            f"{quoted(draft.id)} waits for {count:,} subtasks; at most {_MOST_UPSTREAM:,} fit into one",
            f"{draft.path}.dependsOn",
        )


def _invalid_name(facts: Facts) -> Iterator[Hit]:
    for i, task in enumerate(facts.outline.request.tasks):
        longest = f"{task.name}-{len(task.for_each) - 1}" if task.for_each else task.name
        if not _LABEL.fullmatch(task.name):
            reason = "is longer than 63 characters" if len(task.name) > 63 else "is not a DNS label"
            yield Hit(f"{quoted(task.name)} {reason}", f"spec.tasks[{i}].name")
        elif len(longest) > 63:
            yield Hit(f"{quoted(longest)}, made by forEach, is longer than 63 characters", f"spec.tasks[{i}].name")


def _duplicate_name(facts: Facts) -> Iterator[Hit]:
    first: dict[str, int] = {}
    for i, task in enumerate(facts.outline.request.tasks):
        if task.name in first:
            yield Hit(f"{quoted(task.name)} is the name of tasks[{first[task.name]}] already", f"spec.tasks[{i}].name")
        first.setdefault(task.name, i)
    for made, i in facts.outline.drafts.collisions:
        yield Hit(f"{quoted(made)} is also a subtask that forEach makes", f"spec.tasks[{i}].name")


def _unknown_dependency(facts: Facts) -> Iterator[Hit]:
    tasks = facts.outline.request.tasks
    known = {task.name for task in tasks}
    for i, task in enumerate(tasks):
        for k, name in enumerate(task.depends_on):
            if name not in known:
                path = f"spec.tasks[{i}].dependsOn[{k}]"
                yield Hit(f"unknown task {quoted(name)}{did_you_mean(name, known)}", path)


def _repeated_dependency(facts: Facts) -> Iterator[Hit]:
    for i, task in enumerate(facts.outline.request.tasks):
        twice = sorted(name for name, count in Counter(task.depends_on).items() if count > 1)
        if twice:
            yield Hit(f"{names([quoted(name) for name in twice])} stands there twice", f"spec.tasks[{i}].dependsOn")


def _cycle(facts: Facts) -> Iterator[Hit]:
    items = facts.outline.drafts.items
    for cycle in facts.outline.cycles:
        ids = [items[node].id for node in cycle]
        ring = [*ids, ids[0]] if len(ids) <= 30 else [*ids[:15], f"({len(ids) - 30} more)", *ids[-15:], ids[0]]
        first = items[cycle[0]]
        path = f"{first.path}.dependsOn" if first.spec is not None else first.path
        yield Hit(f"these wait for each other: {' -> '.join(ring)}", path)


def _missing_result(facts: Facts) -> Iterator[Hit]:
    tasks = facts.outline.request.tasks
    known = {task.name for task in tasks} | {draft.id for draft in facts.outline.drafts.items}
    for uses in facts.outline.references:
        for use in uses:
            if not use.task:
                yield Hit(
                    f"{quoted(use.text)} is malformed",
                    use.path,
                    "write $(tasks.NAME.results.KEY), or $$(…) to mean the text itself",
                )
            elif use.task not in known:
                hint = did_you_mean(use.task, known)
                yield Hit(f"{quoted(use.text)} uses a result of the unknown task {quoted(use.task)}{hint}", use.path)


def _result_may_be_missing(facts: Facts) -> Iterator[Hit]:
    for task, uses in zip(facts.outline.request.tasks, facts.outline.references, strict=False):
        if uses and task.trigger_rule is not TriggerRule.ALL_SUCCEEDED:
            yield Hit(
                f"with triggerRule {task.trigger_rule.value} task {quoted(task.name)} may start without "
                f"the result {quoted(uses[0].text)}",
                uses[0].path,
            )


def _trigger_without_dependency(facts: Facts) -> Iterator[Hit]:
    for i, (task, uses) in enumerate(zip(facts.outline.request.tasks, facts.outline.references, strict=False)):
        if task.trigger_rule is TriggerRule.ALL_SUCCEEDED or task.depends_on or uses:
            continue
        path = f"spec.tasks[{i}].triggerRule"
        if task.trigger_rule is TriggerRule.ANY_FAILED:
            yield Hit(f"task {quoted(task.name)} waits for a failure, but depends on nothing: it would never run", path)
        else:
            yield Hit(f"{task.trigger_rule.value} means nothing without dependsOn", path, severity=Severity.WARNING)


def _invalid_value(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    for i, task in enumerate(request.tasks):
        path = f"spec.tasks[{i}]"
        if task.complexity is not None and not (math.isfinite(task.complexity) and 0 <= task.complexity <= 1):
            yield Hit(f"{task.complexity} is not within 0 and 1", f"{path}.complexity")
        if task.input_bytes is not None and task.input_bytes < 0:
            yield Hit(f"{task.input_bytes} is negative", f"{path}.inputBytes")
        if task.timeout_seconds is not None and task.timeout_seconds <= 0:
            yield Hit(f"{task.timeout_seconds} leaves no time to run", f"{path}.timeoutSeconds")
        for kind, value in (("cpu", task.resources.cpu_millis), ("memory", task.resources.memory_bytes)):
            if value is not None and value <= 0:
                yield Hit(f"{kind} must be more than 0", f"{path}.resources.{kind}")
    if request.limits.max_parallel < 1:
        yield Hit(f"{request.limits.max_parallel} lets nothing run", "spec.limits.maxParallel")
    low, high = request.policy.minimum, request.policy.maximum
    if low.cpu_millis > high.cpu_millis:
        yield Hit("min.cpu is greater than max.cpu", "spec.resourcePolicy.min.cpu")
    if low.memory_bytes > high.memory_bytes:
        yield Hit("min.memory is greater than max.memory", "spec.resourcePolicy.min.memory")


def _repeated_item(facts: Facts) -> Iterator[Hit]:
    for i, task in enumerate(facts.outline.request.tasks):
        twice = sorted(item for item, count in Counter(task.for_each).items() if count > 1)
        if twice:
            yield Hit(f"{names([quoted(t) for t in twice])} stands there more than once", f"spec.tasks[{i}].forEach")


def _unused_item(facts: Facts) -> Iterator[Hit]:
    for i, task in enumerate(facts.outline.request.tasks):
        if len(task.for_each) < 2 and not task.for_each_result:
            continue
        work = task.work
        texts = (task.description, work.script, *work.command, *work.args, *(value for _, value in work.env))
        if not any("$(item)" in text or "TASKDIST_ITEM" in text for text in texts) and not work.is_text_only:
            which = f"none of the {len(task.for_each)} subtasks" if task.for_each else "no subtask"
            yield Hit(
                f"{which} uses $(item): all would do the same",
                f"spec.tasks[{i}].{'forEach' if task.for_each else 'forEachResult'}",
            )


def _unknown_width(facts: Facts) -> Iterator[Hit]:
    for i, task in enumerate(facts.outline.request.tasks):
        if task.for_each_result:
            yield Hit(
                f"how many subtasks {quoted(task.name)} becomes is known only when "
                f"{quoted(task.for_each_result)} is there; one is planned",
                f"spec.tasks[{i}].forEachResult",
            )


def _low_confidence(facts: Facts) -> Iterator[Hit]:
    weak = [
        f"{d.name} -> {draft.id} ({quoted(d.cue)}, {d.confidence:.2f})"
        for draft in facts.outline.drafts.items
        for d in draft.dependencies
        if d.source is EdgeSource.INFERRED and d.confidence < LOW_CONFIDENCE
    ]
    if weak:
        yield Hit(
            f"{counted(len(weak), 'dependency', 'dependencies')} read from the text with little "
            f"confidence: {names(weak)}"
        )


def _ignored_edge(facts: Facts) -> Iterator[Hit]:
    outline = facts.outline
    dropped = [f"{e.before} -> {e.after} ({quoted(e.cue)}, {e.confidence:.2f})" for e in outline.drafts.dropped]
    if dropped:
        strategy = outline.request.strategy
        needed = confidence_needed(strategy)
        yield Hit(
            f"strategy {strategy.value} keeps inferred dependencies of confidence {needed} and more; "
            f"{len(dropped)} left out: {names(dropped)}"
        )


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741  one letter keeps the table readable

RULES: Final = (
    Rule(
        "NothingToDo", E, "spec.description", "There is nothing to do.", "give a description or tasks", _nothing_to_do
    ),
    Rule(
        "EmptyTask",
        E,
        "spec.tasks[]",
        "A task says neither in words nor in commands what is to be done.",
        "give it a description, a script or a command",
        lambda f: _some(_empty_task(f)),
    ),
    Rule(
        "TooManySubTasks",
        E,
        "spec.tasks",
        "The request becomes more subtasks than one plan may hold.",
        "split the request into several, or handle more items in one subtask",
        _too_many,
    ),
    Rule(
        "TooManyDependencies",
        E,
        "spec.tasks",
        "A forEach that waits for a forEach multiplies the edges beyond what objects can hold.",
        "put one joining task between them",
        _too_many_edges,
    ),
    Rule(
        "InvalidName",
        E,
        "spec.tasks[].name",
        "A name cannot be used for Kubernetes objects.",
        "use at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit",
        lambda f: _some(_invalid_name(f)),
    ),
    Rule(
        "DuplicateName",
        E,
        "spec.tasks[].name",
        "Two tasks have one name, so that edges and results are ambiguous.",
        "give each task a name of its own",
        lambda f: _some(_duplicate_name(f)),
    ),
    Rule(
        "UnknownDependency",
        E,
        "spec.tasks[].dependsOn[]",
        "An edge leads to a task that does not exist: the order that was meant cannot be kept.",
        "name an existing task",
        lambda f: _some(_unknown_dependency(f)),
    ),
    Rule(
        "CycleFound",
        E,
        "spec.tasks[].dependsOn",
        "Tasks wait for each other in a ring: none could ever start.",
        "remove one of these dependencies",
        _cycle,
    ),
    Rule(
        "RepeatedDependency",
        W,
        "spec.tasks[].dependsOn",
        "A dependency is listed more than once.",
        "list it once",
        lambda f: _some(_repeated_dependency(f)),
    ),
    Rule(
        "MissingResult",
        E,
        "spec.tasks[]",
        "A result is used of a task that does not exist: the agent would refuse the task.",
        "name an existing task",
        lambda f: _some(_missing_result(f)),
    ),
    Rule(
        "ResultMayBeMissing",
        W,
        "spec.tasks[]",
        "A task uses results of a dependency that its trigger rule does not require to succeed.",
        "use triggerRule AllSucceeded, or let the agent do without the result",
        lambda f: _some(_result_may_be_missing(f)),
    ),
    Rule(
        "TriggerRuleUnused",
        E,
        "spec.tasks[].triggerRule",
        "A trigger rule speaks of dependencies that do not exist: AnyFailed would never run (Error), the "
        "others mean nothing (Warning).",
        "give the task dependsOn, or leave triggerRule out",
        lambda f: _some(_trigger_without_dependency(f)),
    ),
    Rule(
        "InvalidValue",
        E,
        "spec",
        "A number is outside of what has a meaning.",
        "use a value within the bounds",
        lambda f: _some(_invalid_value(f)),
    ),
    Rule(
        "RepeatedItem",
        W,
        "spec.tasks[].forEach",
        "An item of forEach is listed more than once: its work is done more than once.",
        "list each item once",
        lambda f: _some(_repeated_item(f)),
    ),
    Rule(
        "UnusedItem",
        W,
        "spec.tasks[].forEach",
        "No subtask of a forEach looks at its item, so that all do the same.",
        "use $(item) in script, args or env",
        lambda f: _some(_unused_item(f)),
    ),
    Rule(
        "UnknownWidth",
        I,
        "spec.tasks[].forEachResult",
        "How many subtasks there will be is known only at run time; time and cost are planned for one.",
        "expect time and cost to grow with the number of items",
        lambda f: _some(_unknown_width(f)),
    ),
    Rule(
        "LowConfidence",
        W,
        "spec.description",
        "An inferred dependency rests on weak words.",
        "say it with then, after or before, or write explicit tasks (taskdist plan -o yaml prints them)",
        _low_confidence,
    ),
    Rule(
        "IgnoredDependency",
        W,
        "spec.strategy",
        "An inferred dependency is less sure than the strategy asks for, and is left out.",
        "say it with then, after or before, or choose strategy Balanced",
        _ignored_edge,
    ),
)
