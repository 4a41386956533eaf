"""The first true cause of not running, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from taskdist.api.names import SubTaskReason
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
    ],
)
def test_the_first_true_cause_is_told(of: dict[str, Any], own: dict[str, Any], cause: str, advice: str) -> None:
    found = why(of, "own", {"own": own, "first": subtask("Running")})
    assert cause in found.cause
    assert advice in found.advice


def test_every_advice_is_for_a_reason_that_exists() -> None:
    assert ADVICE.keys() <= {reason.value for reason in SubTaskReason}
