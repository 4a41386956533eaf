"""The plan as a whole: what holds for every request."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.engine.requests import PLAIN, TALKER, codes, finding, planned, provider, request, room, subtask, task

from taskdist.engine import plan
from taskdist.engine.model import (
    ClusterFacts,
    EdgeSource,
    Finding,
    Limits,
    Observation,
    PlacementPolicy,
    Plan,
    ResourceRequest,
    Resources,
    Severity,
    Strategy,
    TriggerRule,
    Work,
)

names = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"])


@st.composite
def tasks(draw, most=8):
    """Tasks that wait for earlier ones, so that the graph has no cycle, with anything else about them."""
    chosen = draw(st.lists(names, min_size=1, max_size=most, unique=True))
    made = []
    for i, name in enumerate(chosen):
        upstream = draw(st.lists(st.sampled_from(chosen[:i]), unique=True, max_size=3)) if i else []
        made.append(
            task(name)
            .after(*upstream)
            .having(
                complexity=draw(st.none() | st.floats(0, 1)),
                description=draw(st.sampled_from(["", "Deploy the shop", "Count all rows", "Write /data/x.csv"])),
                locks=tuple(draw(st.lists(st.sampled_from(["db", "disk"]), unique=True))),
                for_each=tuple(draw(st.lists(st.sampled_from(["x", "y", "z"]), max_size=3))),
                trigger_rule=draw(st.sampled_from(TriggerRule)) if upstream else TriggerRule.ALL_SUCCEEDED,
                resources=ResourceRequest(
                    draw(st.none() | st.integers(1, 9000)), draw(st.none() | st.integers(1, 2**36))
                ),
            )
        )
    return tuple(made)


rooms = st.builds(Resources, st.integers(0, 6000), st.integers(0, 2**34))
requests = st.builds(
    lambda chosen, **fields: request(*chosen, **fields),
    tasks(),
    max_parallel=st.integers(1, 6),
    budget_usd=st.none() | st.decimals(0, 1, places=2),
    deadline_seconds=st.none() | st.integers(1, 2000),
    strategy=st.sampled_from(Strategy),
    placement_policy=st.sampled_from(PlacementPolicy),
    cluster=st.builds(
        ClusterFacts,
        largest_node=st.none() | rooms,
        allocatable=st.none() | rooms,
        quota_free=st.none() | rooms,
        quota_free_pods=st.none() | st.integers(0, 5),
    ),
    providers=st.sampled_from([(), (provider("x", capacity=room("3", "6Gi")), provider("y", "0.5"))]),
    history=st.sampled_from([(), (Observation("plain", 50, 40.0, 90.0, 2**28, 300),)]),
)


@settings(max_examples=150)
@given(requests)
def test_a_plan_keeps_its_promises(asked):
    made = plan(asked)
    place = {s.id: i for i, s in enumerate(made.subtasks)}
    by_id = {s.id: s for s in made.subtasks}
    assert len(place) == len(made.subtasks) > 0
    for s in made.subtasks:
        for d in s.depends_on:
            assert place[d.name] < place[s.id], "subtasks are in a topological order"
            assert by_id[d.name].finish <= s.start, "nothing starts before what it waits for has ended"
            assert by_id[d.name].priority > s.priority, "the dispatch order respects dependencies"
        assert s.finish - s.start == s.estimate.seconds
        assert s.slack_seconds >= 0
        assert s.critical == (s.slack_seconds == 0)
        assert s.estimate.cost_low_usd <= s.estimate.cost_usd <= s.estimate.cost_high_usd
        assert s.resources.cpu_millis >= 1
    assert sorted(s.priority for s in made.subtasks) == list(range(len(place)))
    slots = 1 if asked.strategy is Strategy.SEQUENTIAL else asked.limits.max_parallel
    for t in {s.start for s in made.subtasks}:
        running = [s for s in made.subtasks if s.start <= t < s.finish]
        assert len(running) <= slots
        held = [lock for s in running for lock in s.locks]
        assert len(held) == len(set(held)), "nobody shares a lock"
    assert max(s.finish for s in made.subtasks) == made.schedule.makespan_seconds <= made.estimate.seconds
    assert made.schedule.lower_bound_seconds <= made.schedule.best_known_seconds <= made.schedule.makespan_seconds
    assert made.estimate.seconds_low <= made.estimate.seconds <= made.estimate.seconds_high
    assert made.estimate.cost_usd == sum((s.estimate.cost_usd for s in made.subtasks), Decimal(0))
    assert 0 <= made.parallelism.potential < 1
    assert made.parallelism.width <= len(place)
    assert (
        sum(by_id[i].estimate.seconds for i in made.parallelism.critical_path) == made.parallelism.critical_path_seconds
    )
    assert all(by_id[i].critical for i in made.parallelism.critical_path)


@settings(max_examples=60)
@given(requests, st.randoms(use_true_random=False))
def test_the_same_request_gives_the_same_plan_whatever_the_order_of_sets(asked, dice):
    def shuffled(items):
        items = list(items)
        dice.shuffle(items)
        return tuple(items)

    again = dataclasses.replace(
        asked,
        agent_types=shuffled(asked.agent_types),
        providers=shuffled(asked.providers),
        tasks=tuple(
            dataclasses.replace(t, depends_on=shuffled(t.depends_on), locks=shuffled(t.locks)) for t in asked.tasks
        ),
    )
    assert plan(again) == plan(asked)


hostile = st.text(max_size=20) | st.sampled_from(
    ["a", "b", "\u202eevil", "../x", "$(item)", "a" * 300, "\ud800", "A B", "-", ""]
)


@settings(max_examples=150)
@given(
    st.lists(
        st.builds(
            lambda name, upstream, script, each, complexity, result: (
                task(name)
                .after(*upstream)
                .running(script)
                .having(for_each=tuple(each), complexity=complexity, for_each_result=result)
            ),
            hostile,
            st.lists(hostile, max_size=3),
            hostile | st.just("$(tasks.a.results.x) $(tasks.) $$(tasks.b.results.y)"),
            st.lists(hostile, max_size=3),
            st.none() | st.floats(),
            hostile | st.just("a.items"),
        ),
        max_size=6,
    ),
    st.integers(-5, 5),
)
def test_hostile_input_gives_findings_and_never_an_exception(made, parallel):
    found = plan(request(*made, limits=Limits(max_parallel=parallel)))
    assert isinstance(found, Plan)
    for f in found.findings:
        assert f.message.isprintable()
        assert len(f.message) <= 1500
        assert len(f.path) <= 500
    assert list(found.findings) == list(dict.fromkeys(found.findings))
    if not found.subtasks:
        assert found.hash == ""
        assert not found.valid


def test_two_equal_independent_subtasks_have_a_potential_of_one_half():
    made = planned(task("a"), task("b"))
    assert made.parallelism.potential == pytest.approx(0.5)
    assert (made.parallelism.width, made.parallelism.layers, made.parallelism.speedup) == (2, 1, 2.0)


def test_speed_up_is_what_max_parallel_lets_through():
    made = planned(*(task(f"t{i}") for i in range(6)), max_parallel=2)
    assert made.parallelism.speedup == pytest.approx(2.0)
    assert made.parallelism.width == 6
    assert made.schedule.makespan_seconds == 300


def test_slack_is_the_time_a_subtask_may_be_late():
    made = planned(task("a"), task("b").having(complexity=1.0), task("c").after("a", "b"))
    assert subtask(made, "a").slack_seconds == 50
    assert not subtask(made, "a").critical
    assert made.parallelism.critical_path == ("b", "c")


def test_data_flow_makes_an_edge():
    made = planned(task("list"), task("count").running("wc $(tasks.list.results.files)"))
    (edge,) = subtask(made, "count").depends_on
    assert (edge.name, edge.source, edge.confidence) == ("list", EdgeSource.INFERRED, 1.0)
    assert edge.cue == "$(tasks.list.results.files)"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"args": ("$(tasks.list.results.x)",)}, id="args"),
        pytest.param({"env": (("X", "$(tasks.list.results.x)"),)}, id="env"),
        pytest.param({"script": "echo $(tasks.list.results.x)"}, id="script"),
    ],
)
def test_data_flow_is_seen_wherever_the_agent_fills_it_in(fields):
    made = planned(task("list"), task("use").having(work=Work(**{"script": "", "command": ("cat",), **fields})))
    assert [d.name for d in subtask(made, "use").depends_on] == ["list"]


def test_a_declared_edge_wins_over_the_same_found_one():
    made = planned(task("a"), task("b").after("a").running("echo $(tasks.a.results.x)"))
    assert [d.source for d in subtask(made, "b").depends_on] == [EdgeSource.DECLARED]


def test_an_escaped_placeholder_is_text():
    assert subtask(planned(task("a"), task("b").running("echo $$(tasks.a.results.x)")), "b").depends_on == ()


def test_for_each_becomes_one_subtask_for_each_item_and_others_wait_for_all():
    made = planned(task("scan").doing("Scan $(item)").each("eu", "us"), task("join").after("scan"))
    assert [(s.id, s.item, s.description) for s in made.subtasks[:2]] == [
        ("scan-0", "eu", "Scan eu"),
        ("scan-1", "us", "Scan us"),
    ]
    assert [d.name for d in subtask(made, "join").depends_on] == ["scan-0", "scan-1"]


def test_one_subtask_of_a_for_each_may_be_meant_by_its_id():
    made = planned(
        task("scan").running("$(item)").each("eu", "us"), task("use").running("echo $(tasks.scan-1.results.x)")
    )
    assert [d.name for d in subtask(made, "use").depends_on] == ["scan-1"]


def test_for_each_result_stays_one_subtask_until_run_time():
    made = planned(task("list"), task("work").having(for_each_result="list.items"))
    assert [d.name for d in subtask(made, "work").depends_on] == ["list"]
    assert subtask(made, "work").for_each_result == "list.items"
    assert "UnknownWidth" in codes(made)


def test_sequential_chains_everything():
    made = planned(task("a"), task("b"), task("c").after("a"), strategy=Strategy.SEQUENTIAL)
    assert [(s.id, [d.name for d in s.depends_on]) for s in made.subtasks] == [
        ("a", []),
        ("b", ["a"]),
        ("c", ["a", "b"]),
    ]
    assert made.parallelism.potential == 0


def test_sequential_does_not_hang_the_rest_on_what_may_be_skipped():
    made = planned(
        task("test"),
        task("undo").after("test").when(TriggerRule.ANY_FAILED),
        task("report"),
        strategy=Strategy.SEQUENTIAL,
    )
    assert [d.name for d in subtask(made, "report").depends_on] == ["test"]
    assert max(sum(s.start <= t < s.finish for s in made.subtasks) for t in range(0, 400, 50)) == 1


# --- hashes --------------------------------------------------------------------------------------------------------


def chain(**fields):
    return request(task("a").running("one"), task("b").after("a").running("two"), task("c").running("three"), **fields)


def changed(**fields):
    """Which of a, b and c get another definition when something about ``a`` changes."""
    one = plan(chain())
    tasks_ = chain().tasks
    other = plan(dataclasses.replace(chain(), tasks=(dataclasses.replace(tasks_[0], **fields), *tasks_[1:])))
    assert other.subtasks
    different = [s.id for s in one.subtasks if subtask(other, s.id).definition_hash != s.definition_hash]
    return different, one.hash != other.hash


@pytest.mark.parametrize(
    ("fields", "subtasks", "plan_too"),
    [
        pytest.param({"work": Work(script="other")}, ["a", "b"], True, id="its script, and so what depends on it"),
        pytest.param({"description": "other"}, ["a", "b"], True, id="its description"),
        pytest.param({"agent_type": "talker"}, ["a", "b"], True, id="who does it"),
        pytest.param({"resources": ResourceRequest(900)}, [], True, id="its request changes the plan only"),
        pytest.param({"timeout_seconds": 9999}, [], True, id="its time-out likewise"),
        pytest.param({"locks": ("db",)}, [], True, id="its locks likewise"),
    ],
)
def test_hashes_cover_what_will_run(fields, subtasks, plan_too):
    assert changed(**fields) == (subtasks, plan_too)


def test_an_estimate_that_moves_without_moving_a_request_keeps_the_hash():
    seen = Observation("plain", 4, 110.0, 200.0, 0, 0)
    one, other = plan(chain()), plan(chain(history=(seen,)))
    assert one.estimate != other.estimate
    assert one.hash == other.hash


def test_budget_and_deadline_are_no_part_of_the_hash():
    assert plan(chain()).hash == plan(chain(limits=Limits(budget_usd=Decimal(1), deadline_seconds=10**6))).hash


# --- estimates -----------------------------------------------------------------------------------------------------


def test_the_range_of_time_is_the_schedule_played_slow_and_fast():
    made = planned(task("a"), task("b").after("a"))
    slow = sum(s.estimate.seconds_high for s in made.subtasks)
    assert (made.schedule.makespan_seconds, made.estimate.seconds) == (200, 204), "two starts and two hand-overs more"
    assert made.estimate.seconds_high == slow + 4


def test_deadline_strategy_orders_by_the_slow_case():
    # b may take far longer than it mostly does; the strategy starts it first, though a is the longer one by the middle.
    steady, shaky = dataclasses.replace(PLAIN, name="steady"), dataclasses.replace(PLAIN, name="shaky")
    history = (Observation("steady", 10**6, 110.0, 111.0, 0, 0), Observation("shaky", 10**6, 100.0, 900.0, 0, 0))
    jobs = [task("a0").by("steady"), task("a1").by("steady"), task("b").by("shaky")]
    agents = {"agent_types": (steady, shaky), "history": history, "max_parallel": 2}
    careful = planned(*jobs, strategy=Strategy.DEADLINE, deadline_seconds=1000, **agents)
    assert subtask(careful, "b").start == 0
    usual = planned(*jobs, strategy=Strategy.PARALLEL, **agents)
    assert careful.estimate.seconds_high <= usual.estimate.seconds_high


def test_errors_come_first_then_by_path_with_numbers_as_numbers():
    wrong = [task(f"t{i}").after("nowhere") for i in range(12)]
    made = planned(*wrong, task("odd").having(complexity=5.0))
    paths = [f.path for f in made.findings if f.code == "UnknownDependency"]
    assert paths == [f"spec.tasks[{i}].dependsOn[0]" for i in range(12)]
    assert [f.severity for f in made.findings] == sorted(
        (f.severity for f in made.findings), key=list(Severity)[::-1].index
    )


def test_explicit_tasks_win_over_the_description():
    made = planned(task("a"), description="Deploy the shop and then test it")
    assert [s.id for s in made.subtasks] == ["a"]


def test_a_solver_that_is_asked_for_never_makes_it_worse():
    jobs = [task(f"t{i}").having(complexity=i / 10).cpu(f"{300 + 170 * i}m") for i in range(9)]
    facts = {"cluster": ClusterFacts(allocatable=room("2", "100Gi"))}
    without, with_ = planned(*jobs, **facts), planned(*jobs, solver_work=0.2, **facts)
    assert with_.schedule.best_known_seconds <= without.schedule.best_known_seconds
    assert with_.schedule.lower_bound_seconds >= without.schedule.lower_bound_seconds
    assert with_ == planned(*jobs, solver_work=0.2, **facts)


def test_findings_are_values():
    assert isinstance(finding(planned(task("a")), "NoHistory"), Finding)
    assert TALKER.runs_text
