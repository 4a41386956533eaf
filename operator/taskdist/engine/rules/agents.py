"""Rules about who does the work: agent types that exist, are allowed, can do it, and may be told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Severity
from taskdist.engine.rules.rule import Hit, Rule, counted, names, quoted
from taskdist.engine.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.facts import Assigned, Facts

GENERAL: Final = "general"
"""The agent type that takes what no specialization claims."""
CLOSE: Final = 0.9
"""A runner-up of at least this share of the winner's score makes the choice ambiguous."""
_MOST_HITS: Final = 50


def _no_agent_types(facts: Facts) -> Iterator[Hit]:
    if not facts.outline.request.agent_types:
        yield Hit("there are no agent types, so nothing could run")


def _unknown(facts: Facts) -> Iterator[Hit]:
    known = {a.name for a in facts.outline.request.agent_types}
    if known:
        wrong = [
            (i, t.agent_type)
            for i, t in enumerate(facts.outline.request.tasks)
            if t.agent_type and t.agent_type not in known
        ]
        for i, name in wrong[:_MOST_HITS]:
            yield Hit(f"unknown agent type {quoted(name)}{did_you_mean(name, known)}", f"spec.tasks[{i}].agentType")


def _not_allowed(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    barred = {a.name for a in request.agent_types if not a.allowed}
    asked = [(i, t.agent_type) for i, t in enumerate(request.tasks) if t.agent_type in barred]
    for i, name in asked[:_MOST_HITS]:
        yield Hit(
            f"namespace {quoted(request.namespace)} may not use agent type {quoted(name or '')}",
            f"spec.tasks[{i}].agentType",
        )
    if barred and not any(a.allowed for a in request.agent_types):
        yield Hit(
            f"namespace {quoted(request.namespace)} may use none of the {len(barred)} agent types", "metadata.namespace"
        )


def _missing_capability(facts: Facts) -> Iterator[Hit]:
    request = facts.outline.request
    allowed = [{c.name for c in a.capabilities} for a in request.agent_types if a.allowed]
    every = set().union(*allowed)
    for i, task in enumerate(request.tasks):
        wanted = set(task.required_capabilities)
        if not wanted or task.agent_type or any(wanted <= capabilities for capabilities in allowed):
            continue
        nowhere = sorted(wanted - every)
        if nowhere:
            message = f"no agent type has {names([quoted(n) for n in nowhere])}{did_you_mean(nowhere[0], every)}"
        else:
            message = f"no single agent type has all of {names([quoted(n) for n in sorted(wanted)])}"
        yield Hit(message, f"spec.tasks[{i}].requiredCapabilities")


def _not_configured(facts: Facts) -> Iterator[Hit]:
    idle = [a for a in facts.outline.assigned if _is_text_only(a) and not a.agent_type.runs_text]
    if not idle:
        return
    types = sorted({a.agent_type.name for a in idle})
    subject = f"{counted(len(idle), 'subtask')} ({names([a.draft.id for a in idle])})"
    verb = "is" if len(idle) == 1 else "are"
    who = f"agent type {quoted(types[0])} has" if len(types) == 1 else f"the agent types ({names(types)}) have"
    yield Hit(
        f"{subject} {verb} described in words only, and {who} nothing that could act on words",
        idle[0].draft.path,
        severity=Severity.WARNING if facts.outline.request.plan_only else None,
    )


def _override_not_allowed(facts: Facts) -> Iterator[Hit]:
    refused: dict[tuple[str, str], list[Assigned]] = {}
    for one in facts.outline.assigned:
        if one.draft.spec is None:
            continue
        work = one.draft.spec.work
        for name, used in (("script", work.script), ("command", work.command), ("args", work.args), ("env", work.env)):
            if used and name not in one.agent_type.overrides:
                refused.setdefault((one.agent_type.name, name), []).append(one)
    for (agent_type, name), group in sorted(refused.items()):
        tasks = list(dict.fromkeys(one.draft.spec.name for one in group if one.draft.spec is not None))
        yield Hit(
            f"agent type {quoted(agent_type)} does not let a task set {name}; {names(tasks)} "
            f"{'does' if len(tasks) == 1 else 'do'}",
            f"{group[0].draft.path}.{name}",
        )


def _unknown_work(facts: Facts) -> Iterator[Hit]:
    lost = [
        a
        for a in facts.outline.assigned
        if a.agent_type.name == GENERAL and a.routing.score <= 0 and (a.draft.spec is None or _is_routed(a))
    ]
    if lost:
        few = names([a.draft.id for a in lost])
        yield Hit(
            f"no specialization claims {counted(len(lost), 'subtask')} ({few}); agent type {GENERAL} takes it",
            lost[0].draft.path,
        )


def _ambiguous(facts: Facts) -> Iterator[Hit]:
    close = [
        a
        for a in facts.outline.assigned
        if a.routing.runner_up
        and a.routing.score > 0
        and a.routing.runner_up_score >= CLOSE * a.routing.score
        and _is_routed(a)
    ]
    if close:
        few = names([f"{a.draft.id}: {a.routing.chosen} or {a.routing.runner_up}" for a in close])
        yield Hit(f"the agent type of {counted(len(close), 'subtask')} was a close choice ({few})", close[0].draft.path)


def _is_routed(one: Assigned) -> bool:
    """True if the agent type was chosen from the words."""
    return one.draft.spec is None or not (one.draft.spec.agent_type or one.draft.spec.required_capabilities)


def _is_text_only(one: Assigned) -> bool:
    return one.draft.spec is None or one.draft.spec.work.is_text_only


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741  one letter keeps the table readable

RULES: Final = (
    Rule(
        "NoAgentTypes",
        E,
        "spec",
        "The cluster has no agent types: no pod could be made.",
        "install the chart, which ships ten",
        _no_agent_types,
    ),
    Rule(
        "AgentTypeUnknown",
        E,
        "spec.tasks[].agentType",
        "A task names an agent type that does not exist: no pod could be made.",
        "name an existing one (kubectl get at), or leave it out",
        _unknown,
    ),
    Rule(
        "AgentTypeNotAllowed",
        E,
        "spec.tasks[].agentType",
        "The namespace may not use the agent type: running it would break the admin's rule.",
        "choose another agent type, or ask its admin to widen namespaceSelector",
        _not_allowed,
    ),
    Rule(
        "MissingCapability",
        E,
        "spec.tasks[].requiredCapabilities",
        "No allowed agent type has all capabilities that a task requires.",
        "require fewer, or add the capability to an agent type",
        _missing_capability,
    ),
    Rule(
        "AgentNotConfigured",
        E,
        "spec.description",
        "The agent type cannot act on words: a pod could only pretend to work. A Warning where the plan is only looked at "
        "(planning mode PlanOnly, or without a cluster).",
        "give the task a script or command, or configure a model for the agent type",
        _not_configured,
    ),
    Rule(
        "ScriptNotAllowed",
        E,
        "spec.tasks[]",
        "A task sets what its agent type does not let tasks set.",
        "remove it, or choose an agent type whose overrides allow it",
        _override_not_allowed,
    ),
    Rule(
        "UnknownWork",
        W,
        "spec.tasks[]",
        "No specialization claims the work, so that its size and time are guesses.",
        "set agentType, or say in other words what is to be done",
        _unknown_work,
    ),
    Rule(
        "AmbiguousAgentType",
        I,
        "spec.tasks[]",
        "Two agent types match about equally well.",
        "set agentType where it matters",
        _ambiguous,
    ),
)
