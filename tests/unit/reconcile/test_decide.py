"""What follows from what is seen: the specification of the operator's decisions."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reconcile.world import World, distribution, invalid_plan, plan, task

from taskdist.engine.model import Finding, Severity, TriggerRule
from taskdist.reconcile.actions import CreatePod, DeleteObject, DeleteSubTask
from taskdist.reconcile.decide import decide
from taskdist.reconcile.plan_object import plan_objects
from taskdist.reconcile.planning import known_then, plan_ahead
from taskdist.reconcile.projection import PlanRecord
from taskdist.reconcile.views import PodPhase

DIAMOND = (task("a"), task("b").after("a"), task("c").after("a"), task("d").after("b", "c"))


def test_a_diamond_runs_in_dependency_order_to_success() -> None:
    world = World(plan(*DIAMOND))
    world.settle()
    assert world.created == ["release-a-1"]
    world.end_pod("release-a-1")
    world.settle()
    assert sorted(world.created[1:]) == ["release-b-1", "release-c-1"]
    world.run_to_the_end()
    assert world.created[-1] == "release-d-1"
    assert set(world.phases().values()) == {"Succeeded"}
    assert world.status["phase"] == "Succeeded"
    assert world.status["progress"] == "4/4"
    assert world.condition("Succeeded")["status"] == world.condition("Finished")["status"] == "True"
    assert world.condition("Reconciling")["status"] == "False"


def test_the_plan_is_written_before_any_pod_exists() -> None:
    world = World(plan(task("a")))
    first = world.step()
    assert [type(a).__name__ for a in first.actions] == ["CreateObject"]
    assert first.status is not None
    assert first.status["estimate"]["durationSeconds"] == 0
    assert not world.pods


def test_deciding_again_decides_nothing_more() -> None:
    world = World(plan(*DIAMOND))
    world.settle()
    again = world.step()
    assert again.actions == ()
    assert again.status is None


def test_between_reports_the_status_tells_of_phases_only() -> None:
    world = World(plan(*DIAMOND))
    world.report = False
    phases = []
    while world.status.get("phase") != "Succeeded":
        if (decision := world.step()).status is not None:
            phases.append(decision.status["phase"])
        elif not decision.actions:
            world.end_pod(next(name for name, pod in world.pods.items() if "status" not in pod))
    assert phases == ["Pending", "Running", "Succeeded"]
    told = world.status
    world.report = True
    assert world.step().status is None
    assert told["progress"] == "4/4"


def test_an_edit_is_answered_between_reports() -> None:
    world = World(plan(task("a")))
    world.settle()
    world.report = False
    world.edit(limits={"budgetUSD": "1000"})
    assert world.step().status is not None
    assert world.condition("BudgetAvailable")["reason"] == "WithinBudget"


def test_one_status_write_for_a_subtask_that_succeeds_at_once() -> None:
    world = World(plan(task("a")))
    world.settle()
    world.run_pod("release-a-1")
    assert world.step().actions == ()
    world.end_pod("release-a-1")
    assert [type(a).__name__ for a in world.step().actions] == ["PatchSubTaskStatus"]


def test_running_becomes_visible_once_it_lasts() -> None:
    world = World(plan(task("a")))
    world.settle()
    world.run_pod("release-a-1")
    assert world.step().requeue_seconds == pytest.approx(3)
    world.now += timedelta(seconds=3)
    world.settle()
    assert world.phase("a") == "Running"
    assert world.status["counts"]["running"] == 1


def test_what_is_over_is_not_looked_at_again() -> None:
    world = World(plan(task("a")))
    world.settle()
    world.run_pod("release-a-1")
    world.step()
    world.end_pod("release-a-1")
    world.settle()
    world.now += timedelta(hours=1)
    assert world.step().requeue_seconds is None


def test_max_parallel_holds_and_the_most_important_goes_first() -> None:
    tasks = [task(f"t{i}").priority(i) for i in range(6)]
    world = World(plan(*tasks), distribution(limits={"maxParallel": 2}))
    world.settle()
    assert world.created == ["release-t5-1", "release-t4-1"]
    world.run_to_the_end()
    assert world.most_at_once == 2
    assert len(world.created) == 6


def test_results_are_handed_downstream() -> None:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    world.end_pod("release-a-1", message=json.dumps({"results": {"rows": 12, "version": "1.10", "list": [1, 2]}}))
    world.settle()
    document = json.loads(world.pods["release-b-1"]["metadata"]["annotations"]["taskdist.dev/task"])
    assert document["inputs"] == {"a": {"rows": "12", "version": "1.10", "list": "[1,2]"}}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(
            "FailFast", {"a": "Failed", "b": "Skipped", "c": "Skipped"}, id="fail fast skips what has not begun"
        ),
        pytest.param(
            "ContinueIndependent",
            {"a": "Failed", "b": "Skipped", "c": "Succeeded"},
            id="what does not depend on the failed goes on",
        ),
    ],
)
def test_failure_policy(policy: str, expected: dict[str, str]) -> None:
    tasks = (task("a").priority(9), task("b").after("a"), task("c"))
    world = World(plan(*tasks), distribution(failurePolicy=policy, limits={"maxParallel": 1}))
    world.settle()
    world.end_pod("release-a-1", code=1)
    world.run_to_the_end()
    assert world.phases() == expected
    assert world.status["phase"] == "Failed"
    assert world.condition("Stalled")["reason"] == "SubTaskFailed"


def test_a_handler_of_failure_runs_although_all_else_stops() -> None:
    world = World(
        plan(
            task("tests"),
            task("deploy").after("tests"),
            task("rollback").after("tests").when(TriggerRule.ANY_FAILED),
            task("notify").after("rollback"),
        )
    )
    world.settle()
    world.end_pod("release-tests-1", code=1)
    world.run_to_the_end()
    assert world.phases() == {
        "tests": "Failed",
        "deploy": "Skipped",
        "rollback": "Succeeded",
        "notify": "Succeeded",
    }


def test_a_failed_attempt_is_tried_again_after_its_backoff() -> None:
    world = World(plan(task("a").retry(1, backoff=10)))
    world.settle()
    world.end_pod("release-a-1", code=1, message=json.dumps({"error": "no route to host"}))
    world.settle()
    status = world.subtasks["release-a"]["status"]
    assert (status["phase"], status["reason"], status["message"]) == ("Retrying", "AgentError", "no route to host")
    assert [a["number"] for a in status["attempts"]] == [1, 2]
    assert world.created == ["release-a-1"]
    world.now += timedelta(seconds=10)
    world.settle()
    assert world.created == ["release-a-1", "release-a-2"]
    world.end_pod("release-a-2", code=1)
    world.settle()
    assert world.phase("a") == "Failed"


def test_memory_grows_after_an_oom_kill_and_is_capped() -> None:
    world = World(plan(task("a")), distribution(resourcePolicy={"oom": {"maxMemory": "1536Mi", "maxAttempts": 5}}))
    world.settle()
    world.end_pod("release-a-1", code=137, reason="OOMKilled")
    world.settle()
    requests = world.pods["release-a-2"]["spec"]["containers"][0]["resources"]
    assert requests["requests"]["memory"] == requests["limits"]["memory"] == "1536Mi"
    world.end_pod("release-a-2", code=137, reason="OOMKilled")
    world.settle()
    assert world.phase("a") == "Failed"  # it cannot grow any more: another try would end the same


def test_exit_65_is_never_tried_again() -> None:
    world = World(plan(task("a").retry(5)))
    world.settle()
    world.end_pod("release-a-1", code=65)
    world.settle()
    assert (world.phase("a"), world.subtasks["release-a"]["status"]["reason"]) == ("Failed", "AgentRefused")


def test_a_pod_that_vanishes_is_replaced_as_another_attempt() -> None:
    world = World(plan(task("a")))
    world.settle()
    world.lose_pod("release-a-1")
    world.settle()
    assert world.created == ["release-a-1", "release-a-2"]
    assert world.subtasks["release-a"]["status"]["attempts"][0]["reason"] == "PodLost"


def test_a_pod_of_an_earlier_subtask_of_the_same_name_is_not_lost_work() -> None:
    world = World(plan(task("a")))
    world.settle()
    old = world.seen.pods["a", 1, world.seen.subtasks["a"].uid]
    replaced = replace(world.seen.subtasks["a"], uid="another", resource_version="99")
    world.seen.observe_subtask(replaced)
    world.seen.forget_pod(old)
    assert not world.seen.lost


@pytest.mark.parametrize("owner", ["", "another"], ids=["with no owner", "with another owner"])
@pytest.mark.parametrize("first", [True, False], ids=["seen before it", "seen after it"])
def test_a_pod_forged_beside_the_real_one_is_not_taken_for_it(owner: str, *, first: bool) -> None:
    world = World(plan(task("a")))
    world.settle()
    real = world.seen.pods["a", 1, world.seen.subtasks["a"].uid]
    forged = replace(real, name="forged", uid="f", owner_uid=owner, phase=PodPhase.SUCCEEDED, message="{}", exit_code=0)
    if first:
        world.seen.forget_pod(real)
        world.seen.lost.clear()
    world.seen.observe_pod(forged)
    if first:
        world.seen.observe_pod(real)
    world.settle()
    assert (world.phase("a"), world.created) == ("Waiting", ["release-a-1"])
    world.seen.forget_pod(forged)
    assert world.seen.pods_of("a") == [real]
    assert not world.seen.lost


def test_a_pod_without_an_owner_keeps_nothing_waiting() -> None:
    """Whoever may create pods could hold a subtask up for ever by one that carries its labels."""
    world = World(plan(task("a")))
    world.settle()
    real = world.seen.pods["a", 1, world.seen.subtasks["a"].uid]
    world.seen.observe_pod(replace(real, name="forged", uid="f", owner_uid=""))
    world.lose_pod("release-a-1")
    world.settle()
    assert world.created == ["release-a-1", "release-a-2"]


def test_a_pod_whose_owner_is_taken_away_counts_as_lost() -> None:
    world = World(plan(task("a")))
    world.settle()
    real = world.seen.pods["a", 1, world.seen.subtasks["a"].uid]
    world.seen.observe_pod(replace(real, owner_uid=""))
    assert not world.seen.pods
    assert world.seen.lost == {("a", 1): real}


def test_a_replaced_subtask_does_not_inherit_its_predecessors_lost_pod() -> None:
    world = World(plan(task("a")))
    world.settle()
    before = world.seen.subtasks["a"]
    world.seen.forget_pod(world.seen.pods["a", 1, world.seen.subtasks["a"].uid])
    assert world.seen.lost
    world.seen.forget_subtask("a", before.uid)
    assert not world.seen.lost


def test_a_subtask_whose_spec_was_written_is_replaced_and_never_run() -> None:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    before = world.subtasks["release-b"]["metadata"]["uid"]
    world.forge("b", script="rm -rf /", priority=9)
    world.run_to_the_end()
    assert world.subtasks["release-b"]["metadata"]["uid"] != before
    assert "rm -rf" not in json.dumps(world.pods)
    assert world.phases() == {"a": "Succeeded", "b": "Succeeded"}


def test_a_subtask_that_is_forged_while_it_could_start_starts_no_pod() -> None:
    world = World(plan(task("a"), task("b")), distribution(limits={"maxParallel": 1}))
    world.settle()
    world.forge("b", script="rm -rf /")
    world.end_pod("release-a-1")
    world.run_to_the_end()
    assert "rm -rf" not in json.dumps(world.pods)
    assert world.phases() == {"a": "Succeeded", "b": "Succeeded"}


def test_work_that_has_ended_stands_although_its_spec_is_written() -> None:
    world = World(plan(task("a"), task("b")))
    world.settle()
    world.end_pod("release-a-1")
    world.settle()
    world.forge("a", script="rm -rf /")
    world.run_to_the_end()
    assert world.deleted == []
    assert world.phases() == {"a": "Succeeded", "b": "Succeeded"}


def test_a_member_of_a_fan_out_is_replaced_too() -> None:
    world = World(plan(task("list"), task("each").after("list").for_each("list.items")))
    world.settle()
    world.end_pod("release-list-1", message='{"results": {"items": ["x", "y"]}}')
    world.settle()
    world.forge("each-1", script="rm -rf /")
    world.run_to_the_end()
    assert "rm -rf" not in json.dumps(world.pods)
    assert set(world.phases().values()) == {"Succeeded"}


def test_an_edit_of_terms_replaces_what_has_not_begun_only() -> None:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    changed = plan(task("a").retry(4), task("b").after("a").retry(4), digest="abc2")
    world.edit(changed, retry={"limit": 4})
    world.settle()
    assert world.deleted == ["release-b"]
    assert world.subtasks["release-b"]["spec"]["retry"]["limit"] == 4
    world.run_to_the_end()
    assert world.created == ["release-a-1", "release-b-1"]


def test_a_plan_that_was_only_looked_at_is_made_again_before_it_runs() -> None:
    world = World(plan(task("a")), root=distribution(planning={"mode": "PlanOnly"}))
    world.settle()
    assert world.status["phase"] == "Planned"
    world.edit(invalid_plan("AgentNotConfigured", "nothing could act on words"), planning={"mode": "Auto"})
    world.settle()
    assert world.status["phase"] == "Stalled"
    assert not world.subtasks


def test_an_invalid_plan_stalls_and_makes_nothing() -> None:
    world = World(invalid_plan())
    world.settle()
    assert world.status["phase"] == "Stalled"
    assert world.condition("Planned")["status"] == "False"
    assert world.condition("Stalled")["message"] == "spec.tasks: a -> b -> a"
    assert not world.subtasks
    assert not world.pods
    assert not world.plans


@pytest.mark.parametrize(
    ("spec", "phase"),
    [
        pytest.param({"planning": {"mode": "PlanOnly"}}, "Planned", id="plan only never runs"),
        pytest.param({"planning": {"mode": "Manual"}}, "AwaitingApproval", id="manual waits for approval"),
        pytest.param(
            {"planning": {"mode": "Manual"}, "approvedPlanHash": "ffff"}, "AwaitingApproval", id="another hash"
        ),
        pytest.param({"suspend": True}, "Suspended", id="suspended starts no pod"),
    ],
)
def test_gates(spec: dict[str, object], phase: str) -> None:
    world = World(plan(task("a")), distribution(**spec))
    world.settle()
    assert world.status["phase"] == phase
    assert not world.pods


def test_approval_lets_the_plan_run() -> None:
    world = World(plan(task("a"), digest="abc1"), distribution(planning={"mode": "Manual"}))
    world.settle()
    world.edit(planning={"mode": "Manual"}, approvedPlanHash="abc1")
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"


def test_cancel_ends_running_and_waiting() -> None:
    world = World(plan(*DIAMOND))
    world.settle()
    world.edit(cancel=True)
    world.settle()
    assert set(world.phases().values()) == {"Cancelled"}
    assert world.deleted == ["release-a-1"]
    assert world.status["phase"] == "Cancelled"


def test_an_edit_keeps_finished_unchanged_work_and_replaces_what_changed_and_what_follows() -> None:
    world = World(plan(task("a"), task("b").after("a"), task("c").after("b"), task("x")))
    world.settle()
    world.end_pod("release-a-1")
    world.end_pod("release-x-1")
    world.settle()
    world.end_pod("release-b-1")
    world.settle()
    changed = plan(task("a"), task("b").after("a").script("echo new"), task("c").after("b"), digest="abc2")
    world.edit(changed, description="do it differently")
    world.settle()
    assert sorted(world.deleted) == ["release-b", "release-c", "release-x"]
    assert world.created.count("release-a-1") == 1
    assert world.created.count("release-b-1") == 2
    assert sorted(world.plans) == ["release-1", "release-2"]
    world.run_to_the_end()
    assert world.phases() == {"a": "Succeeded", "b": "Succeeded", "c": "Succeeded"}


def test_a_finished_distribution_is_not_run_again_when_its_children_are_deleted() -> None:
    world = World(plan(task("a")))
    world.run_to_the_end()
    world.subtasks.clear()
    world.pods.clear()
    world.forget_everything()
    world.settle()
    assert world.created == ["release-a-1"]
    assert world.status["phase"] == "Succeeded"


@pytest.mark.parametrize("gate", ["an invalid plan", "Manual", "PlanOnly"])
def test_what_ends_behind_a_gate_is_recorded_and_nothing_starts(gate: str) -> None:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    if gate == "an invalid plan":
        world.edit(invalid_plan(), description="something else")
    else:
        world.edit(planning={"mode": gate})
    world.settle()
    world.end_pod("release-a-1")
    world.settle()
    assert world.phases() == {"a": "Succeeded", "b": "Waiting"}
    assert world.created == ["release-a-1"]
    world.edit(plan(task("a"), task("b").after("a")))
    world.run_to_the_end()
    assert world.created == ["release-a-1", "release-b-1"]


def test_a_failure_that_is_about_to_be_replaced_stops_nothing() -> None:
    world = World(plan(task("a")))
    world.run_to_the_end(code=1)
    assert world.phase("a") == "Failed"
    world.edit(plan(task("b"), digest="abc2"), description="something else")
    world.step()
    for action in decide(world.seen, world.catalogue, world.now).actions:
        if not isinstance(action, DeleteSubTask):  # it is on its way still
            world._apply(action)
    following = decide(world.seen, world.catalogue, world.now).actions
    assert [type(action) for action in following] == [CreatePod]


def test_more_work_that_comes_cancelled_has_not_succeeded() -> None:
    world = World(plan(task("a")))
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"
    more = plan(task("a"), task("b"), digest="abc2")
    world.edit(more, description="something else", cancel=True)
    world.run_to_the_end()
    assert world.status["phase"] == "Cancelled"
    assert world.phases() == {"a": "Succeeded"}


def test_what_is_over_is_told_of_the_spec_that_is_there() -> None:
    world = World(plan(task("a")))
    world.run_to_the_end()
    world.edit(limits={"budgetUSD": "1000"})
    world.settle()
    assert world.condition("BudgetAvailable")["reason"] == "WithinBudget"
    world.edit()
    world.settle()
    assert world.condition("BudgetAvailable")["reason"] == "NoBudgetSet"
    assert world.status["phase"] == "Succeeded"
    assert world.created == ["release-a-1"]


@pytest.mark.parametrize("spec", [{"planning": {"mode": "PlanOnly"}}, {"suspend": True}, {"cancel": True}])
def test_what_is_over_stays_so_whatever_would_have_kept_it_from_running(spec: dict[str, object]) -> None:
    world = World(plan(task("a")))
    world.run_to_the_end()
    world.edit(**spec)
    world.settle()
    assert world.status["phase"] == "Succeeded"
    assert world.status["observedGeneration"] == 2
    assert world.condition("Finished")["status"] == "True"


def test_what_is_over_stays_so_after_an_edit_there_and_back_without_its_children() -> None:
    world = World(plan(task("a")))
    world.run_to_the_end()
    world.subtasks.clear()
    world.pods.clear()
    world.forget_everything()
    world.edit()
    world.settle()
    assert world.created == ["release-a-1"]
    assert world.status["phase"] == "Succeeded"
    assert world.status["observedGeneration"] == 2


def test_an_edit_of_what_has_just_ended_is_honoured_before_the_status_tells_of_it() -> None:
    world = World(plan(task("a")))
    world.run_to_the_end()
    told = world.status
    world.edit(plan(task("a"), task("b"), digest="abc2"), description="another")
    world.step()
    assert [record.revision for record in world.plans.values()] == [1, 2]
    world.status = world.seen.root_status = told  # the write that tells of the edit is still on its way
    world.run_to_the_end()
    assert world.phases() == {"a": "Succeeded", "b": "Succeeded"}
    assert world.status["progress"] == "2/2"


def test_an_agent_type_that_is_missing_holds_the_subtask_until_it_comes() -> None:
    world = World(plan(task("a")))
    agent_type = world.catalogue.agent_types.pop("general")
    world.settle()
    assert not world.created
    world.catalogue.agent_types["general"] = agent_type
    world.seen.touch(["a"])
    world.settle()
    assert world.created == ["release-a-1"]


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 9))
    return [sorted(draw(st.sets(st.integers(0, i - 1), max_size=3))) if i else [] for i in range(size)]


@settings(max_examples=150, deadline=None)
@given(graph=graphs(), data=st.data(), most=st.integers(1, 4))
def test_any_graph_ends_the_same_however_often_the_operator_is_restarted(
    graph: list[list[int]], data: st.DataObject, most: int
) -> None:
    """Restarts at any moment: no second pod of an attempt, no terminal phase reverts, no child before its parents."""
    tasks = [task(f"t{i}").after(*(f"t{p}" for p in parents)) for i, parents in enumerate(graph)]
    world = World(plan(*tasks), distribution(limits={"maxParallel": most}))
    ended: set[str] = set()
    for what in data.draw(
        st.lists(st.sampled_from(["restart", "step", "end", "end", "end"]), max_size=40), label="course"
    ):
        if what == "restart":
            world.forget_everything()
        world.step()
        for pod in world.created:
            index = int(pod.removeprefix("release-t").split("-")[0])
            assert all(f"t{p}" in ended for p in graph[index]), "started before its parents were done"
        alive = [n for n, p in world.pods.items() if "status" not in p]
        if alive and what == "end":
            name = alive[data.draw(st.integers(0, len(alive) - 1), label="which")]
            world.end_pod(name)
            ended.add(name.removeprefix("release-").rsplit("-", 1)[0])
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"
    assert len(world.created) == len(graph)
    assert world.most_at_once <= most


def test_a_plan_rests_on_the_same_knowledge_as_long_as_the_spec_is_the_same() -> None:
    world = World(plan(task("a")), distribution(planning={"mode": "Manual"}))
    world.seen.rests_on = "what was known"
    world.settle()
    world.forget_everything()
    assert known_then(world.seen) == "what was known"
    world.edit(planning={"mode": "Manual"}, approvedPlanHash="abc1")
    assert known_then(world.seen) == "what was known", "to approve a plan is not to ask for another"
    world.edit(planning={"mode": "Manual"}, strategy="Parallel")
    assert known_then(world.seen) == ""


def test_what_is_only_good_to_know_is_no_warning() -> None:
    severities = (Severity.WARNING, Severity.INFO, Severity.INFO)
    found = tuple(Finding(f"Code{n}", severity, "spec", "…") for n, severity in enumerate(severities))
    world = World(replace(plan(task("a")), findings=found))
    world.settle()
    assert world.status["warningCount"] == 1
    assert len(world.status["warnings"]) == 3


def test_only_the_last_revisions_are_kept() -> None:
    world = World(plan(task("a")), distribution(planHistoryLimit=2, planning={"mode": "PlanOnly"}))
    world.settle()
    for n in range(2, 6):
        world.edit(
            plan(task("a"), digest=f"abc{n}"),
            planHistoryLimit=2,
            planning={"mode": "PlanOnly"},
            description=f"do it {n}",
        )
        world.settle()
    assert sorted(world.plans) == ["release-4", "release-5"]
    assert world.status["plan"] == {"name": "release-5", "hash": "abc5", "revision": 5}


def test_a_large_plan_takes_its_assignments_along_in_a_config_map() -> None:
    root = distribution(planHistoryLimit=1)
    large = plan(*(task(f"t{n}") for n in range(501)))
    packed, stored = plan_objects(root, large, 1, "spec")
    assert (packed.kind, packed.name, packed.body["immutable"]) == ("ConfigMap", "release-1", True)
    assert stored.body["spec"]["assignmentsRef"] == {"name": "release-1"}
    assert "subtasks" not in stored.body["spec"]
    held = json.loads(gzip.decompress(base64.b64decode(packed.body["binaryData"]["assignments.json.gz"])))
    assert [one["id"] for one in held] == [one.id for one in large.subtasks]
    assert len(json.dumps(packed.body)) < 100_000

    world = World(plan(task("a")), root)
    world.seen.plans = {
        name: PlanRecord(name, n, "aa", "old", 501, "root-uid", name)
        for n, name in ((1, "release-1"), (2, "release-2"))
    }
    gone = [a for a in world.step().actions if isinstance(a, DeleteObject)]
    assert gone == []  # nothing is cleaned up before the new plan is stored
    world.plans = dict(world.seen.plans)
    deleted = {(a.kind, a.name) for a in plan_ahead(world.seen, root, world.now).actions if isinstance(a, DeleteObject)}
    assert {("ConfigMap", "release-1"), ("ExecutionPlan", "release-1")} <= deleted


def test_a_small_plan_holds_its_assignments_itself() -> None:
    (stored,) = plan_objects(distribution(), plan(*(task(f"t{n}") for n in range(500))), 1, "spec")
    assert len(stored.body["spec"]["subtasks"]) == 500
