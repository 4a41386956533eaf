"""What heals, waits, is shared, reused and cleaned up: decisions beyond one subtask's plain way from pod to end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.reconcile.world import World, agent_type, distribution, plan, provider, task

from taskdist.engine.model import Reservation, TriggerRule
from taskdist.reconcile.actions import CreatePod, DeletePod
from taskdist.reconcile.health import NodeView
from taskdist.reconcile.projection import Catalogue, Projection
from taskdist.reconcile.reserved import Reserved


def results(**values: Any) -> str:
    return json.dumps({"results": values})


# --- control -------------------------------------------------------------------------------------------------------


def failed_chain() -> World:
    world = World(plan(task("a"), task("b").after("a"), task("c").after("b"), task("x")))
    world.settle()
    world.end_pod("release-a-1", message=results(rows=1))
    world.end_pod("release-x-1")
    world.settle()
    world.end_pod("release-b-1", code=1)
    world.run_to_the_end()
    assert world.phases() == {"a": "Succeeded", "b": "Failed", "c": "Skipped", "x": "Succeeded"}
    return world


def test_retry_runs_what_failed_and_what_follows_and_keeps_the_rest() -> None:
    world = failed_chain()
    world.edit(annotations={"taskdist.dev/retry": "1"})
    world.settle()
    assert sorted(world.deleted) == ["release-b", "release-c"]
    assert world.status["phase"] == "Running"
    world.run_to_the_end()
    assert set(world.phases().values()) == {"Succeeded"}
    assert world.created.count("release-a-1") == 1
    assert world.status["phase"] == "Succeeded"
    assert world.status["observedRetry"] == "1"


def test_the_same_retry_token_does_nothing_twice_even_after_a_restart() -> None:
    world = failed_chain()
    world.edit(annotations={"taskdist.dev/retry": "1"})
    world.settle()
    world.end_pod("release-b-1", code=1)
    world.run_to_the_end()
    assert world.status["phase"] == "Failed"
    world.forget_everything()
    world.settle()
    assert world.created.count("release-b-1") == 2
    assert world.status["phase"] == "Failed"


def test_resubmit_runs_everything_again() -> None:
    world = failed_chain()
    world.edit(annotations={"taskdist.dev/resubmit": "now"})
    world.run_to_the_end()
    assert {world.created.count(f"release-{n}-1") for n in "abx"} == {2}
    assert world.status["phase"] == "Succeeded"


def test_a_resubmitted_run_begins_and_ends_by_its_own_clock() -> None:
    world = World(plan(task("a"), task("b")))
    world.run_to_the_end()
    before = world.status
    world.now += timedelta(days=1)
    world.edit(annotations={"taskdist.dev/resubmit": "now"})
    world.settle()
    assert "startTime" not in world.status, "nothing of the new run has started yet"
    begun = world.now
    world.run_to_the_end()
    assert world.status["startTime"] == f"{begun:%Y-%m-%dT%H:%M:%SZ}" > before["completionTime"]
    assert world.status["actual"]["durationSeconds"] == before["actual"]["durationSeconds"]
    world.forget_everything()
    world.settle()
    assert world.status["startTime"] == f"{begun:%Y-%m-%dT%H:%M:%SZ}", "a restart reads the same"


@pytest.mark.parametrize("again", ["retry", "resubmit"])
def test_what_is_tried_again_has_all_of_its_deadline_anew(again: str) -> None:
    world = World(plan(task("a"), task("b").after("a")), distribution(limits={"deadlineSeconds": 60}))
    world.settle()
    world.end_pod("release-a-1")
    world.settle()
    world.end_pod("release-b-1", code=1, seconds=30)
    world.settle()
    assert world.status["phase"] == "Failed"
    world.now += timedelta(days=1)
    world.edit(annotations={f"taskdist.dev/{again}": "now"}, limits={"deadlineSeconds": 60})
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"
    assert world.phases() == {"a": "Succeeded", "b": "Succeeded"}
    assert world.created.count("release-b-1") == 2


def test_a_retry_waits_for_its_first_start_without_a_deadline() -> None:
    world = World(plan(task("a")), distribution(limits={"deadlineSeconds": 60}))
    world.settle()
    world.end_pod("release-a-1", code=1)
    world.settle()
    world.now += timedelta(days=1)
    world.edit(annotations={"taskdist.dev/retry": "now"}, limits={"deadlineSeconds": 60})
    world.settle()
    assert world.step().requeue_seconds != 0, "it must not spin"
    world.run_pod("release-a-1")
    world.settle()
    world.now += timedelta(seconds=61)
    world.settle()
    assert world.condition("Stalled")["reason"] == "DeadlineExceeded", "the retry has a deadline of its own"


def test_a_retry_of_nothing_does_not_lift_the_deadline() -> None:
    world = World(plan(task("a")), distribution(limits={"deadlineSeconds": 60}))
    world.settle()
    world.run_pod("release-a-1")
    world.settle()
    world.edit(annotations={"taskdist.dev/retry": "now"}, limits={"deadlineSeconds": 60})
    world.now += timedelta(seconds=61)
    world.settle()
    assert world.condition("Finished")["reason"] == "Failed"
    assert world.condition("Stalled")["reason"] == "DeadlineExceeded"


def test_nothing_starts_on_the_end_of_a_parent_that_is_being_replaced() -> None:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    world.end_pod("release-a-1")
    world.run_to_the_end()
    parent, child = world.seen.subtasks["a"], world.seen.subtasks["b"]
    fresh = replace(child, uid="fresh", phase=None, attempts=(), resource_version="99")
    world.seen.pending.add(("delete", parent.uid))
    world.edit(annotations={"taskdist.dev/resubmit": "1"})
    world.seen.forget_subtask("b", child.uid)
    world.seen.observe_subtask(replace(fresh, resubmit_token="1"))
    world.seen.pending.add(("subtask", "a"))
    assert not [a for a in world.step().actions if isinstance(a, CreatePod)]


def test_the_pod_of_the_subtask_that_was_replaced_is_cleared_away_first() -> None:
    world = failed_chain()
    failed, pod = world.seen.subtasks["b"], world.seen.pods["b", 1, world.seen.subtasks["b"].uid]
    world.edit(annotations={"taskdist.dev/retry": "1"})
    world.seen.forget_subtask("b", failed.uid)
    fresh = replace(failed, uid="fresh", phase=None, attempts=(), retry_token="1")
    world.seen.observe_subtask(fresh)
    actions = world.step().actions
    assert [(a.name, a.uid) for a in actions if isinstance(a, DeletePod)] == [(pod.name, pod.uid)]
    assert not [a for a in actions if isinstance(a, CreatePod)]
    world.seen.forget_pod(pod)
    assert [a.name for a in world.step().actions if isinstance(a, CreatePod)] == [pod.name]


def test_suspension_lets_pods_finish_or_stops_them_by_choice() -> None:
    world = World(plan(task("a")))
    world.settle()
    world.run_pod("release-a-1")
    world.edit(suspend=True)
    world.settle()
    assert not world.deleted
    world.edit(suspend=True, onSuspend="Stop")
    world.settle()
    assert world.deleted == ["release-a-1"]
    assert (world.phase("a"), world.reason("a")) == ("Retrying", "Suspended")
    assert world.status["phase"] == "Suspended"
    world.edit(suspend=False)
    world.run_to_the_end()
    assert world.created == ["release-a-1", "release-a-2"]
    assert world.phase("a") == "Succeeded"


def test_a_deadline_ends_what_is_left_and_fails_the_whole() -> None:
    world = World(plan(task("a"), task("b").after("a")), distribution(limits={"deadlineSeconds": 60}))
    world.settle()
    world.end_pod("release-a-1")
    world.settle()
    world.run_pod("release-b-1")
    world.now += timedelta(seconds=3)
    world.settle()
    assert world.phase("b") == "Running"
    assert 0 < (world.step().requeue_seconds or 0) <= 60
    world.now += timedelta(seconds=61)
    world.settle()
    assert world.phases() == {"a": "Succeeded", "b": "Cancelled"}
    assert world.reason("b") == "DeadlineExceeded"
    assert world.status["phase"] == "Failed"
    assert world.condition("Succeeded")["reason"] == "DeadlineExceeded"
    assert world.deleted == ["release-b-1"]


def test_children_of_what_is_over_go_after_their_time_and_never_come_back() -> None:
    world = World(plan(task("a")), distribution(ttlSecondsAfterFinished=100))
    world.settle()
    world.run_pod("release-a-1")
    world.settle()
    world.end_pod("release-a-1")
    world.settle()
    ended = world.status
    assert world.step().requeue_seconds == pytest.approx(100, abs=2)
    world.now += timedelta(seconds=101)
    world.settle()
    assert not world.subtasks
    assert not world.pods
    world.forget_everything()
    world.settle()
    assert not world.subtasks
    assert world.status == ended


def test_old_plan_revisions_are_deleted() -> None:
    world = World(plan(task("a"), digest="aa1"), distribution(planHistoryLimit=2, suspend=True))
    world.settle()
    for number in range(2, 6):
        world.edit(plan(task("a"), digest=f"aa{number}"), planHistoryLimit=2, suspend=True, description=f"v{number}")
        world.settle()
    assert sorted(world.plans) == ["release-4", "release-5"]


# --- fan-out -------------------------------------------------------------------------------------------------------


def fanned(items: Any = ("x", "y z", 3), **spec: Any) -> World:
    world = World(
        plan(task("list"), task("each").after("list").for_each("list.items"), task("join").after("each")),
        distribution(**spec),
    )
    world.settle()
    world.end_pod("release-list-1", message=results(items=items))
    world.settle()
    return world


def test_a_list_is_fanned_out_and_joined() -> None:
    world = fanned()
    assert world.created[1:] == ["release-each-0-1", "release-each-1-1", "release-each-2-1"]
    documents = [json.loads(world.pods[n]["metadata"]["annotations"]["taskdist.dev/task"]) for n in world.created[1:]]
    assert [d["item"] for d in documents] == ["x", "y z", "3"]
    assert world.status["counts"]["total"] == 6
    for index in range(3):
        world.end_pod(f"release-each-{index}-1", message=results(n=index))
    world.settle()
    assert world.phase("each") == "Succeeded"
    joined = json.loads(world.pods["release-join-1"]["metadata"]["annotations"]["taskdist.dev/task"])
    assert joined["groups"] == {"each": ["each-0", "each-1", "each-2"]}
    assert joined["inputs"]["each-2"] == {"n": "2"}
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"
    assert world.status["progress"] == "6/6"


def test_a_restart_in_the_midst_of_a_fan_out_changes_nothing() -> None:
    world = fanned()
    world.end_pod("release-each-1-1")
    world.forget_everything()
    world.run_to_the_end()
    assert len(world.created) == len(set(world.created)) == 5
    assert world.status["phase"] == "Succeeded"


def test_an_empty_list_is_done_at_once() -> None:
    world = fanned(())
    world.run_to_the_end()
    assert world.created == ["release-list-1", "release-join-1"]
    assert world.status["phase"] == "Succeeded"


@pytest.mark.parametrize(
    ("items", "says"),
    [
        pytest.param("no list", "is no JSON list", id="text"),
        pytest.param({"a": 1}, "is no list", id="object"),
        pytest.param(list(range(501)), "at most 500", id="too many"),
        pytest.param(["a" * 1025], "more than 1024 characters", id="too long"),
    ],
)
def test_what_cannot_be_fanned_out_fails_clearly(items: Any, says: str) -> None:
    world = fanned(items)
    world.run_to_the_end()
    assert (world.phase("each"), world.phase("join")) == ("Failed", "Skipped")
    assert says in world.subtasks["release-each"]["status"]["message"]
    assert world.created == ["release-list-1"]


def test_a_failed_item_fails_the_fan_out_after_all_have_ended() -> None:
    world = fanned(failurePolicy="ContinueIndependent")
    world.end_pod("release-each-1-1", code=1)
    world.run_to_the_end()
    assert world.phase("each") == "Failed"
    assert world.subtasks["release-each"]["status"]["message"] == "2 of 3 items succeeded"
    assert world.phase("join") == "Skipped"


def test_an_edit_of_the_fanned_out_task_replaces_its_members() -> None:
    world = fanned()
    each = task("each").after("list").for_each("list.items").script("new")
    world.edit(plan(task("list"), each, task("join").after("each"), digest="ff"), description="other")
    world.run_to_the_end()
    assert {"release-each", "release-each-0", "release-each-1", "release-each-2", "release-join"} <= set(world.deleted)
    assert world.created.count("release-list-1") == 1
    assert world.status["phase"] == "Succeeded"


# --- reuse ---------------------------------------------------------------------------------------------------------


def test_an_equal_finished_subtask_is_reused_within_its_age() -> None:
    first = World(plan(task("a").cached("k")))
    first.settle()
    first.end_pod("release-a-1", message=results(rows=7))
    first.settle()
    shared = Catalogue({"general": agent_type()}, {}, "agent:1", peers=lambda _: [first.seen])
    young = World(
        plan(task("a").cached("k", 60), task("b").after("a")), distribution(name="again"), first.now, shared=shared
    )
    young.settle()
    assert (young.phase("a"), young.reason("a")) == ("Succeeded", "Cached")
    assert young.subtasks["again-a"]["status"]["results"] == {"rows": "7"}
    assert young.created == ["again-b-1"]
    late = World(
        plan(task("a").cached("k", 60)), distribution(name="late"), first.now + timedelta(seconds=90), shared=shared
    )
    late.settle()
    assert late.created == ["late-a-1"]
    other = World(plan(task("a").cached("k").script("other")), distribution(name="other"), first.now, shared=shared)
    other.settle()
    assert other.created == ["other-a-1"]


# --- sharing -------------------------------------------------------------------------------------------------------


def two(first: World, second: World) -> None:
    """Two distributions that share a catalogue, woken by each other as the store does it."""
    worlds = {w.root.metadata.name: w for w in (first, second)}
    first.catalogue.wake = lambda claimants: [worlds[c.distribution].seen.mark(c.subtask) for c in claimants]


def test_a_lock_is_held_across_distributions_and_shown() -> None:
    shared = Catalogue({"general": agent_type()}, {}, "agent:1")
    one = World(plan(task("a").locks("table")), distribution(name="one"), shared=shared)
    other = World(plan(task("b").locks("table"), task("c").locks("table")), distribution(name="other"), shared=shared)
    two(one, other)
    one.settle()
    other.settle()
    assert (one.created, other.created) == (["one-a-1"], [])
    other.now += timedelta(seconds=6)
    other.settle()
    assert (other.phase("b"), other.reason("b")) == ("Ready", "LockHeld")
    assert other.subtasks["other-b"]["status"]["blockedBy"] == ["one/a"]
    one.end_pod("one-a-1")
    one.settle()
    other.settle()
    assert other.created == ["other-b-1"]
    other.end_pod("other-b-1")
    other.settle()
    assert other.created == ["other-b-1", "other-c-1"]
    assert "blockedBy" not in other.subtasks["other-b"]["status"]
    other.run_to_the_end()
    assert other.status["phase"] == "Succeeded"


def test_a_suspended_waiter_does_not_keep_others_from_a_lock() -> None:
    shared = Catalogue({"general": agent_type()}, {}, "agent:1")
    holder = World(plan(task("a").locks("t")), distribution(name="holder"), shared=shared)
    first = World(plan(task("b").locks("t")), distribution(name="first"), shared=shared)
    second = World(plan(task("c").locks("t")), distribution(name="second"), shared=shared)
    worlds = {w.root.metadata.name: w for w in (holder, first, second)}
    shared.wake = lambda claimants: [worlds[c.distribution].seen.mark(c.subtask) for c in claimants]
    for world in worlds.values():
        world.settle()
    first.edit(suspend=True)
    first.settle()
    holder.end_pod("holder-a-1")
    holder.settle()
    second.settle()
    assert second.created == ["second-c-1"]


def test_an_agent_type_runs_as_many_as_it_may() -> None:
    shared = Catalogue({"general": agent_type(maxConcurrent=2)}, {}, "agent:1")
    world = World(plan(*(task(f"t{i}") for i in range(6))), shared=shared)
    two(world, world)
    world.run_to_the_end()
    assert world.most_at_once == 2
    assert len(world.created) == 6
    assert world.status["phase"] == "Succeeded"


def test_a_namespace_has_as_many_pods_as_it_may() -> None:
    shared = Catalogue({"general": agent_type()}, {}, "agent:1", most_pods=3)
    one = World(plan(*(task(f"t{i}") for i in range(5))), distribution(name="one"), shared=shared)
    other = World(plan(*(task(f"t{i}") for i in range(5))), distribution(name="other"), shared=shared)
    two(one, other)
    one.settle()
    other.settle()
    assert (len(one.pods), len(other.pods)) == (3, 0)
    one.end_pod("one-t0-1")
    one.settle()
    other.settle()
    assert len(other.pods) == 1, "the one that has fewer goes first"


# --- agent types ---------------------------------------------------------------------------------------------------


def test_an_agent_type_that_the_namespace_may_not_use_runs_nothing_not_even_as_a_fallback() -> None:
    closed = {"matchLabels": {"tier": "gold"}}
    shared = Catalogue(
        {
            "general": agent_type(namespaceSelector=closed, fallbacks=["spare"]),
            "spare": agent_type("spare", namespaceSelector=closed),
        },
        {},
        "agent:1",
    )
    world = World(plan(task("a")), shared=shared)
    world.settle()
    world.now += timedelta(seconds=6)
    world.settle()
    assert not world.pods
    assert world.reason("a") == "AgentTypeNotAllowed"
    world.catalogue.namespaces["team"] = {"tier": "gold"}
    world.seen.mark("a")
    world.settle()
    assert world.created == ["release-a-1"]


def test_tries_used_up_go_on_with_a_fallback() -> None:
    shared = Catalogue({"general": agent_type(fallbacks=["spare"]), "spare": agent_type("spare")}, {}, "agent:1")
    world = World(plan(task("a").retry(1, 0)), shared=shared)
    world.settle()
    world.end_pod("release-a-1", code=1)
    world.settle()
    world.end_pod("release-a-2", code=1)
    world.settle()
    assert world.pods["release-a-3"]["metadata"]["labels"]["taskdist.dev/agent-type"] == "spare"
    world.end_pod("release-a-3")
    world.settle()
    attempts = world.subtasks["release-a"]["status"]["attempts"]
    assert [a.get("agentType", "general") for a in attempts] == ["general", "general", "spare"]
    assert world.phase("a") == "Succeeded"


def test_an_agent_type_whose_image_cannot_be_pulled_is_quarantined_and_probed() -> None:
    shared = Catalogue({"general": agent_type()}, {}, "agent:1")
    world = World(
        plan(*(task(f"t{i}").retry(5, 0) for i in range(5))),
        distribution(limits={"pendingTimeoutSeconds": 30}),
        shared=shared,
    )
    world.settle()
    for name in list(world.pods):
        world.seen.observe_pod(waiting(world, name, "ImagePullBackOff"))
    world.now += timedelta(seconds=31)
    world.settle()
    assert len(world.created) == 5, "nothing new while it is in quarantine"
    world.now += timedelta(seconds=6)
    world.settle()
    assert {world.reason(f"t{i}") for i in range(5)} == {"AgentTypeQuarantined"}
    world.now += timedelta(seconds=60)
    two(world, world)
    world.settle()
    assert len(world.created) == 6, "one probe"
    world.end_pod(world.created[-1])
    shared.moved = lambda: world.seen.touch(world.seen.subtasks)
    world.settle()
    assert len(world.created) == 10


def waiting(world: World, name: str, why: str) -> Any:
    from tests.unit.reconcile.world import _pod

    world.pods[name]["status"] = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": why}}}]}
    return _pod(world.pods[name])


# --- queues --------------------------------------------------------------------------------------------------------


def gated(world: World, name: str) -> None:
    from tests.unit.reconcile.world import _pod

    condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    world.pods[name]["status"] = {"phase": "Pending", "conditions": [condition]}
    world.seen.observe_pod(_pod(world.pods[name]))


def queued(**spec: Any) -> World:
    spec = {"queueName": "team", "retry": {"limit": 0}, "limits": {"pendingTimeoutSeconds": 30}} | spec
    world = World(plan(task("a").retry(0)), distribution(**spec))
    world.settle()
    gated(world, "release-a-1")
    world.now += timedelta(seconds=6)
    world.settle()
    return world


def test_waiting_for_admission_is_shown_and_takes_as_long_as_it_takes() -> None:
    world = queued()
    assert (world.phase("a"), world.reason("a")) == ("Queued", "AdmissionPending")
    world.now += timedelta(hours=1)
    world.settle()
    assert (world.phase("a"), world.reason("a")) == ("Queued", "AdmissionPending")
    assert world.status["counts"]["running"] == 0
    world.end_pod("release-a-1")
    world.settle()
    assert world.status["phase"] == "Succeeded"


def test_once_admitted_it_has_the_whole_pending_time_to_start() -> None:
    world = queued()
    world.now += timedelta(hours=1)
    unschedulable(world, "release-a-1")
    world.settle()
    world.now += timedelta(seconds=29)
    world.settle()
    assert (world.phase("a"), world.reason("a")) == ("Ready", "Unschedulable")
    world.now += timedelta(seconds=2)
    world.settle()
    assert (world.phase("a"), world.reason("a")) == ("Failed", "Unschedulable")


def test_what_its_queue_takes_back_goes_on_without_loss() -> None:
    world = queued()
    for number in range(1, 5):
        evicted = {"type": "TerminationTarget", "status": "True", "reason": "WorkloadEvicted", "message": "Preempted"}
        world.end_pod(f"release-a-{number}", code=143)
        world.pods[f"release-a-{number}"]["status"]["conditions"] = [evicted]
        from tests.unit.reconcile.world import _pod

        world.seen.observe_pod(_pod(world.pods[f"release-a-{number}"]))
        world.settle()
    attempts = world.subtasks["release-a"]["status"]["attempts"]
    assert [(a.get("reason"), a.get("message")) for a in attempts[:4]] == [("Preempted", "Preempted")] * 4
    world.end_pod("release-a-5")
    world.settle()
    assert world.phase("a") == "Succeeded"


def test_suspended_nothing_is_left_in_the_queue() -> None:
    world = queued()
    world.edit(suspend=True)
    world.settle()
    assert not world.pods
    assert world.subtasks["release-a"]["status"]["attempts"][0]["reason"] == "Suspended"
    world.edit(suspend=False)
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"


# --- providers -----------------------------------------------------------------------------------------------------


def placed(**spec: Any) -> World:
    breaker = {"failures": 3, "windowSeconds": 60, "cooldownSeconds": 60}
    providers = {n: provider(n, nodeSelector={"p": n}, circuitBreaker=breaker) for n in ("east", "west")}
    shared = Catalogue({"general": agent_type()}, providers, "agent:1")
    shared.health.nodes.listed([NodeView("e1", {"p": "east"}, usable=True), NodeView("w1", {"p": "west"}, usable=True)])
    return World(plan(*(task(f"t{i}").on("east") for i in range(4))), distribution(**spec), shared=shared)


def unschedulable(world: World, name: str) -> None:
    from tests.unit.reconcile.world import _pod

    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes"}
    world.pods[name]["status"] = {"phase": "Pending", "conditions": [condition]}
    world.seen.observe_pod(_pod(world.pods[name]))


def test_what_finds_no_node_moves_to_another_provider() -> None:
    world = placed()
    world.settle()
    for name in list(world.pods):
        unschedulable(world, name)
    world.settle()
    assert len(world.created) == 4
    world.now += timedelta(seconds=21)
    world.settle()
    assert {p["spec"]["nodeSelector"]["p"] for p in world.pods.values()} == {"west"}
    attempts = world.subtasks["release-t0"]["status"]["attempts"]
    assert (attempts[0]["reason"], attempts[0]["provider"]) == ("ProviderUnavailable", "east")
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"


def test_without_failover_it_stays_where_the_plan_put_it() -> None:
    world = placed(placement={"failover": False})
    world.settle()
    unschedulable(world, "release-t0-1")
    world.now += timedelta(seconds=60)
    world.settle()
    assert len(world.created) == 4


def test_lost_nodes_open_the_circuit_and_a_probe_closes_it() -> None:
    world = placed()
    world.settle()
    for name, pod in world.pods.items():
        pod["spec"]["nodeName"] = "e1"
        world.run_pod(name)
    world.catalogue.health.nodes.deleted("e1")
    world.settle()
    assert {p["spec"]["nodeSelector"]["p"] for p in world.pods.values()} == {"west"}
    assert {a["reason"] for s in world.subtasks.values() for a in s["status"]["attempts"] if "reason" in a} == {
        "NodeLost"
    }
    assert len(world.created) == 8
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"


def test_a_handler_of_failure_runs_after_a_failed_fan_out() -> None:
    world = World(
        plan(
            task("list"),
            task("each").after("list").for_each("list.items"),
            task("mend").after("each").when(TriggerRule.ANY_FAILED),
        )
    )
    world.settle()
    world.end_pod("release-list-1", message=results(items="nothing"))
    world.run_to_the_end()
    assert world.phase("mend") == "Succeeded"


# --- reservations --------------------------------------------------------------------------------------------------


def test_what_has_begun_reserves_what_is_left_of_it() -> None:
    begun = World(plan(task("a"), task("b").after("a")), distribution(name="begun"))
    begun.settle()
    other = World(plan(task("x")), distribution(name="other"))
    reserved = Reserved()

    def beside() -> tuple[Reservation, ...]:
        for world in (begun, other):
            reserved.touch(world.seen.namespace, world.seen.name)
        return reserved.beside(other.seen, {"begun": begun.seen, "other": other.seen}.get)

    (found,) = beside()
    assert (found.name, found.held_pods, str(found.reserved_usd)) == ("begun", 1, "0.10")
    begun.end_pod("begun-a-1")
    begun.settle()
    assert str(beside()[0].reserved_usd) == "0.05"
    begun.run_to_the_end()
    assert beside() == ()


def test_what_only_waits_for_approval_reserves_nothing() -> None:
    waiting = World(plan(task("a")), distribution(name="waiting", planning={"mode": "Manual"}))
    waiting.settle()
    reserved = Reserved()
    reserved.touch(waiting.seen.namespace, "waiting")
    assert reserved.beside(World(plan(task("x"))).seen, {"waiting": waiting.seen}.get) == ()


def test_reservations_are_counted_again_where_something_was_touched_only() -> None:
    worlds = {n: World(plan(task("a")), distribution(name=n)) for n in ("one", "two")}
    for world in worlds.values():
        world.settle()
    planning = World(plan(task("x")), distribution(name="other")).seen
    reserved, asked = Reserved(), list[str]()

    def find(name: str) -> Projection | None:
        asked.append(name)
        return worlds[name].seen if name in worlds else None

    for name in worlds:
        reserved.touch(planning.namespace, name)
        reserved.touch("elsewhere", name)
    assert [one.name for one in reserved.beside(planning, find)] == ["one", "two"]
    assert [one.name for one in reserved.beside(planning, find)] == ["one", "two"]
    assert asked == ["one", "two"]
    del worlds["one"]
    reserved.touch(planning.namespace, "one")
    assert [one.name for one in reserved.beside(planning, find)] == ["two"]
    assert asked == ["one", "two", "one"]
    for name in ("one", "two"):
        reserved.forget(planning.namespace, name)
        reserved.forget("elsewhere", name)
    assert (reserved._known, reserved._touched) == ({}, {})
