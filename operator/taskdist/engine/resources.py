"""What a subtask requests: base of the agent type * complexity * history, in sensible steps, within every bound.

A plain task of middle complexity on an agent type with the usual base gets 500m and 1024Mi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.durations import trust
from taskdist.engine.model import Resources, RightSizing

if TYPE_CHECKING:
    from taskdist.engine.model import (
        AgentTypeSpec,
        ClusterFacts,
        Complexity,
        Observation,
        ResourcePolicy,
        ResourceRequest,
    )

MIB: Final = 1024**2
GIB: Final = 1024**3
BANDS: Final = ((0.2, 0.5), (0.4, 0.75), (0.6, 1.0), (0.8, 1.5), (1.0, 2.0))
"""(score up to, factor). Steps and not a line: a slightly other wording must not change every request and with it the
plan's hash."""
HEADROOM: Final = 1.2
"""What is requested beyond the 95 % quantile of what finished attempts used."""


@dataclass(frozen=True, slots=True)
class Clamp:
    """A bound that moved a request. ``kind`` is cpu or memory; ``wanted`` and ``given`` are millis or bytes."""

    kind: str
    bound: str
    wanted: int
    given: int


@dataclass(frozen=True, slots=True)
class Sizing:
    """What is requested, and why.

    ``wanted`` is the request before the bounds, ``usual`` what the formula alone gives, ``learned`` what history suggests.
    """

    resources: Resources
    wanted: Resources
    usual: Resources
    clamps: tuple[Clamp, ...] = ()
    learned: Resources | None = None


def band(score: float) -> float:
    """Factor of the complexity band that ``score`` falls into."""
    return next(factor for upper, factor in BANDS if score <= upper)


def size(
    agent_type: AgentTypeSpec,
    complexity: Complexity,
    asked: ResourceRequest,
    seen: Observation | None,
    policy: ResourcePolicy,
    cluster: ClusterFacts,
) -> Sizing:
    """Request of one subtask: the user's own where there is one, else planned; always within policy and LimitRange.

    Only planned requests are cut to the largest node: a user's own may rest on nodes that an autoscaler adds.
    """
    scale = band(complexity.score)
    base = agent_type.resources
    prior = Resources(cpu_quantum(base.cpu_millis * scale), memory_quantum(base.memory_bytes * scale))
    learned = _learned(base, scale, seen)
    planned = learned if learned is not None and policy.right_sizing is RightSizing.APPLY else prior
    wanted = Resources(
        planned.cpu_millis if asked.cpu_millis is None else asked.cpu_millis,
        planned.memory_bytes if asked.memory_bytes is None else asked.memory_bytes,
    )
    clamps: list[Clamp] = []
    cpu = _bounded("cpu", wanted.cpu_millis, policy, cluster, planned=asked.cpu_millis is None, clamps=clamps)
    memory = _bounded("memory", wanted.memory_bytes, policy, cluster, planned=asked.memory_bytes is None, clamps=clamps)
    shown = learned if policy.right_sizing is not RightSizing.OFF else None
    return Sizing(Resources(cpu, memory), wanted, planned, tuple(clamps), shown)


def cpu_quantum(millis: float) -> int:
    """Round up to steps of 50m below one core, 100m below four, then 500m."""
    return _step_up(millis, ((1000, 50), (4000, 100)), 500)


def memory_quantum(memory_bytes: float) -> int:
    """Round up to steps of 32 MiB below 512 MiB, 64 MiB below 2 GiB, 256 MiB below 8 GiB, then 1 GiB."""
    return _step_up(memory_bytes, ((512 * MIB, 32 * MIB), (2 * GIB, 64 * MIB), (8 * GIB, 256 * MIB)), GIB)


def _step_up(value: float, steps: tuple[tuple[int, int], ...], largest: int) -> int:
    step = next((step for below, step in steps if value < below), largest)
    # A whole number is rounded exactly; a product may be off by a hair, which must not cost a step.
    steps_needed = -(-value // step) if isinstance(value, int) else math.ceil(value / step - 1e-10)
    return max(1, steps_needed) * step


def _learned(base: Resources, scale: float, seen: Observation | None) -> Resources | None:
    """Draw the base towards the observed 95 % quantile plus headroom, on the logarithm, then apply the band."""
    if seen is None or seen.samples <= 0:
        return None
    weight = trust(seen.samples)

    def drawn(prior: int, observed: int) -> float:
        if observed <= 0 or prior <= 0:
            return float(prior)
        return math.exp((1 - weight) * math.log(prior) + weight * math.log(observed * HEADROOM))

    return Resources(
        cpu_quantum(drawn(base.cpu_millis, seen.cpu_millis_p95) * scale),
        memory_quantum(drawn(base.memory_bytes, seen.memory_bytes_p95) * scale),
    )


def _bounded(
    kind: str, value: int, policy: ResourcePolicy, cluster: ClusterFacts, *, planned: bool, clamps: list[Clamp]
) -> int:
    """Apply the bounds in the order in which they bind: what the cluster enforces comes last and wins."""

    def of(resources: Resources | None) -> int | None:
        if resources is None:
            return None
        return resources.cpu_millis if kind == "cpu" else resources.memory_bytes

    lower = (("resourcePolicy.min", of(policy.minimum)), ("LimitRange min", of(cluster.limit_minimum)))
    upper = [("resourcePolicy.max", of(policy.maximum)), ("LimitRange max", of(cluster.limit_maximum))]
    if planned:
        upper.append(("largest node", of(cluster.largest_node)))
    given = value
    for bound, limit in lower:
        if limit is not None and given < limit:
            clamps.append(Clamp(kind, bound, value, limit))
            given = limit
    for bound, limit in upper:
        if limit is not None and given > limit > 0:
            clamps.append(Clamp(kind, bound, value, limit))
            given = limit
    return given
