"""Resources, durations and cost of one subtask."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.requests import GIB, MIB, provider, room

from taskdist.engine.cost import agent_cost, estimate, hourly_rate, total
from taskdist.engine.durations import LONGEST_SECONDS, Duration, duration
from taskdist.engine.model import (
    AgentTypeSpec,
    Basis,
    ClusterFacts,
    Complexity,
    Observation,
    ResourcePolicy,
    ResourceRequest,
    Resources,
    RightSizing,
)
from taskdist.engine.resources import cpu_quantum, memory_quantum, size

USUAL = AgentTypeSpec("analysis", "analysis")
MIDDLE = Complexity(0.5)
NOTHING = ResourceRequest()


def sized(score=0.5, asked=NOTHING, seen=None, policy=None, cluster=None, agent=USUAL):
    return size(agent, Complexity(score), asked, seen, policy or ResourcePolicy(), cluster or ClusterFacts())


def learned(samples=95, memory=200 * MIB, cpu=100, p50=60.0, p90=120.0):
    return Observation("analysis", samples, p50, p90, memory, cpu)


def test_a_plain_task_of_middle_complexity_gets_half_a_core_and_a_gibibyte():
    assert sized().resources == Resources(500, 1024 * MIB)


@pytest.mark.parametrize(
    ("score", "cpu", "memory"),
    [(0.0, 250, 512), (0.3, 400, 768), (0.5, 500, 1024), (0.7, 750, 1536), (1.0, 1000, 2048)],
)
def test_grows_in_steps_with_complexity(score, cpu, memory):
    assert sized(score).resources == Resources(cpu, memory * MIB)


def test_takes_what_the_user_asked_for_and_plans_the_rest():
    assert sized(asked=ResourceRequest(cpu_millis=1234)).resources == Resources(1234, 1024 * MIB)


@pytest.mark.parametrize(
    ("asked", "policy", "cluster", "got", "bounds"),
    [
        pytest.param(room("8", "1Gi"), {}, {}, room("4", "1Gi"), ["resourcePolicy.max"], id="policy's maximum"),
        pytest.param(
            room("10m", "1Mi"), {}, {}, room("100m", "64Mi"), ["resourcePolicy.min"] * 2, id="policy's minimum"
        ),
        pytest.param(
            room("3", "4Gi"),
            {},
            {"limit_maximum": room("2", "3Gi")},
            room("2", "3Gi"),
            ["LimitRange max"] * 2,
            id="LimitRange",
        ),
        pytest.param(
            room("3", "4Gi"),
            {},
            {"largest_node": room("1", "1Gi")},
            room("3", "4Gi"),
            [],
            id="a user's own may wait for a larger node",
        ),
    ],
)
def test_keeps_to_every_bound(asked, policy, cluster, got, bounds):
    found = sized(
        asked=ResourceRequest(asked.cpu_millis, asked.memory_bytes),
        policy=ResourcePolicy(**policy),
        cluster=ClusterFacts(**cluster),
    )
    assert found.resources == got
    assert [clamp.bound for clamp in found.clamps] == bounds


def test_a_planned_request_is_cut_to_the_largest_node():
    found = sized(1.0, cluster=ClusterFacts(largest_node=room("900m", "1Gi")))
    assert found.resources == room("900m", "1Gi")
    assert [c.bound for c in found.clamps] == ["largest node", "largest node"]


def test_history_draws_the_request_towards_what_was_used():
    few, many = sized(seen=learned(samples=2)), sized(seen=learned(samples=500))
    assert 200 * MIB * 1.2 <= many.resources.memory_bytes < few.resources.memory_bytes < GIB
    assert many.resources.memory_bytes == 256 * MIB


@pytest.mark.parametrize("mode", [RightSizing.OFF, RightSizing.RECOMMEND])
def test_history_is_not_applied_against_the_users_will(mode):
    found = sized(seen=learned(), policy=ResourcePolicy(right_sizing=mode))
    assert found.resources == Resources(500, GIB)
    assert (found.learned is None) == (mode is RightSizing.OFF)


@given(st.integers(1, 10**6), st.integers(1, 2**45))
def test_steps_round_up_and_are_stable(millis, memory):
    assert millis <= cpu_quantum(millis) <= millis + 500
    assert cpu_quantum(cpu_quantum(millis)) == cpu_quantum(millis)
    assert memory <= memory_quantum(memory) <= memory + GIB
    assert memory_quantum(memory_quantum(memory)) == memory_quantum(memory)


def test_duration_of_middle_complexity_is_the_base():
    assert duration(USUAL, MIDDLE, None) == Duration(158, 300, 569, Basis.PRIOR, 300.0)


def test_history_moves_the_duration_and_narrows_its_range():
    prior, seen = duration(USUAL, MIDDLE, None), duration(USUAL, MIDDLE, learned(samples=995, p50=60, p90=66))
    assert seen.middle == 60
    assert seen.basis is Basis.HISTORY
    assert seen.high / seen.middle < prior.high / prior.middle


@given(st.floats(0, 1), st.integers(0, 10**9), st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 10**7))
def test_a_duration_is_ordered_and_bounded(score, samples, p50, p90, base):
    found = duration(
        AgentTypeSpec("a", "a", base_seconds=base), Complexity(score), Observation("a", samples, p50, p90, 0, 0)
    )
    assert 1 <= found.low <= found.middle <= found.high <= LONGEST_SECONDS


def test_cost_is_agent_plus_hours_times_price():
    place = provider("x", "0.40", "0.10")
    assert hourly_rate(place, room("500m", "1Gi")) == Decimal("0.30")
    assert agent_cost(USUAL, MIDDLE) == Decimal("0.05")
    found = estimate(USUAL, MIDDLE, room("500m", "1Gi"), place, Duration(1800, 3600, 7200, Basis.PRIOR, 3600.0))
    assert (found.cost_low_usd, found.cost_usd, found.cost_high_usd) == (
        Decimal("0.2000"),
        Decimal("0.3500"),
        Decimal("0.6500"),
    )


def test_a_plain_task_costs_about_five_cents():
    found = estimate(
        USUAL, MIDDLE, room("500m", "1Gi"), provider("default", "0.0316", "0.0042"), duration(USUAL, MIDDLE, None)
    )
    assert Decimal("0.05") <= found.cost_usd <= Decimal("0.06")


def test_the_spot_discount_is_taken_off():
    assert hourly_rate(provider("x", "1", "0", spot_discount=Decimal("0.7")), room("1", "1Gi")) == Decimal("0.3")


def one(low, middle, high, basis):
    return estimate(
        USUAL, MIDDLE, room("1", "0"), provider("x", "3600", "0"), Duration(low, middle, high, basis, float(middle))
    )


def test_priors_err_together_and_history_apart():
    alike = [one(10, 20, 40, Basis.PRIOR)] * 4
    assert total(alike, (1, 2, 3)).cost_high_usd - total(alike, (1, 2, 3)).cost_usd == 4 * 20
    apart = [one(10, 20, 40, Basis.HISTORY)] * 4
    assert total(apart, (1, 2, 3)).cost_high_usd - total(apart, (1, 2, 3)).cost_usd == 2 * 20


def test_rests_on_history_when_most_subtasks_do():
    mixed = [one(1, 2, 3, Basis.HISTORY)] * 2 + [one(1, 2, 3, Basis.PRIOR)]
    assert total(mixed, (1, 1, 1)).basis is Basis.HISTORY
    assert total(mixed[1:], (1, 1, 1)).basis is Basis.PRIOR


@given(
    st.lists(
        st.tuples(st.integers(1, 100), st.integers(0, 100), st.integers(0, 100), st.sampled_from(Basis)), max_size=8
    )
)
def test_the_total_is_ordered_and_adds_up(parts):
    estimates = [one(a, a + b, a + b + c, basis) for a, b, c, basis in parts]
    found = total(estimates, (1, 2, 3))
    assert found.cost_low_usd <= found.cost_usd <= found.cost_high_usd
    assert found.cost_usd == sum((e.cost_usd for e in estimates), Decimal(0))
    assert sum((e.cost_low_usd for e in estimates), Decimal(0)) <= found.cost_low_usd
