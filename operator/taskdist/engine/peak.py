"""What runs at the same time at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskdist.engine.facts import Peak
from taskdist.engine.model import Resources

if TYPE_CHECKING:
    from collections.abc import Sequence


def peak(starts: Sequence[int], durations: Sequence[int], requests: Sequence[Resources]) -> Peak:
    """Largest number of subtasks, sum of CPU and sum of memory at any moment; each on its own."""
    events = sorted(
        (at, sign, node)
        for node, start in enumerate(starts)
        for at, sign in ((start, 1), (start + durations[node], -1))
        if durations[node] > 0
    )
    pods = cpu = memory = most_pods = most_cpu = most_memory = 0
    # At the same moment ends come before starts.
    for _, sign, node in events:
        pods += sign
        cpu += sign * requests[node].cpu_millis
        memory += sign * requests[node].memory_bytes
        most_pods, most_cpu, most_memory = max(most_pods, pods), max(most_cpu, cpu), max(most_memory, memory)
    return Peak(most_pods, Resources(most_cpu, most_memory))
