"""What each strategy promises, on any request: documented in docs/planning.md, held here."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.engine.requests import provider, request, room, task
from tests.unit.engine.test_plan import requests, tasks

from taskdist.engine import plan
from taskdist.engine.model import Strategy, TriggerRule
from taskdist.engine.schedule.objective import Outcome, best

providers = st.lists(
    st.builds(
        lambda price, cores: (price, room(str(cores), "64Gi") if cores else None),
        st.sampled_from(["0.01", "0.05", "0.4"]),
        st.sampled_from([0, 1, 2, 8]),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: tuple(provider(f"p{i}", price, capacity=capacity) for i, (price, capacity) in enumerate(found)))
placed = st.builds(
    lambda chosen, where, parallel, deadline: request(
        *chosen, providers=where, max_parallel=parallel, deadline_seconds=deadline
    ),
    tasks(),
    providers,
    st.integers(1, 6),
    st.none() | st.integers(1, 2000),
)


def by(asked, strategy):
    return plan(dataclasses.replace(asked, strategy=strategy))


@settings(max_examples=100)
@given(placed)
def test_cost_optimized_never_costs_more_than_another_strategy_that_keeps_the_same_edges(asked):
    asked = dataclasses.replace(asked, limits=dataclasses.replace(asked.limits, deadline_seconds=None))
    cheapest = by(asked, Strategy.COST_OPTIMIZED)
    for other in (Strategy.BALANCED, Strategy.DEADLINE, Strategy.PARALLEL, Strategy.SEQUENTIAL):
        made = by(asked, other)
        assert cheapest.estimate.cost_usd <= made.estimate.cost_usd, other


@settings(max_examples=100)
@given(placed)
def test_sequential_runs_one_at_a_time(asked):
    made = by(asked, Strategy.SEQUENTIAL)
    ordered = sorted(made.subtasks, key=lambda s: (s.start, s.finish))
    assert all(one.finish <= other.start for one, other in pairwise(ordered))
    if all(s.trigger_rule is TriggerRule.ALL_SUCCEEDED for s in made.subtasks):
        assert made.parallelism.width <= 1
        assert made.parallelism.layers == len(made.subtasks)


@settings(max_examples=150)
@given(requests)
def test_the_schedule_lies_between_its_bounds(asked):
    made = plan(asked)
    if not made.subtasks:
        return
    quality, shape = made.schedule, made.parallelism
    makespan = max(s.finish for s in made.subtasks)
    assert quality.makespan_seconds == makespan <= made.estimate.seconds
    assert shape.critical_path_seconds <= quality.lower_bound_seconds <= quality.best_known_seconds <= makespan
    assert makespan <= shape.work_seconds
    assert quality.gap == pytest.approx(makespan / quality.lower_bound_seconds - 1)
    assert shape.speedup == pytest.approx(shape.work_seconds / makespan)
    assert made.estimate.seconds_low <= made.estimate.seconds <= made.estimate.seconds_high
    assert made.estimate.cost_low_usd <= made.estimate.cost_usd <= made.estimate.cost_high_usd


@settings(max_examples=100)
@given(requests)
def test_waits_tell_the_truth(asked):
    made = plan(asked)
    subtasks = {s.id: s for s in made.subtasks}
    for wait in made.waits:
        one, other = subtasks[wait.before], subtasks[wait.after]
        ready = max((subtasks[d.name].finish for d in other.depends_on), default=0)
        assert wait.seconds == one.finish - ready > 0
        assert one.finish <= other.start
        assert any(wait.lock in lock for lock in one.locks)
        assert wait.inferred == wait.lock.startswith("auto:")


outcomes = st.lists(
    st.builds(
        lambda makespan, longer, cents: Outcome(makespan, makespan + longer, Decimal(cents) / 100),
        st.integers(1, 500),
        st.integers(0, 500),
        st.integers(1, 500),
    ),
    min_size=1,
    max_size=6,
)


def late(seconds, deadline):
    return 0 if deadline is None else max(0, seconds - deadline)


@given(outcomes, st.none() | st.integers(1, 500))
def test_each_strategy_chooses_by_its_own_objective(found, deadline):
    chosen = {strategy: found[best(strategy, found, deadline)] for strategy in Strategy}
    for one in found:
        assert chosen[Strategy.PARALLEL].makespan <= one.makespan
        assert (late(chosen[Strategy.COST_OPTIMIZED].makespan, deadline), chosen[Strategy.COST_OPTIMIZED].cost_usd) <= (
            late(one.makespan, deadline),
            one.cost_usd,
        )
        safest = chosen[Strategy.DEADLINE]
        assert (late(safest.slow_makespan, deadline), safest.slow_makespan) <= (
            late(one.slow_makespan, deadline),
            one.slow_makespan,
        )
        balanced = chosen[Strategy.BALANCED]
        assert not (one.makespan < balanced.makespan and one.cost_usd < balanced.cost_usd)


@given(st.sampled_from(Strategy), st.integers(1, 6))
def test_limits_are_the_same_for_every_strategy(strategy, parallel):
    made = plan(request(*(task(f"t{i}") for i in range(8)), strategy=strategy, max_parallel=parallel))
    moments = {s.start for s in made.subtasks}
    assert all(sum(s.start <= at < s.finish for s in made.subtasks) <= parallel for at in moments)
