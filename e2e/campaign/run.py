"""Runs cases side by side on one cluster and judges each from outside: by the API server, its audit log, and the operator's log.

Each case has two namespaces: in one it is created, changed and rolled back; in the other, its twin, only created.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import Any

from e2e.campaign.cases import Case, Json, Part
from e2e.cluster import ClusterError
from e2e.faults.api import OURS, RefusedError
from e2e.faults.audit import Event
from e2e.faults.endstate import EndState
from e2e.faults.scene import NAME, Scene
from e2e.faults.shrink import minimal
from e2e.operator_process import OperatorProcess
from taskdist import engine
from taskdist.api.names import Annotation, SubTaskReason
from taskdist.api.task_distribution import TaskDistribution
from taskdist.planning import shipped
from taskdist.planning.checks import check
from taskdist.planning.request import InvalidRequest, plan_request

BOUND = 60.0
"""Seconds in which a case must come to rest."""
_LOOKS = 15
_AT_REST = frozenset({"Stalled", "Planned", "AwaitingApproval", "Suspended"})
_SAME_WHATEVER_HAPPENED = ("phase", "progress", "conditions", "counts", "subtasks")
_REJECTED = frozenset({400, 413, 422})


@dataclass(slots=True)
class Verdict:
    """What became of a case: `wrong` in words, and what the figures are made of."""

    case: Case
    wrong: list[str] = field(default_factory=list)
    created: bool = False
    changed: bool = False
    invalid: bool = False
    invalid_seconds: float = 0.0
    phase: str = ""
    history: list[str] = field(default_factory=list)


class Campaign:
    """Cases against one running operator."""

    def __init__(self, scene: Scene, operator: OperatorProcess, *, lanes: int = 8) -> None:
        self._scene = scene
        self._operator = operator
        self._lanes = lanes
        self._begin = len(operator.log())
        self._oracle = threading.Lock()  # the audit log is read by one lane at a time

    def run(self, cases: Sequence[Case], told: Callable[[Verdict], None] = lambda _: None) -> list[Verdict]:
        """Judge them all; `told` hears of each as it ends."""
        verdicts = []
        with ThreadPoolExecutor(self._lanes) as pool:
            for verdict in pool.map(self.judge, cases):
                verdicts.append(verdict)
                told(verdict)
        return verdicts

    def judge(self, case: Case) -> Verdict:
        """Run one case."""
        verdict = Verdict(case)
        with self._scene.namespaces(2) as (mine, twin):
            try:
                self._run(case, mine, twin, verdict)
            except (ClusterError, RefusedError) as error:
                verdict.wrong.append(str(error))
            with self._oracle:
                verdict.wrong += self._scene.wrong(mine) + self._scene.wrong(twin)
                if verdict.wrong:
                    verdict.history = history(self._scene.events(mine))
        if self._operator.ended:
            verdict.wrong.append("the operator has ended")
        return verdict

    def alarms(self) -> list[str]:
        """Lines of the operator's log that somebody would be woken for, with what follows them."""
        lines = self._operator.log()[self._begin :].splitlines()
        return [
            "\n".join(lines[number : number + 25])
            for number, line in enumerate(lines)
            if " ERROR " in line or " CRITICAL" in line or line.startswith("Traceback")
        ]

    def smallest(self, case: Case, tries: int = 12) -> Case:
        """The fewest parts that still fail."""

        def fails(parts: list[Part]) -> bool:
            return bool(self.judge(case.of(parts)).wrong)

        return case.of(minimal(case.parts, fails, tries=tries))

    # --- one case ----------------------------------------------------------------------------------------------------

    def _run(self, case: Case, mine: str, twin: str, verdict: Verdict) -> None:
        verdict.created = self._create(mine, case.before, verdict)
        if not verdict.created:
            self._nothing_in(mine, verdict)
            # What cannot be created cannot be changed to either; the other way round it is a sound one that is spoilt.
            if self._create(mine, case.after, verdict):
                self._settle(mine, verdict)
                if self._replace(mine, case.before):
                    verdict.wrong.append("refused at creation, taken as an edit")
                self._children(mine, verdict)
            return
        self._create(twin, case.before, verdict)
        if case.early:
            self._scene.eventually(f"{mine}: seen", lambda: self._observed(self._root(mine)), BOUND)
        else:
            self._settle(mine, verdict)
        verdict.changed = self._replace(mine, case.after)
        self._agree(case.after, verdict.changed, verdict)
        if verdict.changed:
            if case.early:
                self._scene.eventually(f"{mine}: the change seen", lambda: self._observed(self._root(mine)), BOUND)
            else:
                self._settle(mine, verdict)
            self._roll_back(mine, case)
        self._settle(mine, verdict)
        self._settle(twin, verdict)
        self._compare(mine, twin, verdict)
        self._children(mine, verdict)
        self._children(twin, verdict)

    def _create(self, namespace: str, spec: Json, verdict: Verdict) -> bool:
        begin = time.monotonic()
        try:
            self._scene.api.create(namespace, NAME, spec)
        except RefusedError as error:
            if error.status not in _REJECTED:
                verdict.wrong.append(f"refused with {error}")
            self._agree(spec, False, verdict)
            return False
        self._agree(spec, True, verdict)
        planned = lambda: self._condition(self._root(namespace), "Planned")  # noqa: E731
        self._scene.eventually(f"{namespace}: planned", lambda: planned().get("status") in {"True", "False"}, BOUND)
        if planned()["status"] == "False":
            verdict.invalid = True
            verdict.invalid_seconds = max(verdict.invalid_seconds, time.monotonic() - begin)
        return True

    def _replace(self, namespace: str, spec: Json, annotations: Json | None = None) -> bool:
        patch: list[Json] = [{"op": "add", "path": "/spec", "value": spec}]
        if annotations:
            patch.append({"op": "add", "path": "/metadata/annotations", "value": annotations})
        try:
            self._scene.api.request("PATCH", _root_path(namespace), patch, "application/json-patch+json")
        except RefusedError as error:
            if error.status not in _REJECTED:
                raise
            return False
        return True

    def _roll_back(self, namespace: str, case: Case) -> None:
        """Back to the first spec; what has ended under the other one is run again, as `taskdist resubmit` does."""
        ended = self._condition(self._root(namespace), "Finished").get("status") == "True"
        ended = ended or _ends_it(case.after)
        self._replace(namespace, case.before, {Annotation.RETRY: "again"} if ended else None)

    def _settle(self, namespace: str, verdict: Verdict) -> None:
        """Return when nothing more will happen by itself."""
        self._scene.eventually(f"{namespace}: at rest", lambda: self._at_rest(namespace), BOUND)
        root = self._root(namespace)
        verdict.phase = root["status"]["phase"]
        if self._condition(root, "Planned")["status"] == "False":
            self._invalid(namespace, root, verdict)

    def _at_rest(self, namespace: str) -> bool:
        root = self._root(namespace)
        if not self._observed(root):
            return False
        status = root["status"]
        if self._condition(root, "Finished").get("status") == "True":
            expires = root["spec"].get("ttlSecondsAfterFinished")
            return expires is None or expires > BOUND or not self._scene.api.subtasks(namespace)
        if status["phase"] in _AT_REST:
            return not [pod for pod in self._scene.api.pods(namespace) if _alive(pod)]
        return self._held(namespace)

    def _held(self, namespace: str) -> bool:
        """Something that only people can mend keeps it, and it says so."""
        subtasks = [st.get("status", {}) for st in self._scene.api.subtasks(namespace)]
        held = [
            st for st in subtasks if st.get("phase") in {"Ready", "Queued"} and st.get("reason") and st.get("message")
        ]
        busy = [st for st in subtasks if st.get("phase") in {"Running", "Retrying"}]
        started = [pod for pod in self._scene.api.pods(namespace) if pod["status"].get("phase") == "Running"]
        return bool(held) and not busy and not started

    def _invalid(self, namespace: str, root: Json, verdict: Verdict) -> None:
        status = root["status"]
        if not any(one["severity"] == "Error" and one["code"] for one in status.get("warnings", ())):
            verdict.wrong.append(f"an invalid plan without a code: {self._condition(root, 'Planned')}")
        if root["metadata"]["generation"] == 1 and self._scene.api.pods(namespace):
            verdict.wrong.append("an invalid plan, and pods")

    def _nothing_in(self, namespace: str, verdict: Verdict) -> None:
        if self._scene.api.subtasks(namespace) or self._scene.api.pods(namespace):
            verdict.wrong.append("it was refused, and there are children")

    def _agree(self, spec: Json, taken: bool, verdict: Verdict) -> None:
        """`taskdist lint` must say what the API server says.

        It may say more of what the server drops without a word: fields that it does not know, and fields with nothing behind.
        """
        mistakes = check(TaskDistribution, {"metadata": {"name": NAME}, "spec": spec})
        graver = [one for one in mistakes if "unknown field" not in one.message and "not nothing" not in one.message]
        if taken and graver:
            verdict.wrong.append(f"the server takes what lint refuses: {graver[0].path} {graver[0].message}")
        if not taken and not mistakes and sound(spec):
            verdict.wrong.append("lint takes what the server refuses")

    # --- at the end --------------------------------------------------------------------------------------------------

    def _compare(self, mine: str, twin: str, verdict: Verdict) -> None:
        """The status of the whole is written once a second at most: a difference that stays is one."""
        for _ in range(_LOOKS):
            wrong = self._different(mine, twin)
            if not wrong:
                return
            time.sleep(1)
        verdict.wrong += wrong

    def _different(self, mine: str, twin: str) -> list[str]:
        with self._oracle:
            found, wanted = self._scene.end_state(mine), self._scene.end_state(twin)
            blameless = taken_by_the_nodes(self._scene.events(mine)), taken_by_the_nodes(self._scene.events(twin))
        found, wanted = without_lost(found, blameless[0]), without_lost(wanted, blameless[1])
        if self._condition(self._root(twin), "Planned")["status"] == "False" or wanted.phase in _AT_REST:
            # A gate destroys nothing: what the other spec has made stays until there is a plan to replace it by.
            found, wanted = (
                replace(state, progress="", counts=(), subtasks=(), plan=("", 0)) for state in (found, wanted)
            )
        return [f"not as from fresh, {text}" for text in differences(found, wanted)]

    def _children(self, namespace: str, verdict: Verdict) -> None:
        """Children are those of the plan, owned by what is there, and no one else's."""
        root = self._root(namespace)
        if "status" not in root:
            return
        uid, status = root["metadata"]["uid"], root["status"]
        api = self._scene.api
        subtasks = {st["metadata"]["uid"]: st for st in api.subtasks(namespace)}
        for st in subtasks.values():
            if [o["uid"] for o in st["metadata"]["ownerReferences"]] != [uid]:
                verdict.wrong.append(f"SubTask {st['metadata']['name']} is owned by somebody else")
        if status["phase"] not in _AT_REST and root["spec"].get("ttlSecondsAfterFinished") is None:
            planned = self._planned(namespace, status)
            members = {
                st["spec"]["id"] for st in subtasks.values() if st["metadata"]["labels"].get("taskdist.dev/member-of")
            }
            there = {st["spec"]["id"] for st in subtasks.values()} - members
            if planned is not None and not (planned <= there and len(there) - len(planned) <= len(there - planned)):
                verdict.wrong.append(f"planned {sorted(planned)}, found {sorted(there)}")
        self._scene.eventually(f"{namespace}: no orphans", lambda: not self._orphans(namespace), BOUND)

    def _planned(self, namespace: str, status: Json) -> set[str] | None:
        """Ids of the subtasks of the plan in force; None for a plan that is kept elsewhere."""
        name = status.get("plan", {}).get("name", "")
        spec = self._scene.api.get(f"{OURS}/namespaces/{namespace}/executionplans/{name}")["spec"]
        return {one["id"] for one in spec["subtasks"]} if "subtasks" in spec else None

    def _orphans(self, namespace: str) -> list[str]:
        subtasks = {st["metadata"]["uid"] for st in self._scene.api.subtasks(namespace)}
        return [
            pod["metadata"]["name"]
            for pod in self._scene.api.pods(namespace)
            if not subtasks & {owner["uid"] for owner in pod["metadata"].get("ownerReferences", ())}
        ]

    # --- looks -------------------------------------------------------------------------------------------------------

    def _root(self, namespace: str) -> Json:
        return self._scene.api.root(namespace, NAME)

    @staticmethod
    def _condition(root: Json, kind: str) -> Json:
        return next((c for c in root.get("status", {}).get("conditions", ()) if c["type"] == kind), {})

    def _observed(self, root: Json) -> bool:
        """The operator's last word is about the spec that is there."""
        return bool(
            root.get("status", {}).get("observedGeneration") == root["metadata"]["generation"]
            and self._condition(root, "Planned").get("status") in {"True", "False"}
            and root["status"].get("observedRetry", "")
            == root["metadata"].get("annotations", {}).get(Annotation.RETRY, "")
        )


def sound(spec: Json) -> bool:
    """Whether a plan of it has no error: `taskdist lint` tells those, too, of values that stand against a default among them."""
    root = TaskDistribution.model_validate({"metadata": {"name": NAME, "namespace": "default"}, "spec": spec})
    try:
        return engine.plan(plan_request(root, shipped.manifests())).valid
    except InvalidRequest:
        return False


def differences(found: EndState, wanted: EndState) -> list[str]:
    """Where two ends differ that should not: how often something was made or planned on the way is left out."""
    return [
        f"{one.name}: {getattr(found, one.name)} against {getattr(wanted, one.name)}"
        for one in fields(EndState)
        if one.name in _SAME_WHATEVER_HAPPENED and getattr(found, one.name) != getattr(wanted, one.name)
    ] + ([f"plan: {found.plan[0]} against {wanted.plan[0]}"] if found.plan[0] != wanted.plan[0] else [])


def taken_by_the_nodes(events: list[Event]) -> int:
    """Pods that kwok deleted although nobody had asked for it: its deletions carry no UID, and may hit a namesake."""
    asked, done = set(), set()
    for event in events:
        if event["objectRef"]["resource"] == "pods" and event["verb"] == "delete":
            uid = event.get("responseObject", {}).get("metadata", {}).get("uid", "")
            (done if event.get("userAgent", "").startswith("kwok") else asked).add(uid)
    return len(done - asked)


def without_lost(state: EndState, most: int) -> EndState:
    """The end without at most so many lost attempts: the operator made up for what the simulated nodes took."""
    kept = []
    for id_, phase, reason, attempts, results in state.subtasks:
        here = [a for a in attempts if a[1] != SubTaskReason.POD_LOST.value or (most := most - 1) < 0]
        kept.append((id_, phase, reason, tuple((number, *a[1:]) for number, a in enumerate(here, 1)), results))
    return replace(state, subtasks=tuple(kept))


def history(events: list[Event]) -> list[str]:
    """Who wrote what, in order: what a person reads to find out."""
    return [
        f"{event['stageTimestamp'][11:23]} {event.get('userAgent', '').split('/')[0]:24.24} {event['verb']:6} "
        f"{event['objectRef']['resource']}/{event['objectRef'].get('name', '')} {event['objectRef'].get('subresource', '')} "
        f"{_phase(event.get('responseObject', {}))}"
        for event in events
    ]


def _phase(written: Json) -> str:
    status = written.get("status")
    return status.get("phase", "") if isinstance(status, dict) else ""


def _root_path(namespace: str) -> str:
    return f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}"


def _alive(pod: dict[str, Any]) -> bool:
    return pod["status"].get("phase") not in {"Succeeded", "Failed"}


def _ends_it(spec: Json) -> bool:
    """Cancelled or too late: going back revives nothing by itself."""
    limits = spec.get("limits")
    seconds = limits.get("deadlineSeconds") if isinstance(limits, dict) else None
    return spec.get("cancel") is True or (isinstance(seconds, int) and seconds < BOUND)
