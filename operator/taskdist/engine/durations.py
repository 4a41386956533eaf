"""How long a subtask takes: low, middle and high, in seconds. The middle is what is planned with.

Durations of work are skewed to the right; a lognormal fits both task traces and project activities (Trietsch et al.
2012, EJOR 216:386). So the range is the 10 % and 90 % quantile of a lognormal around the median: ``middle * exp(±
1.2816 sigma)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Basis

if TYPE_CHECKING:
    from taskdist.engine.model import AgentTypeSpec, Complexity, Observation, TaskObservation

PRIOR_SIGMA: Final = 0.5
"""Spread without history: the high end is 1.9 times the middle, the low end 0.53 times."""
PRIOR_WEIGHT: Final = 5.0
"""How many finished attempts the prior is worth."""
TASK_PRIOR_WEIGHT: Final = 0.25
"""How many finished attempts of the very same task all other knowledge is worth: the variance of the logarithm within a task
over that between tasks, 0.5 squared over 1 (Buehlmann 1967, ASTIN Bulletin 4:199)."""
TASK_SIGMA: Final = 0.25
"""Spread of one task's attempts before there are enough of them to tell."""
LONGEST_SECONDS: Final = 30 * 24 * 3600
"""No estimate goes beyond 30 days; what would is wrong input, and sums stay within the API's year."""
_Z90: Final = 1.2815515655446004
_SMALLEST_SIGMA, _LARGEST_SIGMA = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds of one attempt: 10 % quantile, median, 90 % quantile; what they rest on; and what many last in the mean.

    The ``mean`` is not rounded. It is the median's own value where nothing was learned.
    """

    low: int
    middle: int
    high: int
    basis: Basis
    mean: float


def trust(samples: int) -> float:
    """Share of an estimate that history decides, growing with the number of finished attempts: n / (n + 5)."""
    return samples / (samples + PRIOR_WEIGHT)


def task_trust(samples: int) -> float:
    """Share of an estimate that earlier attempts of the very same task decide: n / (n + 0.25)."""
    return samples / (samples + TASK_PRIOR_WEIGHT)


def factor(complexity: Complexity) -> float:
    """What the agent type's base duration and base cost are multiplied by: 0.5 + score, so 1 at middle complexity."""
    return 0.5 + complexity.score


def duration(
    agent_type: AgentTypeSpec, complexity: Complexity, seen: Observation | None, same: TaskObservation | None = None
) -> Duration:
    """Base seconds of the agent type times complexity, drawn towards what finished attempts took.

    Prior and history meet on the logarithm (a geometric mean weighed by :func:`trust`), as fits a lognormal; what comes out
    is then drawn, weighed by :func:`task_trust`, towards what the ``same`` task took.
    """
    prior = max(1.0, float(agent_type.base_seconds))
    middle, mean, sigma, basis = prior, prior, PRIOR_SIGMA, Basis.PRIOR
    if seen is not None and seen.samples > 0 and seen.seconds_p50 > 0:
        weight = trust(seen.samples)
        middle = _between(prior, seen.seconds_p50, weight)
        mean = _between(prior, seen.seconds_mean or seen.seconds_p50, weight)
        sigma, basis = _sigma(PRIOR_SIGMA, seen, weight), Basis.HISTORY
    middle, mean = middle * factor(complexity), mean * factor(complexity)
    if same is not None and same.samples > 0 and same.seconds_p50 > 0:
        weight = task_trust(same.samples)
        middle = _between(middle, same.seconds_p50, weight)
        mean = _between(mean, same.seconds_mean or same.seconds_p50, weight)
        sigma, basis = _sigma(TASK_SIGMA, same, trust(same.samples)), Basis.HISTORY
    spread = math.exp(_Z90 * sigma)
    return Duration(
        _seconds(middle / spread),
        _seconds(middle),
        _seconds(middle * spread),
        basis,
        max(1.0, min(LONGEST_SECONDS, mean)),
    )


def _between(one: float, other: float, weight: float) -> float:
    """Geometric mean, ``weight`` being that of the other."""
    return math.exp((1 - weight) * math.log(one) + weight * math.log(other))


def _sigma(prior: float, seen: Observation | TaskObservation, weight: float) -> float:
    learned = math.log(max(seen.seconds_p90, seen.seconds_p50) / seen.seconds_p50) / _Z90
    return min(_LARGEST_SIGMA, max(_SMALLEST_SIGMA, (1 - weight) * prior + weight * learned))


def _seconds(value: float) -> int:
    return max(1, min(LONGEST_SECONDS, round(value)))
