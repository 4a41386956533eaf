"""What a subtask costs, as a range: agent base cost * complexity, and duration quantiles * requests * the provider's prices.

``cost = base_cost_usd * (0.5 + score) + hours * (cores * cpu_hour + GiB * memory_gib_hour) * (1 - spot_discount)``

Money is exact: :class:`~decimal.Decimal`, rounded once per subtask to a hundredth of a cent, so that totals add up.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from taskdist.engine.durations import factor
from taskdist.engine.model import Basis, Estimate
from taskdist.engine.resources import GIB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskdist.engine.durations import Duration
    from taskdist.engine.model import AgentTypeSpec, Complexity, ProviderSpec, Resources

STEP: Final = Decimal("0.0001")
_HOUR: Final = Decimal(3600)
_GIB: Final = Decimal(GIB)


def hourly_rate(provider: ProviderSpec, resources: Resources) -> Decimal:
    """US dollars per hour that ``resources`` cost on ``provider``, its discount taken off."""
    cores = Decimal(resources.cpu_millis) / 1000
    memory = Decimal(resources.memory_bytes) / _GIB
    return (cores * provider.cpu_hour_usd + memory * provider.memory_gib_hour_usd) * (1 - provider.spot_discount)


def agent_cost(agent_type: AgentTypeSpec, complexity: Complexity) -> Decimal:
    """US dollars that the agent itself costs, whatever the time: its base cost times the complexity factor."""
    return agent_type.base_cost_usd * Decimal(str(round(factor(complexity), 4)))


def compute_cost(rate: Decimal, seconds: int) -> Decimal:
    """US dollars for ``seconds`` at an hourly rate."""
    return rate * seconds / _HOUR


def estimate(
    agent_type: AgentTypeSpec,
    complexity: Complexity,
    resources: Resources,
    provider: ProviderSpec,
    duration: Duration,
) -> Estimate:
    """Seconds and cost of one subtask. The range of cost follows the range of time; the agent's own part has none."""
    rate = hourly_rate(provider, resources)
    own = agent_cost(agent_type, complexity)

    def dollars(seconds: int) -> Decimal:
        return (own + compute_cost(rate, seconds)).quantize(STEP, ROUND_HALF_UP)

    return Estimate(
        seconds=duration.middle,
        cost_usd=dollars(duration.middle),
        seconds_low=duration.low,
        seconds_high=duration.high,
        cost_low_usd=dollars(duration.low),
        cost_high_usd=dollars(duration.high),
        basis=duration.basis,
    )


def total(estimates: Iterable[Estimate], seconds: tuple[int, int, int]) -> Estimate:
    """The whole plan's estimate; ``seconds`` are its makespan low, middle and high.

    A prior that is wrong is wrong for every subtask, so the distances of priors from the middle add up. What history taught errs
    independently, so those distances add up squared: a sum of many is surer than each of them. The two groups add up. The basis
    is what most of the subtasks rest on.
    """
    middle = low_prior = high_prior = low_learned = high_learned = Decimal(0)
    learned = count = 0
    for one in estimates:
        count += 1
        middle += one.cost_usd
        below, above = one.cost_usd - one.cost_low_usd, one.cost_high_usd - one.cost_usd
        if one.basis is Basis.HISTORY:
            learned += 1
            low_learned += below * below
            high_learned += above * above
        else:
            low_prior += below
            high_prior += above
    basis = Basis.HISTORY if learned * 2 > count else Basis.PRIOR
    low = max(Decimal(0), middle - low_prior - low_learned.sqrt()).quantize(STEP, ROUND_HALF_UP)
    high = (middle + high_prior + high_learned.sqrt()).quantize(STEP, ROUND_HALF_UP)
    return Estimate(seconds[1], middle.quantize(STEP), seconds[0], seconds[2], low, high, basis)
