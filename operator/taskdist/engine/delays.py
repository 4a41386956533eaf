"""What comes between two pieces of work: a subtask is created, its pod starts, its end is passed on.

Each of these steps begins with a write. Writes stand in one line, and each holds it for its ``turn``: what a server that is busy
with them takes for one more. What follows the write takes a while even alone, and longer while others are under way, for they
share the scheduler and the nodes: what finds ``n`` others there takes ``alone + n * crowd`` (the arrival theorem of mean value
analysis, Reiser and Lavenberg 1980, JACM 27:313). All are learned; see docs/planning.md, "Starting takes time".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Basis, Delay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskdist.engine.model import Delays, Observation

MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """How long one step takes ``alone``, for each other that is under way as it begins (``crowd``), and its write's ``turn``.

    In microseconds.
    """

    alone: int
    crowd: int = 0
    turn: int = 0

    def lasts(self, others: int) -> int:
        """Microseconds that it takes beside the wait for its write's turn, when ``others`` are under way."""
        return self.alone + others * self.crowd


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one agent type's subtasks, and what they rest on."""

    opening: Step
    start: Step
    hand_over: Step
    basis: Basis = Basis.PRIOR


NONE: Final = Steps(Step(0), Step(0), Step(0))
"""Nothing comes between: what the schedule says of the work alone."""

PRIOR: Final = Steps(
    opening=Step(100_000, 1_000, turn=10_000),
    start=Step(1_500_000, 20_000, turn=10_000),
    hand_over=Step(500_000, turn=10_000),
)
"""Until something was seen of a cluster. A pod whose image is present starts within 5 seconds in 99 of 100 cases (service
level objective of Kubernetes SIG Scalability, without pulling), and in 1 to 2 mostly. A kubelet looks at its containers
once a second (``relistPeriod`` of the generic PLEG), so that an end is known half a second later in the middle. A scheduler
binds 50 pods a second (``clientConnection.qps`` of KubeSchedulerConfiguration); one write more takes about 10 ms. A plan takes
about a millisecond a subtask to make and to store (docs/performance.md)."""


def steps(history: Iterable[Observation], agent_types: Sequence[str]) -> dict[str, Steps]:
    """Return the steps of each agent type: what is known of its own, drawn from what is known of all, drawn from the prior.

    Weights are n / (n + 1) on the logarithm: steps of one cluster differ far less than clusters do.
    """
    known = {one.agent_type: one.delays for one in history}
    every = [known[name] for name in sorted(known)]
    common = _drawn(PRIOR, every)
    return {name: _drawn(common, [known[name]]) if name in known else common for name in agent_types}


def _drawn(before: Steps, seen: Sequence[Delays]) -> Steps:
    opening = _step(before.opening, [one.opening for one in seen])
    start = _step(before.start, [one.start for one in seen])
    hand_over = _step(before.hand_over, [one.hand_over for one in seen])
    learned = any(one.start.samples for one in seen)
    return Steps(opening, start, hand_over, Basis.HISTORY if learned else before.basis)


def _step(before: Step, seen: Sequence[Delay]) -> Step:
    return Step(
        _mean(before.alone, [(one.seconds, one.samples) for one in seen]),
        _mean(before.crowd, [(one.crowd_seconds, one.crowded_samples) for one in seen]),
        _mean(before.turn, [(one.turn_seconds, one.turns) for one in seen]),
    )


def _mean(before: int, seen: Sequence[tuple[float, int]]) -> int:
    """Geometric mean in microseconds, weighed by samples; ``before`` counts as one."""
    if not any(samples > 0 for _, samples in seen):
        return before
    weight, total = 1, math.log(max(before, 1))
    for seconds, samples in seen:
        if samples > 0:
            weight += samples
            total += samples * math.log(max(seconds * MICRO, 1.0))
    return round(math.exp(total / weight))
