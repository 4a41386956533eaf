"""How providers and agent types are doing, and which nodes there are: what one distribution learns, all take into account.

A provider's circuit counts attempts that it failed to run or lost; an agent type's what its own image and set-up got wrong. A
task's own failing script says nothing about either: else one tenant could shut an agent type for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskdist.api.agent_type import AgentType
from taskdist.api.names import Circuit, ConditionStatus, ConditionType, SubTaskReason
from taskdist.api.provider import Provider
from taskdist.engine.model import Resources
from taskdist.reconcile.breaker import Breaker, Limits
from taskdist.reconcile.views import PodView

AGENT_LIMITS = Limits(failures=5, window=timedelta(seconds=300), cooldown=timedelta(seconds=60))
"""An agent type is quarantined by five failures of its own within five minutes, and probed after one."""

_SETTLED = timedelta(seconds=60)
"""A pod of that age on a node that is not listed has lost it; a younger one may be seen before its node is."""

_PROVIDER_FAULTS = frozenset(
    {
        SubTaskReason.PROVIDER_UNAVAILABLE,
        SubTaskReason.UNSCHEDULABLE,
        SubTaskReason.PENDING_TIMEOUT,
        SubTaskReason.NODE_LOST,
        SubTaskReason.POD_REJECTED,
    }
)
_AGENT_FAULTS = frozenset({SubTaskReason.IMAGE_PULL, SubTaskReason.CONTAINER_CONFIG})
_RAN = frozenset(
    {
        SubTaskReason.COMPLETED,
        SubTaskReason.AGENT_ERROR,
        SubTaskReason.AGENT_REFUSED,
        SubTaskReason.AGENT_RETRY,
        SubTaskReason.INVALID_RESULT,
        SubTaskReason.RESULT_MISSING,
        SubTaskReason.TIMEOUT,
        SubTaskReason.SILENT,
        SubTaskReason.OOM_KILLED,
    }
)


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as last seen."""

    name: str
    labels: Mapping[str, str]
    usable: bool
    """Ready, and not cordoned."""
    room: Resources | None = None
    """What it has for pods; ``None`` while it takes none."""
    silent_since: datetime | None = None
    """Since when the control plane has not heard of it; ``None`` while it does, whatever it says of itself."""


@dataclass(slots=True)
class Nodes:
    """The cluster's nodes; ``None`` in ``seen`` means that they may not be watched, and nothing is concluded from them."""

    seen: dict[str, NodeView] | None = None
    gone: set[str] = field(default_factory=set)

    def listed(self, nodes: list[NodeView]) -> None:
        """Take in the whole list."""
        present = {node.name: node for node in nodes}
        if self.seen is not None:
            self.gone |= self.seen.keys() - present.keys()
        self.gone -= present.keys()
        self.seen = present

    def changed(self, node: NodeView) -> None:
        """Take in one node."""
        if self.seen is None:
            self.seen = {}
        self.seen[node.name] = node
        self.gone.discard(node.name)

    def deleted(self, name: str) -> None:
        """A node is no more."""
        if self.seen is not None and self.seen.pop(name, None) is not None:
            self.gone.add(name)

    def lost(self, pod: PodView, now: datetime) -> bool:
        """True if the pod's node is no more, so that nothing can run there."""
        if self.seen is None or not pod.node or pod.node in self.seen:
            return False
        return pod.node in self.gone or (pod.created_at is not None and now - pod.created_at > _SETTLED)

    def silent_since(self, pod: PodView) -> datetime | None:
        """Since when the pod's node has been unreachable: its containers may run or not, and nobody can end them."""
        node = self.seen.get(pod.node) if self.seen is not None else None
        return node.silent_since if node is not None else None

    def serve(self, selector: Mapping[str, str]) -> bool | None:
        """Whether any usable node has the labels; ``None`` if that cannot be known."""
        if self.seen is None:
            return None
        return any(n.usable and selector.items() <= n.labels.items() for n in self.seen.values())


@dataclass(slots=True)
class Health:
    """Circuits by name, and the nodes."""

    providers: dict[str, Breaker] = field(default_factory=dict)
    agent_types: dict[str, Breaker] = field(default_factory=dict)
    nodes: Nodes = field(default_factory=Nodes)

    def provider_circuit(self, provider: Provider, now: datetime) -> Circuit:
        """State of a provider's circuit."""
        breaker = self.providers.get(provider.metadata.name)
        return breaker.circuit(provider_limits(provider), now) if breaker is not None else Circuit.CLOSED

    def agent_circuit(self, name: str, now: datetime) -> Circuit:
        """State of an agent type's circuit; anything but closed is a quarantine."""
        breaker = self.agent_types.get(name)
        return breaker.circuit(AGENT_LIMITS, now) if breaker is not None else Circuit.CLOSED

    def record(
        self,
        reason: SubTaskReason,
        message: str,
        agent_type: str,
        provider: Provider | None,
        at: datetime,
        *,
        own_work: bool,
    ) -> bool:
        """Take the end of an attempt into account; returns whether a circuit opened or closed by it.

        Args:
            reason: how it ended.
            message: the same in words.
            agent_type: name of the agent type that it ran with.
            provider: where it was placed, if anywhere in particular.
            at: when.
            own_work: whether the task brought its own script or command; if so its failure is not the agent's.
        """
        moved = False
        if provider is not None:
            limits = provider_limits(provider)
            breaker = self.providers.setdefault(provider.metadata.name, Breaker())
            if reason in _PROVIDER_FAULTS:
                moved |= breaker.failed(limits, at, f"{reason.value}: {message}"[:1000])
                if breaker.opened_at is None and self.nodes.serve(provider.spec.node_selector) is False:
                    breaker.opened_at, breaker.why, moved = at, "none of its nodes is ready", True
            elif reason in _RAN:
                moved |= breaker.succeeded(limits, at)
        quarantine = self.agent_types.setdefault(agent_type, Breaker())
        if reason in _AGENT_FAULTS or (reason is SubTaskReason.AGENT_ERROR and not own_work):
            moved |= quarantine.failed(AGENT_LIMITS, at, f"{reason.value}: {message}"[:1000])
        elif reason in _RAN:
            moved |= quarantine.succeeded(AGENT_LIMITS, at)
        return moved


def provider_limits(provider: Provider) -> Limits:
    """When a provider's circuit opens, as its admin wants it."""
    wanted = provider.spec.circuit_breaker
    return Limits(wanted.failures, timedelta(seconds=wanted.window_seconds), timedelta(seconds=wanted.cooldown_seconds))


def take_up(health: Health, thing: AgentType | Provider) -> None:
    """Take up a circuit that an earlier operator left open, once, when the object is first seen."""
    breakers = health.providers if isinstance(thing, Provider) else health.agent_types
    type_ = ConditionType.HEALTHY if isinstance(thing, Provider) else ConditionType.READY
    if thing.metadata.name in breakers:
        return
    breaker = breakers[thing.metadata.name] = Breaker()
    for condition in thing.status.conditions:
        if condition.type == type_ and condition.status is ConditionStatus.FALSE:
            breaker.opened_at, breaker.why = condition.last_transition_time, condition.message
