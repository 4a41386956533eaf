"""Rules about money and time: budget, deadline, what the numbers rest on."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Basis, Severity
from taskdist.engine.rules.rule import Hit, Rule, counted, names, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.facts import Facts

HIGH_COST_USD: Final = 10
"""A plan without a budget is called dear from here on."""
HIGH_DURATION_SECONDS: Final = 4 * 3600
"""A plan without a deadline is called long from here on."""
_DOMINANT: Final = 2
"""One subtask that takes more than a half of the whole cost is named."""


def _usd(value: Decimal) -> str:
    return f"${value:,.2f}"


def _usd_up(value: Decimal) -> str:
    """Write dollars rounded up to a cent, for a budget that must cover them."""
    return _usd(value.quantize(Decimal("0.01"), ROUND_CEILING))


def _budget_exceeded(facts: Facts) -> Iterator[Hit]:
    plan, request = facts.plan, facts.outline.request
    budget, reserved = request.limits.budget_usd, request.cluster.reserved_total_usd
    if plan is None or budget is None or plan.estimate.cost_usd + reserved <= budget:
        return
    who = names([f"{r.name}: {_usd(r.reserved_usd)}" for r in request.cluster.running if r.reserved_usd])
    held = f", and {_usd(reserved)} are reserved by running distributions" if reserved else ""
    held += f" ({who})" if who else ""
    yield Hit(
        f"the plan costs about {_usd(plan.estimate.cost_usd)}{held}; the budget is {_usd(budget)}",
        severity=Severity.ERROR if request.limits.block_on_budget else Severity.WARNING,
        recommendation=f"raise budgetUSD to {_usd_up(plan.estimate.cost_high_usd + reserved)}, which also covers the high "
        "end, or ask for less",
    )


def _high_cost(facts: Facts) -> Iterator[Hit]:
    plan, request = facts.plan, facts.outline.request
    if plan is None:
        return
    budget, reserved = request.limits.budget_usd, request.cluster.reserved_total_usd
    middle, high = plan.estimate.cost_usd, plan.estimate.cost_high_usd
    if budget is None:
        if middle >= HIGH_COST_USD:
            yield Hit(f"the plan costs about {_usd(middle)} (up to {_usd(high)}), and no budget bounds it")
    elif middle + reserved <= budget < high + reserved:
        held = f", with {_usd(reserved)} that running distributions reserve" if reserved else ""
        yield Hit(f"the plan costs about {_usd(middle)}, but may cost {_usd(high)}{held}; the budget is {_usd(budget)}")


def _dominant_cost(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is None or len(plan.subtasks) < 4:
        return
    dearest = max(plan.subtasks, key=lambda s: (s.estimate.cost_usd, s.id))
    if dearest.estimate.cost_usd * _DOMINANT > plan.estimate.cost_usd:
        share = int(100 * dearest.estimate.cost_usd / plan.estimate.cost_usd)
        yield Hit(
            f"{dearest.id} alone is {share} % of the cost ({_usd(dearest.estimate.cost_usd)} of "
            f"{_usd(plan.estimate.cost_usd)})"
        )


def _deadline_missed(facts: Facts) -> Iterator[Hit]:
    plan, deadline = facts.plan, facts.outline.request.limits.deadline_seconds
    if plan is None or deadline is None or plan.estimate.seconds <= deadline:
        return
    if plan.parallelism.critical_path_seconds > deadline:
        return  # DeadlineUnreachable says it
    yield Hit(f"the plan takes about {seconds(plan.estimate.seconds)}; the deadline is {seconds(deadline)}")


def _deadline_unreachable(facts: Facts) -> Iterator[Hit]:
    plan, deadline = facts.plan, facts.outline.request.limits.deadline_seconds
    if plan is None or deadline is None or plan.parallelism.critical_path_seconds <= deadline:
        return
    shape = plan.parallelism
    longest = max(
        (s for s in plan.subtasks if s.id in set(shape.critical_path)), key=lambda s: (s.estimate.seconds, s.id)
    )
    yield Hit(
        f"the longest chain alone ({counted(len(shape.critical_path), 'subtask')}) takes about "
        f"{seconds(shape.critical_path_seconds)}; the deadline is {seconds(deadline)}, and no order and no room can keep it",
        recommendation=f"raise deadlineSeconds, or shorten the chain: its longest part is {longest.id} with "
        f"{seconds(longest.estimate.seconds)}",
    )


def _deadline_at_risk(facts: Facts) -> Iterator[Hit]:
    plan, deadline = facts.plan, facts.outline.request.limits.deadline_seconds
    if plan is not None and deadline is not None and plan.estimate.seconds <= deadline < plan.estimate.seconds_high:
        yield Hit(
            f"the plan takes about {seconds(plan.estimate.seconds)}, but up to {seconds(plan.estimate.seconds_high)}; "
            f"the deadline is {seconds(deadline)}"
        )


def _high_duration(facts: Facts) -> Iterator[Hit]:
    plan, deadline = facts.plan, facts.outline.request.limits.deadline_seconds
    if plan is not None and deadline is None and plan.estimate.seconds >= HIGH_DURATION_SECONDS:
        yield Hit(
            f"the plan takes about {seconds(plan.estimate.seconds)} (up to "
            f"{seconds(plan.estimate.seconds_high)}), and no deadline bounds it"
        )


def _timeout(facts: Facts) -> Iterator[Hit]:
    if facts.plan is None:
        return
    short = [s for s in facts.plan.subtasks if s.timeout_seconds is not None and s.timeout_seconds < s.estimate.seconds]
    if short:
        paths = {a.draft.id: a.draft.path for a in facts.outline.assigned}
        few = names(
            [f"{s.id}: {seconds(s.timeout_seconds or 0)} for about {seconds(s.estimate.seconds)}" for s in short]
        )
        yield Hit(
            f"the time-out of {counted(len(short), 'subtask')} is shorter than the estimate ({few})",
            f"{paths[short[0].id]}.timeoutSeconds",
        )


def _timeout_at_risk(facts: Facts) -> Iterator[Hit]:
    if facts.plan is None:
        return
    close = [
        s
        for s in facts.plan.subtasks
        if s.timeout_seconds is not None and s.estimate.seconds <= s.timeout_seconds < s.estimate.seconds_high
    ]
    if close:
        paths = {a.draft.id: a.draft.path for a in facts.outline.assigned}
        few = names(
            [f"{s.id}: {seconds(s.timeout_seconds or 0)}, up to {seconds(s.estimate.seconds_high)}" for s in close]
        )
        yield Hit(
            f"the time-out of {counted(len(close), 'subtask')} is within the range of the estimate ({few})",
            f"{paths[close[0].id]}.timeoutSeconds",
        )


def _no_history(facts: Facts) -> Iterator[Hit]:
    if facts.plan is None:
        return
    guessed = [s for s in facts.plan.subtasks if s.estimate.basis is Basis.PRIOR]
    if guessed:
        types = sorted({s.agent_type for s in guessed})
        yield Hit(
            f"time and cost of {counted(len(guessed), 'subtask')} rest on documented priors: no finished "
            f"attempt of {names(types)} is known"
        )


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741  one letter keeps the table readable

RULES: Final = (
    Rule(
        "BudgetExceeded",
        E,
        "spec.limits.budgetUSD",
        "The expected cost, with what running distributions of the namespace reserve, is above the "
        "budget. Error while onBudgetExceeded is Block, else Warning.",
        "raise the budget, or ask for less",
        _budget_exceeded,
        needs_plan=True,
    ),
    Rule(
        "HighCost",
        W,
        "spec.limits.budgetUSD",
        f"The high end of the cost is above the budget, or the plan costs ${HIGH_COST_USD} and more without a budget.",
        "set or raise budgetUSD, or look at the insights for what would save",
        _high_cost,
        needs_plan=True,
    ),
    Rule(
        "DominantCost",
        I,
        "spec",
        "One subtask is more than half of the cost.",
        "look there first to save",
        _dominant_cost,
        needs_plan=True,
    ),
    Rule(
        "DeadlineMissed",
        W,
        "spec.limits.deadlineSeconds",
        "The expected duration is above the deadline. No error: estimates may be wrong, and what is not "
        "done by then is cancelled.",
        "raise maxParallel or deadlineSeconds, or choose strategy Deadline",
        _deadline_missed,
        needs_plan=True,
    ),
    Rule(
        "DeadlineUnreachable",
        W,
        "spec.limits.deadlineSeconds",
        "The critical path alone is longer than the deadline.",
        "raise deadlineSeconds, or shorten the longest chain",
        _deadline_unreachable,
        needs_plan=True,
    ),
    Rule(
        "DeadlineAtRisk",
        W,
        "spec.limits.deadlineSeconds",
        "The deadline lies between the expected duration and its high end.",
        "raise deadlineSeconds, or choose strategy Deadline",
        _deadline_at_risk,
        needs_plan=True,
    ),
    Rule(
        "HighDuration",
        W,
        "spec.limits.deadlineSeconds",
        f"The plan takes {HIGH_DURATION_SECONDS // 3600} hours and more without a deadline.",
        "set deadlineSeconds, or split the work along its longest chain",
        _high_duration,
        needs_plan=True,
    ),
    Rule(
        "TimeoutTooShort",
        W,
        "spec.tasks[].timeoutSeconds",
        "A time-out is shorter than the expected duration: the attempt would mostly be ended before it is done.",
        "raise timeoutSeconds, or leave it out",
        _timeout,
        needs_plan=True,
    ),
    Rule(
        "TimeoutAtRisk",
        I,
        "spec.tasks[].timeoutSeconds",
        "A time-out lies between the expected duration and its high end: one attempt in ten to two would be ended by it.",
        "raise timeoutSeconds if a slow attempt is worth waiting for",
        _timeout_at_risk,
        needs_plan=True,
    ),
    Rule(
        "NoHistory",
        I,
        "spec",
        "Estimates rest on documented priors, because no attempt of the agent type has finished yet.",
        "expect the range, not the middle; the next plan knows more",
        _no_history,
        needs_plan=True,
    ),
)
