"""A world without a cluster: plans from a few words, and an API server that obeys every action."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from taskdist.api.agent_type import AgentType
from taskdist.api.names import API_VERSION
from taskdist.api.provider import Provider
from taskdist.api.sub_task import SubTask
from taskdist.api.task_distribution import TaskDistribution
from taskdist.cluster.wire import WirePod, WireSubTask, pod_view, subtask_view
from taskdist.engine.model import (
    Complexity,
    Dependency,
    Estimate,
    Finding,
    Plan,
    PlannedSubTask,
    Resources,
    Retry,
    Routing,
    Severity,
    TriggerRule,
    Work,
)
from taskdist.reconcile.actions import (
    CreateObject,
    CreatePod,
    CreateSubTask,
    Decision,
    DeleteObject,
    DeletePod,
    DeleteSubTask,
    PatchSubTaskStatus,
    ReleasePod,
)
from taskdist.reconcile.decide import decide
from taskdist.reconcile.planning import needs_plan
from taskdist.reconcile.projection import Catalogue, PlanRecord, Projection

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TaskBuilder:
    planned: PlannedSubTask

    def after(self, *names: str) -> TaskBuilder:
        return self._with(depends_on=tuple(Dependency(n) for n in names))

    def when(self, rule: TriggerRule) -> TaskBuilder:
        return self._with(trigger_rule=rule)

    def retry(self, limit: int, backoff: int = 10) -> TaskBuilder:
        return self._with(retry=Retry(limit=limit, backoff_seconds=backoff))

    def priority(self, value: int) -> TaskBuilder:
        return self._with(priority=value)

    def locks(self, *names: str) -> TaskBuilder:
        return self._with(locks=names)

    def for_each(self, reference: str) -> TaskBuilder:
        return self._with(for_each_result=reference)

    def cached(self, key: str, seconds: int | None = None) -> TaskBuilder:
        return self._with(cache_key=key, cache_seconds=seconds)

    def agent(self, name: str) -> TaskBuilder:
        return self._with(agent_type=name)

    def on(self, provider: str) -> TaskBuilder:
        return self._with(provider=provider)

    def script(self, text: str) -> TaskBuilder:
        return self._with(work=Work(script=text), definition_hash=f"{hash(text) & 0xFFFFFFFF:x}")

    def _with(self, **changes: Any) -> TaskBuilder:
        return TaskBuilder(replace(self.planned, **changes))


def task(name: str) -> TaskBuilder:
    """A plain subtask of the general agent type, without retries."""
    return TaskBuilder(
        PlannedSubTask(
            id=name,
            description=f"do {name}",
            agent_type="general",
            specialization="general",
            depends_on=(),
            trigger_rule=TriggerRule.ALL_SUCCEEDED,
            work=Work(script="true"),
            complexity=Complexity(0.5),
            routing=Routing("general", 1.0),
            resources=Resources(500, 2**30),
            provider="",
            estimate=Estimate(10, Decimal("0.05"), 5, 20, Decimal("0.04"), Decimal("0.09")),
            start=0,
            finish=10,
            slack_seconds=0,
            critical=True,
            priority=0,
            retry=Retry(limit=0),
            definition_hash="aa",
        )
    )


def plan(*tasks: TaskBuilder, digest: str = "abc1") -> Plan:
    return Plan(subtasks=tuple(t.planned for t in tasks), hash=digest)


def invalid_plan(code: str = "CycleFound", message: str = "a -> b -> a") -> Plan:
    return Plan(findings=(Finding(code, Severity.ERROR, "spec.tasks", message),))


def distribution(
    uid: str = "root-uid",
    generation: int = 1,
    name: str = "release",
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> TaskDistribution:
    metadata = {"name": name, "namespace": "team", "uid": uid, "generation": generation}
    return TaskDistribution.model_validate(
        {
            "metadata": metadata | {"annotations": annotations or {}},
            "spec": {"description": "do it", **spec},
        }
    )


def agent_type(name: str = "general", **spec: Any) -> AgentType:
    return AgentType.model_validate({"metadata": {"name": name}, "spec": {"specialization": name, **spec}})


def provider(name: str, **spec: Any) -> Provider:
    return Provider.model_validate({"metadata": {"name": name}, "spec": {"vendor": name, **spec}})


@dataclass
class World:
    """Applies every action at once, counts writes, and lets a test end pods as it likes."""

    planned: Plan
    root: TaskDistribution = field(default_factory=distribution)
    now: datetime = START
    status: dict[str, Any] = field(default_factory=dict)
    subtasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    plans: dict[str, PlanRecord] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    most_at_once: int = 0
    shared: Catalogue | None = None
    report: bool = True

    def __post_init__(self) -> None:
        self._uids = count(1)
        self._versions = count(1)
        self.seen = Projection("team", self.root.metadata.name)
        self.catalogue = self.shared or Catalogue({"general": agent_type()}, {}, "agent:1")
        self.seen.observe_root(self.root, self.status)

    # --- the operator ----------------------------------------------------------------------------------------------

    def step(self) -> Decision:
        if needs_plan(self.seen):
            self.seen.planned, self.seen.planned_for = self.planned, self.seen.spec_hash
        decision = decide(self.seen, self.catalogue, self.now, report=self.report)
        for action in decision.actions:
            self._apply(action)
        if decision.status is not None:
            self.status = self.seen.root_status = decision.status
        return decision

    def settle(self, passes: int = 200) -> None:
        """Step until nothing more is decided."""
        for _ in range(passes):
            decision = self.step()
            if not decision.actions and decision.status is None:
                return
        raise AssertionError("still deciding after many passes")

    def forget_everything(self) -> None:
        """What a restart does: a new projection, made from the objects alone."""
        self.seen = Projection("team", self.root.metadata.name)
        self.seen.plans = dict(self.plans)
        self.seen.observe_root(self.root, self.status)
        for raw in self.subtasks.values():
            self.seen.observe_subtask(_subtask(raw))
        for raw in self.pods.values():
            self.seen.observe_pod(_pod(raw))

    # --- what happens ----------------------------------------------------------------------------------------------

    def run_pod(self, name: str) -> None:
        pod = self.pods[name]
        pod["status"] = {
            "phase": "Running",
            "containerStatuses": [{"state": {"running": {"startedAt": _time(self.now)}}}],
        }
        self.seen.observe_pod(_pod(pod))

    def end_pod(self, name: str, code: int = 0, message: str = "", reason: str = "", seconds: int = 1) -> None:
        started = self.now
        self.now += timedelta(seconds=seconds)
        pod = self.pods[name]
        state = {"exitCode": code, "reason": reason, "message": message}
        times = {"startedAt": _time(started), "finishedAt": _time(self.now)}
        pod["status"] = {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [{"state": {"terminated": {**state, **times}}}],
        }
        self.seen.observe_pod(_pod(pod))

    def delete_pod(self, name: str) -> None:
        """Whoever asks for it: what has a finalizer stays in sight."""
        if not self.pods[name]["metadata"].get("finalizers"):
            self.lose_pod(name)
            return
        self.pods[name]["metadata"].setdefault("deletionTimestamp", _time(self.now))
        self.seen.observe_pod(_pod(self.pods[name]))

    def lose_pod(self, name: str) -> None:
        self.seen.forget_pod(_pod(self.pods.pop(name)))

    def forge(self, id_: str, **spec: Any) -> None:
        """Somebody writes the spec of a SubTask."""
        raw = self.subtasks[f"{self.root.metadata.name}-{id_}"]
        raw["spec"] |= spec
        raw["metadata"] |= {"generation": 2, "resourceVersion": str(next(self._versions))}
        self.seen.observe_subtask(_subtask(raw))

    def edit(self, planned: Plan | None = None, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        metadata = self.root.metadata
        self.root = distribution(
            generation=metadata.generation + 1, name=metadata.name, annotations=annotations, **spec
        )
        self.planned = planned or self.planned
        self.seen.observe_root(self.root, self.status)

    def run_to_the_end(self, code: int = 0) -> None:
        """End every pod that is alive, over and over."""
        for _ in range(500):
            self.settle()
            alive = [n for n, p in self.pods.items() if "status" not in p or p["status"]["phase"] == "Running"]
            if not alive:
                return
            self.end_pod(alive[0], code)
        raise AssertionError("does not end")

    # --- what is seen ----------------------------------------------------------------------------------------------

    def phase(self, id_: str) -> str:
        return str(self.subtasks[f"{self.root.metadata.name}-{id_}"].get("status", {}).get("phase", "Waiting"))

    def phases(self) -> dict[str, str]:
        prefix = f"{self.root.metadata.name}-"
        return {name.removeprefix(prefix): self.phase(name.removeprefix(prefix)) for name in self.subtasks}

    def reason(self, id_: str) -> str:
        return str(self.subtasks[f"{self.root.metadata.name}-{id_}"].get("status", {}).get("reason", ""))

    def condition(self, type_: str) -> dict[str, Any]:
        return next(c for c in self.status["conditions"] if c["type"] == type_)

    # --- the API server --------------------------------------------------------------------------------------------

    def _apply(self, action: Any) -> None:
        match action:
            case CreateObject(kind="ExecutionPlan"):
                spec = action.body["spec"]
                notes = action.body["metadata"]["annotations"]
                record = PlanRecord(
                    action.name,
                    spec["revision"],
                    spec["hash"],
                    notes["taskdist.dev/spec-hash"],
                    spec["subtaskCount"],
                    "root-uid",
                    action.name,
                    notes.get("taskdist.dev/rests-on", ""),
                )
                self.plans[action.name] = self.seen.plans[action.name] = record
                self.seen.pending.discard(("plan", action.name))
            case CreateSubTask():
                assert action.name not in self.subtasks
                SubTask.model_validate(action.body)
                raw = self._stored(action.body)
                self.subtasks[action.name] = raw
                self.seen.pending.discard(("subtask", action.id))
                self.seen.observe_subtask(_subtask(raw))
            case CreatePod():
                assert action.name not in self.pods, "a second pod of one attempt"
                self.created.append(action.name)
                raw = self._stored(action.body)
                self.pods[action.name] = raw
                self.seen.pending.discard(("pod", action.subtask_id))
                self.seen.observe_pod(_pod(raw))
                alive = [
                    p for p in self.pods.values() if p.get("status", {}).get("phase") not in {"Succeeded", "Failed"}
                ]
                self.most_at_once = max(self.most_at_once, len(alive))
            case PatchSubTaskStatus():
                raw = self.subtasks[action.name]
                assert raw["metadata"]["resourceVersion"] == action.resource_version
                before = raw.get("status", {}).get("phase")
                assert before not in {"Succeeded", "Failed", "Skipped", "Cancelled"}, "a terminal phase reverts"
                merged = {**raw.get("status", {}), **action.status}
                raw["status"] = {k: v for k, v in merged.items() if v is not None}
                SubTask.model_validate(raw)
                raw["metadata"]["resourceVersion"] = str(next(self._versions))
                self.seen.pending.discard(("status", action.id))
                self.seen.observe_subtask(_subtask(raw))
            case DeleteObject():
                self.deleted.append(action.name)
                self.seen.pending.discard(("delete", action.uid))
                del self.plans[action.name], self.seen.plans[action.name]
            case DeletePod():
                self.deleted.append(action.name)
                self.seen.pending.discard(("delete", action.uid))
                self.delete_pod(action.name)
            case ReleasePod():
                self._let_go(action)
            case DeleteSubTask():
                self.deleted.append(action.name)
                self.seen.pending.discard(("delete", action.uid))
                del self.subtasks[action.name]
                self.seen.forget_subtask(action.id, action.uid)
                for name in [n for n, p in self.pods.items() if _owner(p) == action.uid]:
                    self.delete_pod(name)

    def _let_go(self, action: ReleasePod) -> None:
        self.released.append(action.name)
        self.seen.pending.discard(("release", action.uid))
        self.seen.released(action.uid)
        del self.pods[action.name]["metadata"]["finalizers"]
        if "deletionTimestamp" in self.pods[action.name]["metadata"]:
            self.lose_pod(action.name)

    def _stored(self, body: dict[str, Any]) -> dict[str, Any]:
        raw: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
        raw["metadata"] |= {
            "uid": f"{self.root.metadata.name}-{next(self._uids)}",
            "resourceVersion": str(next(self._versions)),
        }
        raw["metadata"]["creationTimestamp"] = _time(self.now)
        assert raw["apiVersion"] in {API_VERSION, "v1"}
        return raw


def _subtask(raw: dict[str, Any]) -> Any:
    return subtask_view(msgspec.json.decode(msgspec.json.encode(raw), type=WireSubTask))


def _pod(raw: dict[str, Any]) -> Any:
    view = pod_view(msgspec.json.decode(msgspec.json.encode(raw), type=WirePod))
    assert view is not None
    return view


def _owner(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["ownerReferences"][0]["uid"])


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
