"""What is read of the pods that a watch brings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from taskdist.cluster.wire import WireNode, WirePod, node_view, pod_view
from taskdist.engine.model import Resources
from taskdist.reconcile.views import PodView


def seen(*conditions: dict[str, Any], message: str = "") -> PodView:
    pod = {
        "metadata": {"name": "p", "uid": "u", "labels": {"taskdist.dev/subtask": "a", "taskdist.dev/attempt": "1"}},
        "status": {"phase": "Failed", "message": message, "conditions": list(conditions)},
    }
    view = pod_view(msgspec.convert(pod, WirePod))
    assert view is not None
    return view


def condition(type_: str, reason: str, message: str = "", status: str = "True") -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def test_gates_are_no_lack_of_nodes() -> None:
    view = seen(condition("PodScheduled", "SchedulingGated", "waiting for scheduling gates", "False"))
    assert (view.gated, view.unschedulable) == (True, "")


def test_no_node_is_told_in_the_schedulers_words() -> None:
    view = seen(condition("PodScheduled", "Unschedulable", "0/3 nodes are available", "False"))
    assert (view.gated, view.unschedulable) == (False, "0/3 nodes are available")


def test_a_queues_eviction_comes_with_its_words() -> None:
    view = seen(condition("TerminationTarget", "WorkloadEvicted", "Preempted to accommodate a workload"))
    assert (view.disrupted, view.status_message) == ("TerminationTarget", "Preempted to accommodate a workload")


def test_the_pods_own_message_comes_first() -> None:
    view = seen(condition("DisruptionTarget", "DeletionByTaintManager", "evicted by a taint"), message="node was lost")
    assert (view.disrupted, view.status_message) == ("DeletionByTaintManager", "node was lost")


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        pytest.param({"cpu": "1k", "memory": "1Pi"}, ("1000", "1Pi"), id="as the API server writes a thousand cores"),
        pytest.param({"cpu": "1500m", "memory": "64Mi"}, ("1500m", "64Mi"), id="as we write them"),
        pytest.param({"cpu": "a lot", "memory": ""}, ("", ""), id="what is none of ours"),
    ],
)
def test_requests_are_read_as_a_status_may_hold_them(requests: dict[str, str], expected: tuple[str, str]) -> None:
    pod = {
        "metadata": {"name": "p", "uid": "u", "labels": {"taskdist.dev/subtask": "a", "taskdist.dev/attempt": "1"}},
        "spec": {"containers": [{"resources": {"requests": requests}}]},
    }
    view = pod_view(msgspec.convert(pod, WirePod))
    assert view is not None
    assert (view.cpu, view.memory) == expected


@pytest.mark.parametrize(("cordoned", "room"), [(False, Resources(3920, 2**30)), (True, None)])
def test_a_node_has_room_while_it_takes_pods(cordoned: bool, room: Resources | None) -> None:
    raw = {
        "metadata": {"name": "n"},
        "spec": {"unschedulable": cordoned},
        "status": {"allocatable": {"cpu": "3920m", "memory": "1Gi", "pods": "110"}},
    }
    assert node_view(msgspec.convert(raw, WireNode)).room == room


def test_a_pods_deletion_was_asked_for_before_its_grace_began() -> None:
    told = {"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}
    told |= {"finalizers": ["kueue.x-k8s.io/managed", "taskdist.dev/result"]}
    labels = {"taskdist.dev/subtask": "a", "taskdist.dev/attempt": "1"}
    view = pod_view(msgspec.convert({"metadata": {"name": "p", "labels": labels, **told}}, WirePod))
    assert view is not None
    assert (view.deleting, view.held, view.deleted_at) == (True, True, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("said", "usable", "silent"),
    [
        pytest.param("True", True, False, id="ready"),
        pytest.param("False", False, False, id="it says itself that it is not"),
        pytest.param("Unknown", False, True, id="nobody has heard of it"),
    ],
)
def test_a_node_is_silent_only_if_nobody_has_heard_of_it(said: str, usable: bool, silent: bool) -> None:
    since = "2026-01-01T00:00:00Z"
    node = {"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": said}]}}
    node["status"]["conditions"][0]["lastTransitionTime"] = since
    view = node_view(msgspec.convert(node, WireNode))
    assert (view.usable, view.silent_since is not None) == (usable, silent)
