"""What would save money, time or room, with numbers.

Each number comes from planning the same work once more under other limits.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from taskdist.engine.cost import compute_cost, hourly_rate
from taskdist.engine.facts import Insight
from taskdist.engine.placement import fits
from taskdist.engine.rules.feasibility import shown
from taskdist.engine.rules.rule import counted, names, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskdist.engine.facts import Outline
    from taskdist.engine.model import ProviderSpec
    from taskdist.engine.setting import Setting

WORTH_USD: Final = Decimal("0.01")
"""Savings below a cent are not told."""
WORTH_SHARE: Final = 0.05
"""Nor is time below a twentieth of the makespan."""
_MOST_SUBTASKS: Final = 2000
"""Above, only what needs no further schedule is told: each takes a tenth of a second there."""


def insights(
    outline: Outline,
    setting: Setting,
    placed_on: Sequence[ProviderSpec],
    length: int,
    pods: int,
    path: Sequence[int],
) -> tuple[Insight, ...]:
    """Everything worth telling about a plan of ``setting``: its makespan, most pods at a time, and critical path."""
    found = [*_cheaper_provider(outline, placed_on), *_smaller_requests(outline, placed_on)]
    if len(placed_on) <= _MOST_SUBTASKS:
        found += [*_parallel(setting, length, pods), *_shorter_chain(outline, setting, length, path)]
    return tuple(found)


def _cheaper_provider(outline: Outline, placed_on: Sequence[ProviderSpec]) -> Iterator[Insight]:
    """One provider for all of the work that costs less than the planned ones."""
    own = _cost(outline, placed_on)
    offers: list[tuple[Decimal, str, ProviderSpec]] = []
    for provider in outline.request.providers:
        if not provider.healthy or not all(fits(provider, a.sizing.resources) for a in outline.assigned):
            continue
        offers.append((_cost(outline, [provider] * len(placed_on)), provider.name, provider))
    if not offers:
        return
    cost, name, provider = min(offers, key=lambda offer: offer[:2])
    if own - cost < WORTH_USD:
        return
    allowed = not outline.request.allowed_providers or name in outline.request.allowed_providers
    advice = "choose placement policy Cheapest" if allowed else f"add {name} to placement.providers"
    bounded = (
        ", though its capacity may let less run at the same time"
        if provider.capacity is not None
        else " and costs no time"
    )
    yield Insight(
        "CheaperProvider",
        "spec.placement.policy" if allowed else "spec.placement.providers",
        f"all on provider {name} would save ${own - cost:,.2f} of ${own:,.2f} for CPU and memory{bounded}",
        advice,
    )


def _smaller_requests(outline: Outline, placed_on: Sequence[ProviderSpec]) -> Iterator[Insight]:
    """What requests above what finished attempts used cost."""
    saved = Decimal(0)
    who: list[str] = []
    for one, provider in zip(outline.assigned, placed_on, strict=True):
        learned, own = one.sizing.learned, one.sizing.resources
        if learned is None:
            continue
        less = type(own)(min(own.cpu_millis, learned.cpu_millis), min(own.memory_bytes, learned.memory_bytes))
        if less != own:
            rate = hourly_rate(provider, own) - hourly_rate(provider, less)
            saved += compute_cost(rate, one.duration.middle)
            who.append(f"{one.draft.id}: {shown(less)}")
    if saved >= WORTH_USD:
        yield Insight(
            "SmallerRequests",
            "spec.resourcePolicy.rightSizing",
            f"requests as finished attempts suggest ({names(who)}) would save ${saved:,.2f} and cost no time",
            "leave resources out where you set them, and set rightSizing to Apply",
        )


def _parallel(setting: Setting, length: int, pods: int) -> Iterator[Insight]:
    """More or fewer subtasks at a time; ``pods`` run at the plan's peak."""
    now = setting.max_parallel
    if length <= 0 or setting.graph.size < 2:
        return
    doubled = replace(setting, max_parallel=2 * now).quick_makespan() if pods >= now else length
    if length - doubled > WORTH_SHARE * length:
        yield Insight(
            "MoreParallel",
            "spec.limits.maxParallel",
            f"maxParallel {2 * now} in place of {now} would save {seconds(length - doubled)} of {seconds(length)}, "
            "and costs no more",
            f"set maxParallel to {2 * now}, if the cluster has room for {counted(2 * now, 'pod')}",
        )
        return
    enough = _fewest(setting, length, pods)
    if 4 * enough <= 3 * pods:
        yield Insight(
            "FewerParallel",
            "spec.limits.maxParallel",
            f"maxParallel {enough} takes as long as {pods} at a time ({seconds(length)}), "
            f"and holds at most {counted(enough, 'pod')}",
            f"set maxParallel to {enough} to leave room for others",
        )


def _fewest(setting: Setting, length: int, pods: int) -> int:
    """Smallest maxParallel that is not slower, by bisection; list schedules are near enough to monotone for advice."""
    low, high = 1, pods
    while low < high:
        middle = (low + high) // 2
        if replace(setting, max_parallel=middle).quick_makespan() <= length:
            high = middle
        else:
            low = middle + 1
    return low


def _shorter_chain(outline: Outline, setting: Setting, length: int, path: Sequence[int]) -> Iterator[Insight]:
    """What halving the longest subtask of the critical path would save."""
    if len(path) < 2 or length <= 0:
        return
    node = max(path, key=lambda i: (setting.durations[i], -i))
    durations = list(setting.durations)
    durations[node] = max(1, durations[node] // 2)
    shorter = replace(setting, durations=tuple(durations)).quick_makespan()
    if length - shorter > 3 * WORTH_SHARE * length:
        draft = outline.drafts.items[node]
        yield Insight(
            "ShorterChain",
            draft.path,
            f"halving {draft.id} ({seconds(setting.durations[node])}), the longest part of the critical "
            f"path, would save {seconds(length - shorter)} of {seconds(length)}",
            "split it into subtasks that run in parallel, or give it more CPU",
        )


def _cost(outline: Outline, placed_on: Sequence[ProviderSpec]) -> Decimal:
    """US dollars for CPU and memory, without the agents' own cost."""
    rates: dict[tuple[str, object], Decimal] = {}
    total = Decimal(0)
    for one, provider in zip(outline.assigned, placed_on, strict=True):
        key = (provider.name, one.sizing.resources)
        if key not in rates:
            rates[key] = hourly_rate(provider, one.sizing.resources)
        total += compute_cost(rates[key], one.duration.middle)
    return total
