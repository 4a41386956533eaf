"""What the end of a pod means, and what is believed of what an agent says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.api.names import SubTaskReason
from taskdist.api.task_distribution import OutOfMemory
from taskdist.engine.model import Retry
from taskdist.reconcile.outcome import clean, outcome_of, outcome_of_gone, read_report
from taskdist.reconcile.retry import next_attempt
from taskdist.reconcile.views import PodPhase, PodView


def ended(code: int | None = 1, **seen: Any) -> PodView:
    phase = PodPhase.SUCCEEDED if code == 0 else PodPhase.FAILED
    return PodView("p", "u", "a", 1, "st", **({"phase": phase, "exit_code": code, "memory": "64Mi"} | seen))


@pytest.mark.parametrize(
    ("pod", "reason"),
    [
        pytest.param(ended(0), SubTaskReason.COMPLETED, id="exit 0"),
        pytest.param(ended(1), SubTaskReason.AGENT_ERROR, id="any other exit code"),
        pytest.param(ended(65), SubTaskReason.AGENT_REFUSED, id="exit 65"),
        pytest.param(ended(75), SubTaskReason.AGENT_RETRY, id="exit 75"),
        pytest.param(ended(124), SubTaskReason.TIMEOUT, id="exit 124"),
        pytest.param(ended(137, termination_reason="OOMKilled"), SubTaskReason.OOM_KILLED, id="killed by the kernel"),
        pytest.param(ended(137, message='{"reason":"OOMKilled"}'), SubTaskReason.OOM_KILLED, id="its child was killed"),
        pytest.param(ended(137), SubTaskReason.AGENT_ERROR, id="137 alone is no proof of an OOM kill"),
        pytest.param(
            ended(143, disrupted="EvictionByEvictionAPI"), SubTaskReason.EVICTED, id="evicted through the API"
        ),
        pytest.param(ended(None, reason="Evicted"), SubTaskReason.EVICTED, id="evicted by the kubelet"),
        pytest.param(ended(143, disrupted="PreemptionByScheduler"), SubTaskReason.PREEMPTED, id="preempted"),
        pytest.param(ended(143, disrupted="TerminationTarget"), SubTaskReason.PREEMPTED, id="its queue took it back"),
        pytest.param(
            ended(0, disrupted="TerminationTarget"), SubTaskReason.COMPLETED, id="done before its queue could take it"
        ),
        pytest.param(ended(None, disrupted="DeletionByPodGC"), SubTaskReason.NODE_LOST, id="its node is gone"),
        pytest.param(ended(None, reason="OutOfcpu"), SubTaskReason.POD_REJECTED, id="refused by the kubelet"),
        pytest.param(ended(None, reason="DeadlineExceeded"), SubTaskReason.TIMEOUT, id="active deadline"),
        pytest.param(ended(0, message="not json"), SubTaskReason.INVALID_RESULT, id="a result that is not JSON"),
        pytest.param(
            ended(0, message='{"results":[1]}'), SubTaskReason.INVALID_RESULT, id="results that are no object"
        ),
        pytest.param(
            ended(0, message=json.dumps({"results": {"x": "y" * 5000}})), SubTaskReason.INVALID_RESULT, id="too large"
        ),
    ],
)
def test_cause(pod: PodView, reason: SubTaskReason) -> None:
    outcome = outcome_of(pod)
    assert outcome is not None
    assert outcome.reason is reason


@pytest.mark.parametrize(
    ("pod", "reason"),
    [
        pytest.param(None, SubTaskReason.POD_LOST, id="never seen"),
        pytest.param(ended(0), SubTaskReason.COMPLETED, id="seen to succeed"),
        pytest.param(ended(1), SubTaskReason.AGENT_ERROR, id="seen to fail"),
        pytest.param(ended(None, phase=PodPhase.RUNNING), SubTaskReason.POD_LOST, id="deleted by whoever"),
        pytest.param(
            ended(None, phase=PodPhase.PENDING, disrupted="TerminationTarget"),
            SubTaskReason.PREEMPTED,
            id="taken back by its queue before it started",
        ),
        pytest.param(
            ended(None, phase=PodPhase.RUNNING, disrupted="DeletionByPodGC"),
            SubTaskReason.NODE_LOST,
            id="with its node",
        ),
        pytest.param(
            ended(None, phase=PodPhase.RUNNING, disrupted="Unheard"), SubTaskReason.POD_LOST, id="by an unknown cause"
        ),
    ],
)
def test_cause_of_what_is_gone(pod: PodView | None, reason: SubTaskReason) -> None:
    assert outcome_of_gone(pod).reason is reason


def test_a_pod_that_runs_has_no_outcome() -> None:
    assert outcome_of(ended(None, phase=PodPhase.RUNNING)) is None


def test_terminal_escapes_never_reach_a_status() -> None:
    outcome = outcome_of(ended(1, message=json.dumps({"error": "\x1b[31mred\x1b[0m\r\nnext\u202e"})))
    assert outcome is not None
    assert outcome.message == "[31mred [0m next"


@given(st.text(max_size=3000))
def test_whatever_an_agent_says_is_one_bounded_printable_line(said: str) -> None:
    line = clean(said)
    assert len(line) <= 1024
    assert line.isprintable()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda x: st.lists(x) | st.dictionaries(st.text(max_size=5), x),
    )
)
def test_no_report_is_a_traceback(said: Any) -> None:
    report, problem = read_report(json.dumps({"results": said, "usage": said, "artifacts": said, "reason": said}))
    assert sum(len(k) + len(v) for k, v in report.results) <= 4096
    assert isinstance(problem, str)


FOREVER = Retry(limit=3, backoff_seconds=10, max_backoff_seconds=25)
OOM = OutOfMemory()


@pytest.mark.parametrize(
    ("reason", "earlier", "wait"),
    [
        pytest.param("AgentError", (), 10.0, id="first failure"),
        pytest.param("AgentError", ("AgentError",), 20.0, id="the wait doubles"),
        pytest.param("AgentError", ("AgentError",) * 2, 25.0, id="and is bounded"),
        pytest.param("AgentError", ("AgentError",) * 3, None, id="the limit is reached"),
        pytest.param("AgentError", ("Evicted",) * 9, 10.0, id="evictions do not count against the work"),
        pytest.param("Evicted", ("AgentError",) * 3, 0.0, id="an eviction is tried again at once"),
        pytest.param("OOMKilled", ("AgentError",) * 3, 0.0, id="an OOM kill has a budget of its own"),
        pytest.param("OOMKilled", ("OOMKilled",) * 2, None, id="which ends too"),
        pytest.param("AgentRefused", (), None, id="the agent says never"),
    ],
)
def test_next_attempt(reason: str, earlier: tuple[str, ...], wait: float | None) -> None:
    follow = next_attempt(SubTaskReason(reason), tuple(map(SubTaskReason, earlier)), FOREVER, OOM, "64Mi")
    assert (follow.wait_seconds if follow else None) == wait
