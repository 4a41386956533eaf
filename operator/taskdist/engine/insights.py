"""What would save money, time or room, with numbers.

Each number comes from planning the same work once more under other limits.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from taskdist.engine.cost import compute_cost, hourly_rate
from taskdist.engine.model import Insight
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
_MANY_PODS: Final = 4
"""From so many pods at a time on, running fewer of them is worth a thought."""
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
    small = len(placed_on) <= _MOST_SUBTASKS
    found = [*_cheaper_provider(outline, placed_on, setting if small else None), *_smaller_requests(outline, placed_on)]
    if small:
        found += [*_parallel(setting, length, pods), *_shorter_chain(outline, setting, length, path)]
    return tuple(found)


def _cheaper_provider(
    outline: Outline, placed_on: Sequence[ProviderSpec], setting: Setting | None
) -> Iterator[Insight]:
    """One provider for all of the work that costs less than the planned ones, and what its capacity costs in time."""
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
    late = 0
    if provider.capacity is not None and setting is not None:
        moved = replace(setting, loads=tuple(replace(load, provider=provider) for load in setting.loads))
        late = max(0, moved.quick_makespan() - setting.quick_makespan())
    time = f"and cost {seconds(late)}, for what it can hold at a time" if late else "and cost no time"
    if provider.capacity is not None and setting is None:
        time = "though its capacity may let less run at the same time"
    yield Insight(
        "CheaperProvider",
        "spec.placement.policy" if allowed else "spec.placement.providers",
        f"all on provider {name} would save ${own - cost:,.2f} of ${own:,.2f} for CPU and memory, {time}",
        "choose placement policy Cheapest" if allowed else f"add {name} to placement.providers",
        saves_usd=own - cost,
        costs_seconds=late,
    )


def _smaller_requests(outline: Outline, placed_on: Sequence[ProviderSpec]) -> Iterator[Insight]:
    """What requests cost that are above what finished attempts used, or above what is planned for such work."""
    for source, learned in (("as finished attempts suggest", True), ("as planned for such work", False)):
        saved = Decimal(0)
        who: list[str] = []
        for one, provider in zip(outline.assigned, placed_on, strict=True):
            better = one.sizing.learned if learned else (one.sizing.usual if one.sizing.learned is None else None)
            own = one.sizing.resources
            if better is None:
                continue
            less = type(own)(min(own.cpu_millis, better.cpu_millis), min(own.memory_bytes, better.memory_bytes))
            if less != own:
                rate = hourly_rate(provider, own) - hourly_rate(provider, less)
                saved += compute_cost(rate, one.duration.middle)
                who.append(f"{one.draft.id}: {shown(less)}")
        if saved >= WORTH_USD:
            yield Insight(
                "SmallerRequests",
                "spec.resourcePolicy.rightSizing",
                f"requests {source} ({names(who)}) would save ${saved:,.2f}, and cost no time as far as is known",
                "leave resources out where you set them, and set rightSizing to Apply",
                saves_usd=saved,
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
            saves_seconds=length - doubled,
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
            saves_pods=pods - enough,
        )
    elif pods >= _MANY_PODS:
        half = pods // 2
        late = replace(setting, max_parallel=half).quick_makespan() - length
        yield Insight(
            "FewerParallel",
            "spec.limits.maxParallel",
            f"maxParallel {half} would hold at most {half} pods in place of {pods}, and cost {seconds(max(0, late))} "
            f"on top of {seconds(length)}",
            f"set maxParallel to {half} where room is scarcer than time",
            saves_pods=pods - half,
            costs_seconds=max(0, late),
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
            saves_seconds=length - shorter,
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
