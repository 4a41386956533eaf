"""What the end of a pod means: a cause from a closed list, and what the agent handed back, believed only after checks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from taskdist.api.names import SubTaskReason
from taskdist.reconcile.views import PodPhase, PodView

EXIT_REFUSED = 65
EXIT_RETRY = 75
EXIT_TIMEOUT = 124
EXIT_OOM = 137

_MAX_RESULTS_BYTES = 4096
_MAX_RESULTS = 64
_MAX_ARTIFACTS = 20
_MAX_MESSAGE = 1024
_RESULT_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
"""As docs/agents.md has it: what ``$(tasks.ID.results.KEY)`` can name."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What no program can be given, and what is no character: half a surrogate pair, which JSON can write and UTF-8 cannot."""
_IMAGE_WAITS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
_CONFIG_WAITS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
QUEUE_EVICTION = "TerminationTarget"
"""Type of the condition that Kueue sets on a pod before it deletes it, because its workload has lost its quota."""
_DISRUPTIONS = frozenset({SubTaskReason.PREEMPTED, SubTaskReason.EVICTED, SubTaskReason.NODE_LOST})
_LOST = (SubTaskReason.POD_LOST, "the pod was deleted before its result was seen")
_AGENT_REASONS = {
    reason.value: reason
    for reason in (
        SubTaskReason.TIMEOUT,
        SubTaskReason.SILENT,
        SubTaskReason.OOM_KILLED,
        SubTaskReason.AGENT_ERROR,
        SubTaskReason.AGENT_RETRY,
        SubTaskReason.AGENT_REFUSED,
        SubTaskReason.INVALID_RESULT,
        SubTaskReason.RESULT_MISSING,
        SubTaskReason.AGENT_NOT_CONFIGURED,
    )
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the agent said of itself, checked and bounded."""

    results: tuple[tuple[str, str], ...] = ()
    artifacts: tuple[tuple[str, str], ...] = ()
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    peak_memory_bytes: int | None = None
    reason: SubTaskReason | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``reason`` is ``COMPLETED`` exactly if it succeeded."""

    reason: SubTaskReason
    message: str = ""
    exit_code: int | None = None
    report: Report = Report()

    @property
    def succeeded(self) -> bool:
        """True if the work is done."""
        return self.reason is SubTaskReason.COMPLETED


def outcome_of(pod: PodView) -> Outcome | None:
    """The end of an attempt, or ``None`` while its pod has not ended.

    A pod that was disrupted (evicted, preempted, its node lost) is classified by that, whatever its container returned.
    """
    if not pod.ended:
        return None
    if _killed_by_deletion(pod):
        return Outcome(SubTaskReason.POD_LOST, "the pod was deleted while it ran", pod.exit_code)
    report, problem = read_report(pod.message)
    if pod.phase is PodPhase.SUCCEEDED:
        if problem:
            return Outcome(SubTaskReason.INVALID_RESULT, problem, pod.exit_code, report)
        return Outcome(SubTaskReason.COMPLETED, "", pod.exit_code or 0, report)
    reason, message = _failure(pod, report)
    return Outcome(reason, clean(message or report.error), pod.exit_code, report)


def outcome_of_gone(pod: PodView | None) -> Outcome:
    """The end of an attempt whose pod is no more, last seen as ``pod`` if it was seen at all.

    What was seen to end has not been lost; what was seen to be taken away before it ended was taken away by that.
    """
    if pod is None:
        return Outcome(*_LOST)
    seen = outcome_of(pod)
    if seen is not None:
        return seen
    reason, message = _failure(pod, Report())
    if pod.disrupted and reason in _DISRUPTIONS:
        return Outcome(reason, clean(message))
    return Outcome(*_LOST)


def _killed_by_deletion(pod: PodView) -> bool:
    """True if it failed because somebody deleted it, and nothing else is known of why: the work is not to blame."""
    if pod.phase is not PodPhase.FAILED or pod.disrupted or pod.reason or pod.deleted_at is None:
        return False
    return pod.finished_at is not None and pod.finished_at >= pod.deleted_at


def stuck(pod: PodView) -> tuple[SubTaskReason, str] | None:
    """Why a pod that has not started does not start, if the cluster says so."""
    if pod.unschedulable:
        return SubTaskReason.UNSCHEDULABLE, clean(pod.unschedulable)
    if pod.waiting_reason in _IMAGE_WAITS:
        return SubTaskReason.IMAGE_PULL, clean(f"{pod.waiting_reason}: {pod.waiting_message}")
    if pod.waiting_reason in _CONFIG_WAITS:
        return SubTaskReason.CONTAINER_CONFIG, clean(f"{pod.waiting_reason}: {pod.waiting_message}")
    if pod.gated:
        return SubTaskReason.ADMISSION_PENDING, "the pod waits for admission by its queue; its Workload says for what"
    return None


def _failure(pod: PodView, report: Report) -> tuple[SubTaskReason, str]:
    if pod.reason == "DeadlineExceeded":
        return SubTaskReason.TIMEOUT, pod.status_message
    if pod.termination_reason == "OOMKilled" or report.reason is SubTaskReason.OOM_KILLED:
        return SubTaskReason.OOM_KILLED, f"killed for want of memory; the limit was {pod.memory or 'unknown'}"
    if pod.disrupted == QUEUE_EVICTION:
        return SubTaskReason.PREEMPTED, pod.status_message or "the queue took its quota back"
    if pod.disrupted.startswith("Preemption") or pod.reason == "Preempting":
        return SubTaskReason.PREEMPTED, pod.status_message
    if pod.reason == "Evicted" or pod.disrupted in {
        "EvictionByEvictionAPI",
        "TerminationByKubelet",
        "DeletionByTaintManager",
    }:
        return SubTaskReason.EVICTED, pod.status_message or f"the pod was evicted ({pod.disrupted})"
    if pod.reason in {"NodeLost", "Shutdown", "Terminated"} or pod.disrupted == "DeletionByPodGC":
        return SubTaskReason.NODE_LOST, pod.status_message or "the pod's node is gone"
    if pod.exit_code is None:
        return SubTaskReason.POD_REJECTED, f"{pod.reason}: {pod.status_message}".strip(": ")
    if report.reason is not None:
        return report.reason, report.error
    if pod.exit_code == EXIT_REFUSED:
        return (
            SubTaskReason.AGENT_REFUSED,
            report.error or "the agent says that another try is of no use (exit code 65)",
        )
    if pod.exit_code == EXIT_RETRY:
        return SubTaskReason.AGENT_RETRY, report.error or "the agent asks to be tried again (exit code 75)"
    if pod.exit_code == EXIT_TIMEOUT:
        return SubTaskReason.TIMEOUT, report.error or "the agent ended at its deadline (exit code 124)"
    return SubTaskReason.AGENT_ERROR, report.error or f"the agent ended with exit code {pod.exit_code}"


def read_report(message: str) -> tuple[Report, str]:
    """Read a termination message; returns what holds, and what is wrong with it (empty if nothing).

    An empty message is an agent without results. What is not a JSON object is an error text, of which no result is believed.
    """
    if not message.strip():
        return Report(), ""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return Report(error=clean(message)), "the agent's termination message is not JSON"
    if not isinstance(said, dict):
        return Report(error=clean(message)), "the agent's termination message is not a JSON object"
    results, problem = _results(said.get("results"))
    usage = said.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return (
        Report(
            results=results,
            artifacts=_artifacts(said.get("artifacts")),
            tokens=_whole(usage.get("tokens"), 2**53) or 0,
            cost_usd=_money(usage.get("costUSD")),
            peak_memory_bytes=_whole(usage.get("peakMemoryBytes"), 2**60),
            reason=_AGENT_REASONS.get(str(said.get("reason"))),
            error=clean(said["error"]) if isinstance(said.get("error"), str) else "",
        ),
        problem,
    )


def clean(text: str) -> str:
    """Text for a status: one line, no control characters (a terminal would obey them), at most 1,024 characters."""
    kept = "".join(c if c.isprintable() else " " for c in text[: 4 * _MAX_MESSAGE])
    kept = " ".join(kept.split())
    return kept if len(kept) <= _MAX_MESSAGE else kept[: _MAX_MESSAGE - 1] + "…"


def _results(said: Any) -> tuple[tuple[tuple[str, str], ...], str]:
    if said is None:
        return (), ""
    if not isinstance(said, dict):
        return (), "results: expected an object"
    if len(said) > _MAX_RESULTS:
        return (), f"results: {len(said)} keys, at most {_MAX_RESULTS} are kept"
    for key in said:
        if not _RESULT_KEY.fullmatch(key):
            return (), f'results: "{clean(key)[:80]}" is not a key; use letters, digits, "-" and "_", at most 63'
    kept = tuple(
        (str(key), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        for key, value in sorted(said.items())
    )
    for key, value in kept:
        if UNSTORABLE.search(value):
            return (), f'results: "{key}" holds a NUL character or half a surrogate pair'
    size = sum(len(key) + len(value.encode()) for key, value in kept)
    if size > _MAX_RESULTS_BYTES:
        return (), f"results: {size} bytes, at most {_MAX_RESULTS_BYTES} are kept"
    return kept, ""


def _artifacts(said: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(said, list):
        return ()
    found = []
    for artifact in said[:_MAX_ARTIFACTS]:
        if not (isinstance(artifact, dict) and isinstance(artifact.get("name"), str)):
            continue
        name, uri = clean(artifact["name"])[:253], artifact.get("uri")
        if name:
            found.append((name, clean(uri)[:2048] if isinstance(uri, str) else ""))
    return tuple(found)


def _whole(said: Any, most: int) -> int | None:
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        value = int(said)
    except (ValueError, OverflowError):
        return None
    return value if 0 <= value <= most else None


def _money(said: Any) -> Decimal:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return Decimal(0)
    try:
        value = Decimal(str(said))
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() and 0 <= value <= 10**9 else Decimal(0)
