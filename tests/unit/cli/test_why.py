"""The first true cause of not running, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from taskdist.api.names import SubTaskReason
from taskdist.cli.admission import refused
from taskdist.cli.why import ADVICE, why


def root(suspend: bool = False, approved: str = "AutoApproved", planned: str = "True", **status: Any) -> dict[str, Any]:
    conditions = [
        {"type": "Planned", "status": planned, "message": "a -> b -> a"},
        {"type": "Approved", "status": "True", "reason": approved},
    ]
    spec = {"suspend": suspend, "limits": {"maxParallel": 1}}
    return {"metadata": {"name": "release"}, "spec": spec, "status": {"conditions": conditions, **status}}


def subtask(phase: str = "Waiting", *after: str, reason: str = "", message: str = "", **status: Any) -> dict[str, Any]:
    edges = [{"name": name} for name in after]
    return {"spec": {"dependsOn": edges}, "status": {"phase": phase, "reason": reason, "message": message, **status}}


@pytest.mark.parametrize(
    ("of", "own", "cause", "advice"),
    [
        pytest.param(root(planned="False"), subtask(), "no valid plan: a -> b -> a", "mend the spec", id="invalid"),
        pytest.param(root(approved="PlanOnly"), subtask(), "PlanOnly", "Auto or Manual", id="plan only"),
        pytest.param(root(approved="AwaitingApproval"), subtask(), "approval", "taskdist approve release", id="manual"),
        pytest.param(root(), subtask("Waiting", "first"), "waits for first (Running)", "", id="a dependency"),
        pytest.param(
            root(suspend=True), subtask("Waiting", "first"), "waits for first", "", id="dependency before all"
        ),
        pytest.param(root(suspend=True), subtask(), "suspended", "taskdist resume release", id="suspended"),
        pytest.param(
            root(),
            subtask("Ready", reason="LockHeld", message="waits for lock t, held by one/a"),
            "held by one/a",
            "given back",
            id="a lock",
        ),
        pytest.param(
            root(),
            subtask(
                "Retrying", attempts=[{"number": 1, "reason": "AgentError"}], nextAttemptTime="2026-01-01T00:00:10Z"
            ),
            "attempt 1 ended with AgentError; the next may start at 2026-01-01T00:00:10Z",
            "",
            id="back-off",
        ),
        pytest.param(root(counts={"running": 1}), subtask(), "maxParallel is reached", "raise", id="no room"),
        pytest.param(
            root(), subtask("Failed", reason="AgentError"), "ended: Failed (AgentError)", "retry", id="failed"
        ),
        pytest.param(root(), subtask("Running", attempts=[{"node": "n1"}]), "it runs on n1", "", id="running"),
        pytest.param(
            root(),
            subtask("Running", reason="NodeUnreachable", message="node n1 has been unreachable since noon"),
            "NodeUnreachable: node n1 has been unreachable since noon",
            "out-of-service",
            id="its node is silent",
        ),
    ],
)
def test_the_first_true_cause_is_told(of: dict[str, Any], own: dict[str, Any], cause: str, advice: str) -> None:
    found = why(of, "own", {"own": own, "first": subtask("Running")})
    assert cause in found.cause
    assert advice in found.advice


REFUSED = "insufficient unused quota for cpu in flavor any-node, 200m more needed"


@pytest.mark.parametrize(
    ("said", "cause", "advice"),
    [
        pytest.param({"u1": REFUSED}, f"queue team has not let it in: {REFUSED}", "when there is quota", id="told"),
        pytest.param({"u0": REFUSED}, "queue team has not let it in: it waits", "get workloads", id="not told"),
    ],
)
def test_what_the_queue_says_is_told(said: dict[str, str], cause: str, advice: str) -> None:
    of = root()
    of["spec"]["queueName"] = "team"
    attempts = [{"number": 1, "podUID": "u0", "reason": "Preempted"}, {"number": 2, "podUID": "u1"}]
    own = subtask("Queued", reason="AdmissionPending", message="it waits", attempts=attempts)
    found = why(of, "own", {"own": own}, said)
    assert found.cause == cause
    assert advice in found.advice


def workload(*conditions: tuple[str, str, str], checks: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    told = [{"type": type_, "status": status, "message": message} for type_, status, message in conditions]
    owners = [{"kind": "Pod", "name": "release-own-1", "uid": "u1"}]
    status = {"conditions": told, "admissionChecks": list(checks)}
    return {"metadata": {"name": "pod-release-own-1", "ownerReferences": owners}, "status": status}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(workload(("QuotaReserved", "False", REFUSED)), {"u1": REFUSED}, id="no quota"),
        pytest.param(workload(), {}, id="not looked at yet"),
        pytest.param(
            workload(("QuotaReserved", "True", ""), checks=({"name": "budget", "state": "Pending"},)),
            {"u1": "admission check budget: Pending"},
            id="a check",
        ),
        pytest.param(workload(("QuotaReserved", "True", ""), ("Admitted", "True", "")), {}, id="admitted"),
    ],
)
def test_why_a_workload_is_not_admitted(of: dict[str, Any], expected: dict[str, str]) -> None:
    assert refused([of]) == expected


def test_every_advice_is_for_a_reason_that_exists() -> None:
    assert ADVICE.keys() <= {reason.value for reason in SubTaskReason}
