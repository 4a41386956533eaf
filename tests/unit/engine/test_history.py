"""What finished attempts teach, and what plans make of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.requests import MIB

from taskdist import engine
from taskdist.engine.durations import duration
from taskdist.engine.history import MOST_TASKS, Learned, Run, task_key
from taskdist.engine.model import (
    AgentTypeSpec,
    Basis,
    ClusterFacts,
    Complexity,
    Plan,
    PlanRequest,
    ResourcePolicy,
    ResourceRequest,
    Resources,
    RightSizing,
    TaskSpec,
    Work,
)
from taskdist.engine.resources import HEADROOM, size

USUAL = AgentTypeSpec("analysis", "analysis", runs_text=True)
MIDDLE = Complexity(0.5)
SCRIPT = Work(script="wc -l access.log")
KEY = task_key("analysis", "", SCRIPT)
NEAR = 0.051


def run(seconds: float = 40, mebibytes: int = 100) -> Run:
    return Run(seconds, memory_bytes=mebibytes * MIB)


def killed(mebibytes: int) -> Run:
    return Run(memory_bytes=mebibytes * MIB, memory_above=True)


def after(*runs: Run, key: str = KEY) -> Learned:
    made = Learned()
    for one in runs:
        made.add(one, MIDDLE, key)
    return made


def memory_of(known: Learned, policy: ResourcePolicy | None = None) -> int:
    seen = known.observation("analysis")
    same = {task.key: task for task in seen.tasks}.get(KEY)
    return size(
        USUAL, MIDDLE, ResourceRequest(), seen, policy or ResourcePolicy(), ClusterFacts(), same
    ).resources.memory_bytes


def plan_after(known: Learned, work: Work = SCRIPT, **more: object) -> Plan:
    task = TaskSpec("count", agent_type="analysis", work=work)
    request = PlanRequest(
        "again", tasks=(task,), agent_types=(USUAL,), history=(known.observation("analysis"),), **more
    )
    return engine.plan(request)


def test_the_second_plan_of_a_task_rests_on_its_first_run() -> None:
    first, second = (plan_after(known).subtasks[0] for known in (Learned(), after(run(40, 100))))
    assert first.estimate.basis is Basis.PRIOR
    assert second.estimate.basis is Basis.HISTORY
    assert abs(second.estimate.seconds - 40) < abs(first.estimate.seconds - 40) / 4
    assert 100 * MIB <= second.resources.memory_bytes < first.resources.memory_bytes / 3


def test_the_more_runs_the_closer_the_estimate() -> None:
    off = [abs(plan_after(after(*[run(40)] * n)).subtasks[0].estimate.seconds - 40) for n in (1, 3, 10)]
    assert off[0] > off[1] >= off[2]
    assert off[2] <= 3


def test_another_task_of_the_agent_type_learns_less() -> None:
    known = after(run(40))
    same, other = (plan_after(known, work).subtasks[0].estimate.seconds for work in (SCRIPT, Work(script="sort")))
    assert same < other < plan_after(Learned()).subtasks[0].estimate.seconds


def test_the_finding_that_there_is_no_history_goes() -> None:
    assert "NoHistory" in {f.code for f in plan_after(Learned()).findings}
    assert "NoHistory" not in {f.code for f in plan_after(after(run())).findings}


def test_less_than_what_was_needed_is_never_asked_for() -> None:
    assert memory_of(after(run(mebibytes=3000))) >= 3000 * MIB


@given(st.lists(st.integers(64, 6000), min_size=1, max_size=19))
def test_what_most_attempts_needed_fits(needs: list[int]) -> None:
    """Of less than 20 attempts the 95 % quantile is the largest; the headroom is more than the sketch is off."""
    assert memory_of(after(*(run(mebibytes=need) for need in needs))) >= max(needs) * MIB


def test_a_kill_for_want_of_memory_asks_for_more_than_the_limit() -> None:
    assert memory_of(after(killed(2000))) > 2000 * MIB * 1.5


def test_a_kill_and_the_run_that_fitted_ask_for_what_fitted() -> None:
    asked = memory_of(after(killed(2000), run(mebibytes=2500)))
    assert 2500 * MIB <= asked <= 2500 * MIB * HEADROOM * 1.1 + 256 * MIB


def test_right_sizing_off_sizes_by_the_priors() -> None:
    off = ResourcePolicy(right_sizing=RightSizing.OFF)
    assert memory_of(after(run(mebibytes=100)), off) == 1024 * MIB


def test_a_hard_task_teaches_the_same_as_an_easy_one() -> None:
    """Each at its own complexity: twice as hard took twice as long."""
    easy, hard = Learned(), Learned()
    easy.add(Run(60.0, memory_bytes=50 * MIB), Complexity(0.1))
    hard.add(Run(140.0, memory_bytes=200 * MIB), Complexity(0.9))
    a, b = easy.observation("analysis"), hard.observation("analysis")
    assert (a.seconds_p50, a.memory_bytes_p95) == (b.seconds_p50, b.memory_bytes_p95)


def test_durations_without_memory_leave_the_request_alone() -> None:
    assert memory_of(after(*[Run(40.0)] * 50)) == 1024 * MIB


def test_a_time_out_says_that_it_takes_longer() -> None:
    seen = after(run(40), run(40), Run(100.0, seconds_above=True)).observation("analysis")
    assert duration(USUAL, MIDDLE, seen, seen.tasks[0]).high > duration(USUAL, MIDDLE, None).middle / 4
    assert seen.seconds_p90 > 100


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(("Count  rows", Work()), ("count rows", Work()), True, id="case and spaces do not matter"),
        pytest.param(("Count rows", Work()), ("Sort rows", Work()), False, id="words do"),
        pytest.param(("a", SCRIPT), ("b", SCRIPT), True, id="of a script, the script alone"),
        pytest.param(("a", SCRIPT), ("a", Work(script="sort")), False, id="another script"),
        pytest.param(("a", SCRIPT), ("a", Work(SCRIPT.script, env=(("N", "9"),))), False, id="another variable"),
    ],
)
def test_a_task_is_known_again_by_its_work(one: tuple[str, Work], other: tuple[str, Work], same: bool) -> None:
    assert (task_key("analysis", *one) == task_key("analysis", *other)) is same


def test_the_items_of_a_fan_out_are_one_task() -> None:
    keys = {task_key("analysis", f"Scan {item} for holes", Work(), item) for item in ("api", "web", "a.b*")}
    assert len(keys) == 1
    assert task_key("testing", "Scan api for holes", Work(), "api") not in keys


def test_a_fan_out_in_the_next_plan_learns_from_the_last_one() -> None:
    tasks = (TaskSpec("scan", "Scan $(item) for holes", agent_type="analysis", for_each=("api", "web")),)
    known = after(*[run(20)] * 5, key=task_key("analysis", "Scan shop for holes", Work(), "shop"))
    found = engine.plan(
        PlanRequest("again", tasks=tasks, agent_types=(USUAL,), history=(known.observation("analysis"),))
    )
    assert [s.estimate.seconds for s in found.subtasks] == pytest.approx([20, 20], abs=6)


@given(st.integers(0, 2**32), st.integers(1, 400))
def test_what_is_remembered_is_bounded_and_keeps_what_comes_again(seed: int, newcomers: int) -> None:
    made, chance = Learned(), random.Random(seed)
    regulars = [f"{i:016x}" for i in range(40)]
    for key in regulars * 2:
        made.add(run(), MIDDLE, key)
    for i in range(newcomers):
        made.add(run(chance.uniform(1, 1e6), chance.randint(1, 10**6)), Complexity(chance.random()), f"new{i:013x}")
    assert len(made.tasks) <= MOST_TASKS
    assert set(regulars) <= made.tasks.keys()
    assert made.whole.samples == 80 + newcomers


@given(st.permutations(["b", "a", "c"]))
def test_the_order_in_which_tasks_were_seen_does_not_change_a_plan(keys: list[str]) -> None:
    made = Learned()
    for key in keys:
        made.add(run(), MIDDLE, key)
    assert [task.key for task in made.observation("analysis").tasks] == ["a", "b", "c"]


def test_equal_requests_with_history_make_equal_plans() -> None:
    assert plan_after(after(run(), killed(64))) == plan_after(after(run(), killed(64)))


def test_a_request_of_the_user_stands() -> None:
    known = after(run(mebibytes=900))
    asked = ResourceRequest(None, 128 * MIB)
    found = size(
        USUAL,
        MIDDLE,
        asked,
        known.observation("analysis"),
        ResourcePolicy(),
        ClusterFacts(),
        known.observation("a").tasks[0],
    )
    assert found.resources == Resources(found.resources.cpu_millis, 128 * MIB)
