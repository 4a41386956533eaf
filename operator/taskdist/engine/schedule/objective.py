"""What each strategy minimises, as one comparable value per candidate plan: the smaller, the better.

==============  =====================================================================================================
Sequential      nothing to choose: one after the other
Parallel        makespan, then cost
Balanced        ½ · makespan ÷ shortest candidate + ½ · cost ÷ cheapest candidate, then makespan
CostOptimized   excess over the deadline, then cost, then makespan
Deadline        excess of the makespan over the deadline when work takes its 90 % quantile, then that makespan, then cost
==============  =====================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from taskdist.engine.model import Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a candidate plan takes and costs; ``slow_makespan`` is its makespan when work takes its 90 % quantile."""

    makespan: int
    slow_makespan: int
    cost_usd: Decimal


def best(strategy: Strategy, outcomes: Sequence[Outcome], deadline_seconds: int | None) -> int:
    """Index of the candidate that the strategy prefers; the first of equals."""
    values = values_of(strategy, outcomes, deadline_seconds)
    return min(range(len(values)), key=lambda i: (values[i], i))


def values_of(
    strategy: Strategy, outcomes: Sequence[Outcome], deadline_seconds: int | None
) -> list[tuple[Decimal, ...]]:
    """Return the objective of each candidate; the parts are compared in turn."""
    shortest = max(1, min(o.makespan for o in outcomes))
    cheapest = min(o.cost_usd for o in outcomes) or Decimal(1)
    return [_value(strategy, o, deadline_seconds, shortest, cheapest) for o in outcomes]


def _value(
    strategy: Strategy, of: Outcome, deadline_seconds: int | None, shortest: int, cheapest: Decimal
) -> tuple[Decimal, ...]:
    makespan, slow = Decimal(of.makespan), Decimal(of.slow_makespan)
    match strategy:
        case Strategy.COST_OPTIMIZED:
            return (_excess(of.makespan, deadline_seconds), of.cost_usd, makespan)
        case Strategy.DEADLINE:
            return (_excess(of.slow_makespan, deadline_seconds), slow, of.cost_usd)
        case Strategy.BALANCED:
            return (makespan / shortest / 2 + of.cost_usd / cheapest / 2, makespan)
        case _:
            return (makespan, of.cost_usd)


def _excess(seconds: int, deadline_seconds: int | None) -> Decimal:
    return Decimal(0) if deadline_seconds is None else Decimal(max(0, seconds - deadline_seconds))
