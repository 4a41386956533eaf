"""What a subtask requests: base of the agent type * complexity * history, in sensible steps, within every bound.

A plain task of middle complexity on an agent type with the usual base gets 500m and 1024Mi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.durations import task_trust, trust
from taskdist.engine.model import Resources, RightSizing

if TYPE_CHECKING:
    from taskdist.engine.model import (
        AgentTypeSpec,
        ClusterFacts,
        Complexity,
        Observation,
        ResourcePolicy,
        ResourceRequest,
        TaskObservation,
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
    same: TaskObservation | None = None,
) -> Sizing:
    """Request of one subtask: the user's own where there is one, else planned; always within policy and LimitRange.

    ``seen`` is what the agent type's attempts taught, ``same`` what earlier attempts of this very task did.

    Only planned requests are cut to the largest node: a user's own may rest on nodes that an autoscaler adds.
    """
    scale = band(complexity.score)
    base = agent_type.resources
    prior = Resources(cpu_quantum(base.cpu_millis * scale), memory_quantum(base.memory_bytes * scale))
    learned = _learned(base, scale, seen, same)
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


def _learned(base: Resources, scale: float, seen: Observation | None, same: TaskObservation | None) -> Resources | None:
    """The base drawn towards what the agent type's attempts used, times the band, then towards what this task used."""
    cpu, memory = float(base.cpu_millis), float(base.memory_bytes)
    if seen is not None:
        cpu = _drawn(cpu, seen.cpu_millis_p95, trust(seen.samples))
        memory = _drawn(memory, seen.memory_bytes_p95, trust(seen.samples if seen.measured is None else seen.measured))
    cpu, memory = cpu * scale, memory * scale
    if same is not None:
        cpu = _at_least(cpu, same.cpu_millis_p95, task_trust(same.samples))
        memory = _at_least(memory, same.memory_bytes_p95, task_trust(same.measured))
    known = (seen is not None and seen.samples + (seen.measured or 0) > 0) or same is not None
    return Resources(cpu_quantum(cpu), memory_quantum(memory)) if known else None


def _drawn(prior: float, observed: int, weight: float) -> float:
    """Draw a request towards the observed 95 % quantile plus headroom, on the logarithm."""
    if observed <= 0 or prior <= 0:
        return prior
    return math.exp((1 - weight) * math.log(prior) + weight * math.log(observed * HEADROOM))


def _at_least(prior: float, observed: int, weight: float) -> float:
    """The same, but up at once: less than a task is known to need kills it, more only waits for room."""
    return max(_drawn(prior, observed, weight), observed * HEADROOM)


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
