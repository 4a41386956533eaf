"""From API objects to the engine's :class:`~taskdist.engine.model.PlanRequest`: the one border where text becomes numbers.

Types, bounds and the CEL rules of the models hold already: the API server saw to it, or
:mod:`taskdist.planning.manifest` for a file. What is found here, only the whole request shows; it comes back as findings,
all at once, each with the path of its field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from taskdist.api.common import camel
from taskdist.api.names import DEFAULT_PROVIDER, Circuit
from taskdist.api.task_distribution import OnBudgetExceeded, PlanningMode, SplitterType
from taskdist.engine import model as engine
from taskdist.engine.quantity import parse_cpu_millis, parse_memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskdist.api import AgentType, Provider, TaskDistribution
    from taskdist.api.common import Retry
    from taskdist.api.task_distribution import Limits, ResourcePolicy, Task, TaskRetry

T = TypeVar("T")

_UNBOUNDED = 2**63 - 1
"""Stands for the half of a capacity that is unknown while the other half is given."""


_EXCLUSIVE = (("agent_type", "required_capabilities"), ("script", "command"), ("for_each", "for_each_result"))
"""Fields of a task of which one may be given; the chart's admission policy says so first, where it is installed."""


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
    history: Sequence[engine.Observation] | None = None,
    *,
    namespace_labels: Mapping[str, str] | None = None,
    priority: int = 0,
) -> engine.PlanRequest:
    """Return everything that the plan of ``distribution`` depends on; agent types and providers come in any order.

    Args:
        distribution: what is to be planned.
        agent_types: the agent types there are; those that the namespace may not use are kept and marked.
        providers: the providers there are; without any, one named ``default`` with the documented prices.
        cluster: what the cluster offers; left out means unknown.
        history: what finished attempts taught, one entry per agent type; left out means what the statuses of
            ``agent_types`` say.
        namespace_labels: labels of the namespace, for the agent types' ``namespaceSelector``; None means unknown, and
            then no agent type is ruled out.
        priority: value of the PriorityClass that ``spec.priorityClassName`` names, or of the cluster's default.

    Raises:
        InvalidRequest: with every mistake, each with the path of its field.
    """
    spec, read = distribution.spec, _Reader()
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
        history=tuple(sorted(_taught(agent_types) if history is None else history, key=lambda one: one.agent_type)),
        priority=priority,
        plan_only=spec.planning.mode is PlanningMode.PLAN_ONLY,
    )
    if read.findings:
        raise InvalidRequest(tuple(read.findings), request)
    return request


def _taught(agent_types: Sequence[AgentType | engine.AgentTypeSpec]) -> Sequence[engine.Observation]:
    """What the statuses of the agent types teach; without a cluster there are none, and nothing more is loaded."""
    objects = [one for one in agent_types if not isinstance(one, engine.AgentTypeSpec)]
    if not objects:
        return ()
    from taskdist.planning.learned import observations  # noqa: PLC0415

    return observations(objects)


def agent_type_spec(agent_type: AgentType, namespace_labels: Mapping[str, str] | None = None) -> engine.AgentTypeSpec:
    """Return ``agent_type`` as the planner sees it; raise :class:`InvalidRequest` for what cannot be read."""
    read = _Reader()
    spec = _agent_type(agent_type, namespace_labels, read)
    if read.findings:
        raise InvalidRequest(tuple(read.findings))
    return spec


def provider_spec(provider: Provider) -> engine.ProviderSpec:
    """Return ``provider`` as the planner sees it; raise :class:`InvalidRequest` for what cannot be read."""
    read = _Reader()
    spec = _provider(provider, read)
    if read.findings:
        raise InvalidRequest(tuple(read.findings))
    return spec


@dataclass(slots=True)
class _Reader:
    """Reads numbers out of text, and keeps what cannot be read, so that the user gets all of it at once."""

    findings: list[engine.Finding] = field(default_factory=list)

    def wrong(self, code: str, path: str, message: str, recommendation: str = "") -> None:
        self.findings.append(engine.Finding(code, engine.Severity.ERROR, path, message, recommendation))

    def cpu(self, text: str | None, path: str, otherwise: T) -> int | T:
        """Return thousandths of a core; ``otherwise`` where nothing is given or it cannot be read."""
        return self._quantity(parse_cpu_millis, text, path, otherwise)

    def memory(self, text: str | None, path: str, otherwise: T) -> int | T:
        """Return bytes; ``otherwise`` where nothing is given or it cannot be read."""
        return self._quantity(parse_memory_bytes, text, path, otherwise)

    def _quantity(self, parse: Callable[[str], int], text: str | None, path: str, otherwise: T) -> int | T:
        if text is None:
            return otherwise
        try:
            return parse(text)
        except ValueError as error:
            self.wrong("InvalidQuantity", path, str(error))
            return otherwise


def _task(task: Task, path: str, defaults: Retry, read: _Reader) -> engine.TaskSpec:
    for one, other in _EXCLUSIVE:
        if getattr(task, one) and getattr(task, other):
            one, other = camel(one), camel(other)  # noqa: PLW2901 - the same fields by the names that users know
            read.wrong("ExclusiveFields", f"{path}.{one}", f"{one} and {other} exclude each other", "give one of them")
    return engine.TaskSpec(
        name=task.name,
        description=task.description,
        agent_type=task.agent_type or None,
        required_capabilities=task.required_capabilities,
        depends_on=task.depends_on,
        trigger_rule=engine.TriggerRule(task.trigger_rule),
        work=engine.Work(
            script=task.script,
            command=task.command,
            args=task.args,
            env=tuple((variable.name, variable.value) for variable in task.env),
        ),
        for_each=task.for_each,
        for_each_result=task.for_each_result,
        locks=task.locks,
        resources=engine.ResourceRequest(
            read.cpu(task.resources.cpu, f"{path}.resources.cpu", None),
            read.memory(task.resources.memory, f"{path}.resources.memory", None),
        ),
        complexity=None if task.complexity is None else float(task.complexity),
        input_bytes=task.input_bytes,
        timeout_seconds=task.timeout_seconds,
        retry=None if task.retry is None else _retry(defaults, task.retry, f"{path}.retry", read),
        cache_key=task.cache_key,
        cache_seconds=task.cache_seconds,
    )


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
        factor=Decimal(merged.factor),
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
    usual = engine.ResourcePolicy()
    smallest = engine.Resources(
        read.cpu(policy.min.cpu, f"{path}.min.cpu", usual.minimum.cpu_millis),
        read.memory(policy.min.memory, f"{path}.min.memory", usual.minimum.memory_bytes),
    )
    largest = engine.Resources(
        read.cpu(policy.max.cpu, f"{path}.max.cpu", usual.maximum.cpu_millis),
        read.memory(policy.max.memory, f"{path}.max.memory", usual.maximum.memory_bytes),
    )
    read.memory(policy.oom.max_memory, f"{path}.oom.maxMemory", None)
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
            read.cpu(spec.resources.cpu, f"{path}.resources.cpu", 0),
            read.memory(spec.resources.memory, f"{path}.resources.memory", 0),
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
    cpu = read.cpu(spec.capacity.cpu, f"{path}.cpu", _UNBOUNDED)
    memory = read.memory(spec.capacity.memory, f"{path}.memory", _UNBOUNDED)
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
