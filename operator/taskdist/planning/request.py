"""From API objects to the engine's :class:`~taskdist.engine.model.PlanRequest`: the one border where text becomes numbers.

What the user got wrong comes back as findings, all at once, each with the path of its field. The API server's CEL rules say
the same about what is stored; here they also hold for a file that never saw an API server.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from taskdist.api.names import DEFAULT_PROVIDER, Circuit
from taskdist.api.scalars import MEANINGS
from taskdist.api.task_distribution import OnBudgetExceeded, SplitterType
from taskdist.engine import model as engine
from taskdist.engine.quantity import parse_cpu_millis, parse_memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from taskdist.api import AgentType, Provider, TaskDistribution
    from taskdist.api.common import EnvVar, Retry
    from taskdist.api.task_distribution import Limits, ResourcePolicy, Task, TaskRetry

_LONGEST_NAME = 63
_UNBOUNDED = 2**63 - 1
"""Stands for the half of a capacity that is unknown while the other half is given."""


class InvalidRequest(ValueError):  # noqa: N818 - it is the request that is invalid; the name is part of the interface
    """A TaskDistribution that cannot be planned.

    ``findings`` tell every reason. ``request`` is the rest, for rules that look at the whole: what could not be read
    is left out of it.
    """

    def __init__(self, findings: tuple[engine.Finding, ...], request: engine.PlanRequest | None = None) -> None:
        super().__init__("; ".join(f"{finding.path}: {finding.message}" for finding in findings))
        self.findings = findings
        self.request = request


def plan_request(
    distribution: TaskDistribution,
    agent_types: Sequence[AgentType | engine.AgentTypeSpec],
    providers: Sequence[Provider | engine.ProviderSpec] = (),
    cluster: engine.ClusterFacts | None = None,
    history: Sequence[engine.Observation] = (),
    *,
    namespace_labels: Mapping[str, str] | None = None,
) -> engine.PlanRequest:
    """Return everything that the plan of ``distribution`` depends on; equal inputs in any order give equal requests.

    Args:
        distribution: what is to be planned.
        agent_types: the agent types there are; those that the namespace may not use are kept and marked.
        providers: the providers there are; without any, one named ``default`` with the documented prices.
        cluster: what the cluster offers; left out means unknown.
        history: what finished attempts taught, one entry per agent type.
        namespace_labels: labels of the namespace, for the agent types' ``namespaceSelector``; None means unknown, and
            then no agent type is ruled out.

    Raises:
        InvalidRequest: with every mistake, each with the path of its field.
    """
    spec, read = distribution.spec, _Reader()
    _check_name(distribution, read)
    if not spec.tasks and not spec.description.strip():
        read.wrong("NothingToDo", "spec.description", "nothing to do", "give a description or tasks")
    if spec.splitter.type is SplitterType.MODEL and not spec.tasks:
        read.wrong(
            "SplitterNotConfigured",
            "spec.splitter.type",
            "no language model is configured that could split the description",
            "use splitter type Rules, or write explicit tasks",
        )
    request = engine.PlanRequest(
        name=distribution.metadata.name or distribution.metadata.generate_name.rstrip("-"),
        namespace=distribution.metadata.namespace or "default",
        description=spec.description,
        tasks=tuple(_task(task, f"spec.tasks[{index}]", spec.retry, read) for index, task in enumerate(spec.tasks)),
        strategy=engine.Strategy(spec.strategy),
        max_subtasks=spec.splitter.max_sub_tasks,
        limits=_limits(spec.limits),
        policy=_policy(spec.resource_policy, read),
        retry=_retry(spec.retry, None, "spec.retry", read),
        allowed_providers=spec.placement.providers,
        placement_policy=engine.PlacementPolicy(spec.placement.policy),
        conflict_policy=engine.ConflictPolicy(spec.conflict_policy),
        agent_types=tuple(
            sorted((_agent_type(agent, namespace_labels, read) for agent in agent_types), key=lambda agent: agent.name)
        ),
        providers=tuple(sorted((_provider(provider, read) for provider in providers), key=lambda place: place.name))
        or (engine.ProviderSpec(name=DEFAULT_PROVIDER),),
        cluster=cluster or engine.ClusterFacts(),
        history=tuple(sorted(history, key=lambda observation: observation.agent_type)),
    )
    read.finish()
    return request


def agent_type_spec(agent_type: AgentType, namespace_labels: Mapping[str, str] | None = None) -> engine.AgentTypeSpec:
    """Return ``agent_type`` as the planner sees it; raise :class:`InvalidRequest` for what cannot be read."""
    read = _Reader()
    spec = _agent_type(agent_type, namespace_labels, read)
    read.finish()
    return spec


def provider_spec(provider: Provider) -> engine.ProviderSpec:
    """Return ``provider`` as the planner sees it; raise :class:`InvalidRequest` for what cannot be read."""
    read = _Reader()
    spec = _provider(provider, read)
    read.finish()
    return spec


def field_findings(error: ValidationError) -> tuple[engine.Finding, ...]:
    """Return what pydantic found wrong with an object as findings, one per field, with paths as the user writes them."""
    found = {}
    for problem in error.errors(include_url=False):
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
        message, recommendation = _explain(problem)
        found[path] = engine.Finding("InvalidField", engine.Severity.ERROR, path, message, recommendation)
    return tuple(found.values())


def _explain(problem: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong in the words of this API, and what to do about it as far as that is known."""
    context, value = problem.get("ctx", {}), problem["input"]
    given = f'"{_shown(value)}"' if isinstance(value, str) else _shown(value)
    match problem["type"]:
        case "missing":
            return "required field is missing", ""
        case "string_pattern_mismatch":
            wanted = MEANINGS.get(context["pattern"], f"must match {context['pattern']}")
            return f"{given} {wanted}", ""
        case "enum" | "literal_error":
            options = re.findall(r"'([^']*)'", str(context["expected"]))
            close = difflib.get_close_matches(str(value), options, n=1)
            return f"{given} is not one of {', '.join(options)}", f"did you mean {close[0]}?" if close else ""
        case "string_too_long":
            return f"{len(str(value))} characters are too many; at most {context['max_length']} are allowed", ""
        case "too_long":
            return f"{context['actual_length']} entries are too many; at most {context['max_length']} are allowed", ""
        case "tuple_type" | "list_type":
            return f"must be a list, not {given}", ""
        case "model_type" | "dict_type":
            return f"must be an object, not {given}", ""
        case "int_type":
            return f"must be a whole number, not {given}", ""
        case "string_type":
            return f"must be text, in quotes where it looks like a number, not {given}", ""
        case _:
            message = problem["msg"].replace("Input should", "must", 1)
            return f"{message[:1].lower()}{message[1:]}, not {given}", ""


def _shown(value: object) -> str:
    """Return a short form of what the user wrote; of an object or list only its kind, for it may be huge."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)[:_LONGEST_NAME] if value is not None else "null"


@dataclass(slots=True)
class _Reader:
    """Reads numbers out of text, and keeps what cannot be read, so that the user gets all of it at once."""

    findings: list[engine.Finding] = field(default_factory=list)

    def wrong(self, code: str, path: str, message: str, recommendation: str = "") -> None:
        self.findings.append(engine.Finding(code, engine.Severity.ERROR, path, message, recommendation))

    def cpu(self, text: str, path: str) -> int:
        return self._quantity(parse_cpu_millis, text, path)

    def memory(self, text: str, path: str) -> int:
        return self._quantity(parse_memory_bytes, text, path)

    def _quantity(self, parse: Callable[[str], int], text: str, path: str) -> int:
        try:
            return parse(text)
        except ValueError as error:
            self.wrong("InvalidQuantity", path, str(error))
            return 0

    def at_least_one(self, text: str, path: str, why: str) -> Decimal:
        value = Decimal(text)
        if value < 1:
            self.wrong("InvalidBounds", path, f"{text} is below 1: {why}", "use 1 or more")
        return value

    def finish(self) -> None:
        if self.findings:
            raise InvalidRequest(tuple(self.findings))


def _check_name(distribution: TaskDistribution, read: _Reader) -> None:
    name = distribution.metadata.name
    if not (name or distribution.metadata.generate_name):
        read.wrong("InvalidName", "metadata.name", "required field is missing")
    if len(name) > _LONGEST_NAME:
        read.wrong(
            "InvalidName",
            "metadata.name",
            f"{len(name)} characters are too many, because the name becomes the value of a label",
            f"use at most {_LONGEST_NAME} characters",
        )


def _task(task: Task, path: str, defaults: Retry, read: _Reader) -> engine.TaskSpec:
    for one, other, both in (
        ("agentType", "requiredCapabilities", task.agent_type and task.required_capabilities),
        ("script", "command", task.script and task.command),
        ("forEach", "forEachResult", task.for_each and task.for_each_result),
    ):
        if both:
            read.wrong("ExclusiveFields", f"{path}.{one}", f"{one} and {other} exclude each other", "give one of them")
    return engine.TaskSpec(
        name=task.name,
        description=task.description,
        agent_type=task.agent_type or None,
        required_capabilities=task.required_capabilities,
        depends_on=task.depends_on,
        trigger_rule=engine.TriggerRule(task.trigger_rule),
        work=engine.Work(
            script=task.script, command=task.command, args=task.args, env=_variables(task.env, f"{path}.env", read)
        ),
        for_each=task.for_each,
        for_each_result=task.for_each_result,
        locks=task.locks,
        resources=engine.ResourceRequest(
            None if task.resources.cpu is None else read.cpu(task.resources.cpu, f"{path}.resources.cpu"),
            None if task.resources.memory is None else read.memory(task.resources.memory, f"{path}.resources.memory"),
        ),
        complexity=None if task.complexity is None else float(task.complexity),
        input_bytes=task.input_bytes,
        timeout_seconds=task.timeout_seconds,
        retry=None if task.retry is None else _retry(defaults, task.retry, f"{path}.retry", read),
        cache_key=task.cache_key,
    )


def _variables(env: Sequence[EnvVar], path: str, read: _Reader) -> tuple[tuple[str, str], ...]:
    seen: Counter[str] = Counter()
    for index, variable in enumerate(env):
        seen[variable.name] += 1
        if seen[variable.name] > 1:
            read.wrong(
                "DuplicateName", f"{path}[{index}].name", f'"{variable.name}" is set twice', "remove one of them"
            )
        if variable.name.startswith("TASKDIST_") or variable.name == "TRACEPARENT":
            read.wrong(
                "ReservedName",
                f"{path}[{index}].name",
                f'"{variable.name}" is set by the operator',
                "choose a name that does not begin with TASKDIST_",
            )
    return tuple((variable.name, variable.value) for variable in env)


def _retry(base: Retry, own: TaskRetry | None, path: str, read: _Reader) -> engine.Retry:
    """Return ``base`` with what ``own`` sets of it; ``path`` is where the user would look."""
    merged = base if own is None else base.model_copy(update=own.model_dump(exclude_none=True))
    if merged.backoff_seconds > merged.max_backoff_seconds:
        read.wrong(
            "InvalidBounds",
            f"{path}.backoffSeconds",
            f"{merged.backoff_seconds} is greater than maxBackoffSeconds, {merged.max_backoff_seconds}",
            "swap them or raise maxBackoffSeconds",
        )
    return engine.Retry(
        limit=merged.limit,
        backoff_seconds=merged.backoff_seconds,
        factor=read.at_least_one(merged.factor, f"{path}.factor", "the wait between attempts never shrinks"),
        max_backoff_seconds=merged.max_backoff_seconds,
    )


def _limits(limits: Limits) -> engine.Limits:
    return engine.Limits(
        max_parallel=limits.max_parallel,
        budget_usd=None if limits.budget_usd is None else Decimal(limits.budget_usd),
        block_on_budget=limits.on_budget_exceeded is OnBudgetExceeded.BLOCK,
        deadline_seconds=limits.deadline_seconds,
        pending_timeout_seconds=limits.pending_timeout_seconds,
    )


def _policy(policy: ResourcePolicy, read: _Reader) -> engine.ResourcePolicy:
    path = "spec.resourcePolicy"
    smallest = engine.Resources(
        read.cpu(policy.min.cpu, f"{path}.min.cpu"), read.memory(policy.min.memory, f"{path}.min.memory")
    )
    largest = engine.Resources(
        read.cpu(policy.max.cpu, f"{path}.max.cpu"), read.memory(policy.max.memory, f"{path}.max.memory")
    )
    read.memory(policy.oom.max_memory, f"{path}.oom.maxMemory")
    read.at_least_one(policy.oom.factor, f"{path}.oom.factor", "memory never shrinks")
    for name, low, high, least, most in (
        ("cpu", smallest.cpu_millis, largest.cpu_millis, policy.min.cpu, policy.max.cpu),
        ("memory", smallest.memory_bytes, largest.memory_bytes, policy.min.memory, policy.max.memory),
    ):
        if low > high:
            message = f"{least} is greater than max.{name}, {most}"
            read.wrong("InvalidBounds", f"{path}.min.{name}", message, f"swap them or raise max.{name}")
    return engine.ResourcePolicy(smallest, largest, engine.RightSizing(policy.right_sizing))


def _agent_type(
    agent: AgentType | engine.AgentTypeSpec, namespace_labels: Mapping[str, str] | None, read: _Reader
) -> engine.AgentTypeSpec:
    if isinstance(agent, engine.AgentTypeSpec):
        return agent
    spec, path = agent.spec, f"AgentType/{agent.metadata.name}: spec"
    return engine.AgentTypeSpec(
        name=agent.metadata.name,
        specialization=spec.specialization,
        description=spec.description,
        capabilities=tuple(
            engine.Capability(capability.name, capability.keywords, float(capability.weight))
            for capability in spec.capabilities
        ),
        resources=engine.Resources(
            read.cpu(spec.resources.cpu, f"{path}.resources.cpu"),
            read.memory(spec.resources.memory, f"{path}.resources.memory"),
        ),
        base_cost_usd=Decimal(spec.base_cost_usd),
        base_seconds=spec.base_seconds,
        max_concurrent=spec.max_concurrent,
        fallbacks=spec.fallbacks,
        overrides=tuple(override.value for override in spec.overrides),
        runs_text=spec.accepts_text,
        node_required=spec.node_policy.value == "Required",
        allowed=namespace_labels is None or spec.namespace_selector.matches(namespace_labels),
    )


def _provider(provider: Provider | engine.ProviderSpec, read: _Reader) -> engine.ProviderSpec:
    if isinstance(provider, engine.ProviderSpec):
        return provider
    spec, path = provider.spec, f"Provider/{provider.metadata.name}: spec.capacity"
    cpu = _UNBOUNDED if spec.capacity.cpu is None else read.cpu(spec.capacity.cpu, f"{path}.cpu")
    memory = _UNBOUNDED if spec.capacity.memory is None else read.memory(spec.capacity.memory, f"{path}.memory")
    known = spec.capacity.cpu is not None or spec.capacity.memory is not None
    return engine.ProviderSpec(
        name=provider.metadata.name,
        vendor=spec.vendor,
        region=spec.region,
        cpu_hour_usd=Decimal(spec.prices.cpu_hour_usd),
        memory_gib_hour_usd=Decimal(spec.prices.memory_gib_hour_usd),
        spot_discount=Decimal(spec.prices.spot_discount),
        capacity=engine.Resources(cpu, memory) if known else None,
        priority=spec.priority,
        healthy=provider.status.healthy is not False and provider.status.circuit is not Circuit.OPEN,
    )
