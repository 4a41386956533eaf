from decimal import Decimal

import pytest
from tests.unit.engine.requests import codes, finding, planned, provider, room, subtask, task

from taskdist.engine.model import PlacementPolicy, Severity, Strategy
from taskdist.engine.schedule.objective import Outcome, best

CHEAP, DEAR = provider("cheap", "0.01", "0.001"), provider("dear", "0.10", "0.010")


def places(plan):
    return [s.provider for s in plan.subtasks]


def test_without_providers_there_is_an_implicit_one():
    plan = planned(task("a"))
    assert places(plan) == ["default"]
    assert finding(plan, "SingleProvider").severity is Severity.INFO


def test_takes_the_cheapest():
    assert places(planned(task("a"), providers=(DEAR, CHEAP))) == ["cheap"]


def test_takes_the_first_in_order():
    plan = planned(
        task("a"),
        providers=(CHEAP, DEAR),
        allowed_providers=("dear", "cheap"),
        placement_policy=PlacementPolicy.ORDERED,
    )
    assert places(plan) == ["dear"]


def test_orders_by_priority_where_the_user_gives_no_order():
    high = provider("zebra", "1", "1", priority=5)
    assert places(planned(task("a"), providers=(CHEAP, high), placement_policy=PlacementPolicy.ORDERED)) == ["zebra"]


def test_goes_on_to_the_next_when_the_first_is_full():
    small = provider("first", capacity=room("1", "2Gi"))
    tasks = [task(f"t{i}") for i in range(4)]
    plan = planned(
        *tasks, providers=(small, DEAR), allowed_providers=("first", "dear"), placement_policy=PlacementPolicy.ORDERED
    )
    assert sorted(places(plan)) == ["dear", "dear", "first", "first"]
    assert {s.start for s in plan.subtasks} == {0}
    assert "SeveralProviders" in codes(plan)


def test_spreads_evenly():
    tasks = [task(f"t{i}") for i in range(6)]
    plan = planned(*tasks, providers=(CHEAP, DEAR, provider("third")), placement_policy=PlacementPolicy.SPREAD)
    assert sorted(places(plan)) == ["cheap", "cheap", "dear", "dear", "third", "third"]


def test_fastest_takes_the_emptiest():
    roomy = provider("roomy", "0.10", "0.10", capacity=room("100", "100Gi"))
    tight = provider("tight", "0.01", "0.01", capacity=room("1", "2Gi"))
    tasks = [task(f"t{i}") for i in range(5)]
    plan = planned(*tasks, providers=(roomy, tight), placement_policy=PlacementPolicy.FASTEST)
    assert {s.start for s in plan.subtasks} == {0}
    assert places(plan).count("roomy") == 4


def test_leaves_out_what_is_unhealthy():
    plan = planned(task("a"), providers=(provider("cheap", "0.01", healthy=False), DEAR))
    assert places(plan) == ["dear"]
    assert "left out" in finding(plan, "UnhealthyProvider").message


def test_waits_where_all_are_unhealthy():
    plan = planned(task("a"), providers=(provider("only", healthy=False),))
    assert places(plan) == ["only"]
    assert plan.valid
    assert "waits until one is back" in finding(plan, "UnhealthyProvider").message


def test_a_provider_too_small_for_a_pod_is_passed_over():
    tiny = provider("tiny", "0.001", "0.001", capacity=room("100m", "64Mi"))
    assert places(planned(task("a"), providers=(tiny, DEAR))) == ["dear"]
    plan = planned(task("a"), providers=(tiny,))
    assert finding(plan, "CapacityShort").severity is Severity.ERROR


@pytest.mark.parametrize(
    ("named", "severity"),
    [
        pytest.param(("cheap", "deer"), Severity.WARNING, id="one of two is known"),
        pytest.param(("deer",), Severity.ERROR, id="none is known"),
    ],
)
def test_unknown_providers_are_named(named, severity):
    plan = planned(task("a"), providers=(CHEAP, DEAR), allowed_providers=named)
    found = finding(plan, "UnknownProvider")
    assert found.severity is severity
    assert 'did you mean "dear"?' in found.message


def test_named_providers_without_any_provider_are_a_warning():
    plan = planned(task("a"), allowed_providers=("aws", "gcp"))
    assert finding(plan, "UnknownProvider").severity is Severity.WARNING
    assert plan.valid


@pytest.mark.parametrize(
    ("strategy", "deadline", "chosen"),
    [
        pytest.param(Strategy.PARALLEL, None, ["dear", "small"], id="Parallel goes on to the dear one"),
        pytest.param(Strategy.COST_OPTIMIZED, None, ["small", "small"], id="CostOptimized waits for the cheap one"),
        pytest.param(Strategy.COST_OPTIMIZED, 150, ["dear", "small"], id="CostOptimized pays to meet the deadline"),
        pytest.param(Strategy.DEADLINE, 150, ["dear", "small"], id="Deadline lowers the risk"),
    ],
)
def test_the_strategy_decides_whether_to_wait_for_the_cheapest(strategy, deadline, chosen):
    small = provider("small", "0.01", "0.01", capacity=room("500m", "1Gi"))
    dear = provider("dear", "50", "50")
    plan = planned(task("a"), task("b"), providers=(small, dear), strategy=strategy, deadline_seconds=deadline)
    assert sorted(places(plan)) == chosen


def outcome(makespan, cost, slow=None):
    return Outcome(makespan, slow or 2 * makespan, Decimal(cost))


@pytest.mark.parametrize(
    ("strategy", "deadline", "chosen"),
    [
        pytest.param(Strategy.PARALLEL, None, 0, id="Parallel: shortest"),
        pytest.param(Strategy.COST_OPTIMIZED, None, 1, id="CostOptimized: cheapest"),
        pytest.param(Strategy.COST_OPTIMIZED, 80, 2, id="CostOptimized: cheapest that meets the deadline"),
        pytest.param(Strategy.COST_OPTIMIZED, 10, 0, id="CostOptimized: nearest to a deadline that none meets"),
        pytest.param(Strategy.BALANCED, None, 2, id="Balanced: between them"),
        pytest.param(Strategy.DEADLINE, 130, 3, id="Deadline: least late when work is slow"),
    ],
)
def test_objectives(strategy, deadline, chosen):
    candidates = [outcome(50, "4", slow=140), outcome(200, "1"), outcome(70, "1.5"), outcome(75, "2", slow=120)]
    assert best(strategy, candidates, deadline) == chosen


def test_the_plan_never_exceeds_a_providers_capacity():
    small = provider("only", capacity=room("1", "2Gi"))
    plan = planned(*(task(f"t{i}") for i in range(5)), providers=(small,))
    assert max(sum(s.start <= t < s.finish for s in plan.subtasks) for t in range(0, 300, 50)) == 2
    assert subtask(plan, "t4").start == 200
