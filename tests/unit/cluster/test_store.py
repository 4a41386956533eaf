"""What the store makes of echoes: own writes come back by the watch, before or after their answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from taskdist.api.names import API_VERSION, Label
from taskdist.cluster.reconciler import root_interval
from taskdist.cluster.store import Key, Store
from taskdist.cluster.wire import Meta, Owner, WireNamespace, WireNode, WirePod, WirePodSpec, WirePodStatus, WireSubTask
from taskdist.reconcile.stopwatch import Step

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY = Key("team", "release")


def subtask(version: str) -> WireSubTask:
    wire = {
        "metadata": {
            "name": "release-a",
            "namespace": KEY.namespace,
            "uid": "s-1",
            "resourceVersion": version,
            "labels": {Label.DISTRIBUTION: KEY.name},
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": "TaskDistribution",
                    "name": "release",
                    "uid": "r",
                    "controller": True,
                }
            ],
        },
        "spec": {"id": "a", "agentType": "general"},
    }
    return msgspec.convert(wire, WireSubTask)


def pod(phase: str) -> WirePod:
    labels = {Label.DISTRIBUTION: KEY.name, Label.SUBTASK: "a", Label.ATTEMPT: "1"}
    owner = Owner(API_VERSION, "SubTask", "release-a", "s-1", controller=True)
    meta = Meta("release-a-1", KEY.namespace, "p-1", "1", labels, [owner])
    return WirePod(meta, status=WirePodStatus(phase=phase))


def store() -> tuple[Store, list[Key]]:
    rung: list[Key] = []
    made = Store(rung.append)
    made.subtask_event("ADDED", subtask("1"))
    made.pod_event("ADDED", pod("Pending"))
    made.projection(KEY).take_dirty(NOW)
    rung.clear()
    return made, rung


def test_what_is_known_already_rings_for_nobody() -> None:
    made, rung = store()
    made.subtask_event("MODIFIED", subtask("1"))
    seen = pod("Pending")
    made.pod_event(
        "MODIFIED", msgspec.structs.replace(seen, metadata=msgspec.structs.replace(seen.metadata, resource_version="2"))
    )
    assert (rung, made.projection(KEY).take_dirty(NOW)) == ([], [])


def test_what_is_new_is_decided_on() -> None:
    made, rung = store()
    made.subtask_event("MODIFIED", subtask("2"))
    assert (rung, made.projection(KEY).take_dirty(NOW)) == ([KEY], ["a"])
    made.pod_event("MODIFIED", pod("Running"))
    assert (rung, made.projection(KEY).take_dirty(NOW)) == ([KEY, KEY], ["a"])


def bound(phase: str, **status: object) -> WirePod:
    seen = pod(phase)
    status_ = msgspec.convert({"phase": phase, **status}, WirePodStatus)
    return msgspec.structs.replace(seen, spec=WirePodSpec(node_name="aws-1"), status=status_)


_HELD = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}]}
_NO_IMAGE = {"containerStatuses": [{"name": "agent", "state": {"waiting": {"reason": "ErrImagePull"}}}]}


@pytest.mark.parametrize(
    ("changes", "at_once", "soon"),
    [
        pytest.param([bound("Pending"), bound("Running")], 0, 2, id="a pod that is bound and runs can wait"),
        pytest.param([bound("Succeeded")], 1, 0, id="an end cannot"),
        pytest.param([bound("Running"), bound("Failed")], 1, 1, id="nor a failure"),
        pytest.param([bound("Pending", **_NO_IMAGE)], 1, 0, id="nor what keeps a container from starting"),
        pytest.param([bound("Pending", **_HELD)], 1, 0, id="nor what keeps a pod from a node"),
    ],
)
def test_what_leads_to_no_write_is_looked_at_together(changes: list[WirePod], at_once: int, soon: int) -> None:
    now: list[Key] = []
    later: list[Key] = []
    made = Store(now.append, later.append)
    made.subtask_event("ADDED", subtask("1"))
    made.pod_event("ADDED", pod("Pending"))
    now.clear()
    for change in changes:
        made.pod_event("MODIFIED", change)
    assert (len(now), len(later)) == (at_once, soon)


@pytest.mark.parametrize(
    ("seen", "creates_pod", "at_once"),
    [
        pytest.param(pod("Pending"), True, False, id="a pod that was made and does nothing yet"),
        pytest.param(bound("Succeeded"), True, True, id="a pod that has ended before the answer to its creation came"),
        pytest.param(bound("Pending", **_HELD), True, True, id="a pod that does not fit"),
        pytest.param(None, True, True, id="a pod that is gone before the answer came"),
        pytest.param(pod("Pending"), False, True, id="any other write"),
    ],
)
def test_after_a_write_what_came_meanwhile_is_decided_on(
    seen: WirePod | None, *, creates_pod: bool, at_once: bool
) -> None:
    now: list[Key] = []
    later: list[Key] = []
    made = Store(now.append, later.append)
    made.subtask_event("ADDED", subtask("1"))
    if seen is not None:
        made.pod_event("ADDED", seen)
    projection = made.projection(KEY)
    projection.take_dirty(NOW)
    now.clear()
    made.written(KEY, projection, "a", creates_pod=creates_pod)
    assert projection.take_dirty(NOW) == ["a"]
    assert (bool(now), bool(later)) == (at_once, not at_once)


def test_what_the_watch_brings_is_timed() -> None:
    made, _ = store()
    moments = iter([10.0, 13.5, 13.75])
    made.steady = lambda: next(moments)
    made.stopwatch.pod_wanted(KEY.namespace, "release-a-1", 9.0)
    made.pod_event("MODIFIED", pod("Running"))
    made.pod_event("MODIFIED", pod("Running"))
    made.pod_event("MODIFIED", pod("Succeeded"))
    ended = subtask("2")
    attempt = {
        "number": 1,
        "podUID": "p-1",
        "reason": "Completed",
        "startTime": "2030-01-01T00:00:00Z",
        "finishTime": "2030-01-01T00:00:03Z",
    }
    status = msgspec.convert({"phase": "Succeeded", "attempts": [attempt]}, type(ended.status))
    made.subtask_event("MODIFIED", msgspec.structs.replace(ended, status=status))
    assert [(one.step, one.seconds) for one in made.delays] == [(Step.START, 1.0), (Step.HAND_OVER, 0.25)]
    assert [lesson.run.seconds for lesson in made.lessons] == [3.5]


@pytest.mark.parametrize("kind", ["pods", "subtasks"])
def test_what_a_list_brings_is_not_timed(kind: str) -> None:
    made, _ = store()
    made.stopwatch.pod_wanted(KEY.namespace, "release-a-1", 9.0)
    if kind == "pods":
        made.pods_listed(None, [pod("Running")])
    else:
        made.subtasks_listed(None, [subtask("1")])
        made.pod_event("MODIFIED", pod("Running"))
    assert not made.delays


def labelled(version: str, **labels: str) -> WireNamespace:
    return WireNamespace(Meta(KEY.namespace, uid="n", resource_version=version, labels=labels))


def test_a_namespaces_labels_are_followed() -> None:
    made, rung = store()
    labels = made.catalogue.namespaces
    made.namespaces_listed(None, [labelled("1", tier="gold")])
    assert (dict(labels), rung) == ({KEY.namespace: {"tier": "gold"}}, [KEY])
    made.namespace_event("MODIFIED", labelled("2", tier="gold"))
    assert rung == [KEY]
    made.namespace_event("MODIFIED", labelled("3"))
    assert (dict(labels), rung) == ({KEY.namespace: {}}, [KEY, KEY])
    assert made.projection(KEY).take_dirty(NOW) == ["a"]
    made.namespaces_listed("another", [])
    assert KEY.namespace in labels
    made.namespaces_listed(KEY.namespace, [])
    assert not labels
    made.namespaces_listed(None, [labelled("4")])
    made.namespace_event(
        "MODIFIED",
        WireNamespace(msgspec.structs.replace(labelled("5").metadata, deletion_timestamp="2030-01-01T00:00:00Z")),
    )
    assert not labels


@pytest.mark.parametrize(("took", "pause"), [(0.01, 1), (0.1, 5), (5, 30)])
def test_a_root_that_is_dear_to_write_is_written_less_often(took: float, pause: float) -> None:
    assert root_interval(took) == pytest.approx(pause)


def node(status: str, since: str = "2030-01-01T00:00:00Z") -> WireNode:
    conditions = [{"type": "Ready", "status": status, "lastTransitionTime": since}]
    wire = {"metadata": {"name": "n1"}, "spec": {}, "status": {"conditions": conditions}}
    return msgspec.convert(wire, WireNode)


def test_a_node_that_falls_silent_has_its_pods_decided_on_and_heartbeats_ring_for_nobody() -> None:
    made, rung = store()
    bound = msgspec.structs.replace(pod("Running"), spec=WirePodSpec(node_name="n1"))
    made.pod_event("MODIFIED", bound)
    made.nodes_listed([node("True")])
    made.projection(KEY).take_dirty(NOW)
    rung.clear()
    made.node_event("MODIFIED", node("True"))
    assert rung == []
    made.node_event("MODIFIED", node("Unknown"))
    assert (rung, made.projection(KEY).take_dirty(NOW)) == ([KEY], ["a"])
    made.node_event("MODIFIED", node("False"))
    assert rung == [KEY, KEY]
    assert made.catalogue.health.nodes.silent_since(made.projection(KEY).pods_of("a")[0]) is None


def root(generation: int, description: str = "Build it.", **annotations: str) -> dict[str, Any]:
    metadata = {"name": KEY.name, "namespace": KEY.namespace, "uid": "r", "generation": generation}
    return {"metadata": metadata | {"annotations": annotations}, "spec": {"description": description}}


def test_a_spec_is_read_once() -> None:
    made, _ = store()
    made.root_changed(root(1))
    first = made.projection(KEY).root
    made.root_changed(root(1, retry="now") | {"status": {"phase": "Running"}})
    second, status = made.projection(KEY).root, made.projection(KEY).root_status
    assert first is not None
    assert second is not None
    assert second.spec is first.spec
    assert (second.metadata.annotations, status) == ({"retry": "now"}, {"phase": "Running"})
    made.root_changed(root(2, "Build and test it."))
    third = made.projection(KEY).root
    assert third is not None
    assert third.spec.description == "Build and test it."
