"""The real ``decide``, store and writes against an API server in memory, with everything that may go wrong, in any order.

Two replicas decide side by side; their caches lag, their requests and answers get lost, they crash with writes waiting.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any, cast

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.reconcile.memory_api import ENDED, Json, MemoryApi, MemoryClient
from tests.unit.reconcile.world import START, agent_type, plan, task

from taskdist.api.sub_task import SubTask
from taskdist.cluster import paths
from taskdist.cluster.apply import Applier
from taskdist.cluster.client import Client
from taskdist.cluster.errors import ClusterUnreachableError
from taskdist.cluster.store import Key, Store
from taskdist.cluster.wire import WirePlan, WirePod, WireSubTask
from taskdist.cluster.writes import Priority, Write, WriteQueue
from taskdist.engine.model import Plan, TriggerRule
from taskdist.reconcile.decide import decide
from taskdist.reconcile.planning import needs_plan
from taskdist.reconcile.text import wire_time

KEY = Key("team", "release")
TERMINAL = {"Succeeded", "Failed", "Skipped", "Cancelled"}
DIAMOND = (task("a").retry(2, backoff=1), task("b").after("a"), task("c").after("a").retry(1, backoff=1))
PLANS = (
    plan(*DIAMOND, task("d").after("b", "c"), digest="abc1"),
    plan(task("a").script("another"), task("b").after("a"), digest="abc2"),
    plan(*DIAMOND, task("e").after("a").when(TriggerRule.ALL_FINISHED), digest="abc3"),
)
WIRE = {"subtasks": WireSubTask, "pods": WirePod, "executionplans": WirePlan}


class Writes:
    """In place of the queue: a write runs when the machine says so."""

    full = False

    def __init__(self) -> None:
        self.waiting: list[Write] = []

    def put(self, _priority: Priority, write: Write, _namespace: str = "") -> None:
        self.waiting.append(write)


class Replica:
    """One operator: its cache, its writes, and how far its watches have come. ``retains``: pods are held by a finalizer."""

    def __init__(self, api: MemoryApi, *, retains: bool = False) -> None:
        self.api = api
        self.retains = retains
        self.client = MemoryClient(api)
        self.lists()

    def lists(self) -> None:
        """What a start does; writes of before are forgotten."""
        self.writes = Writes()
        self.publishing = False
        self.store = Store(lambda _: None)
        self.store.catalogue.agent_types["general"] = agent_type(retainResults=self.retains)
        self.store.catalogue.namespaces[KEY.namespace] = {}
        self.applier = Applier(
            cast("Client", self.client), self.store, cast("WriteQueue", self.writes), lambda *_: None
        )
        self.store.subtasks_listed(None, [_wire("subtasks", one) for one in self.api.all("subtasks")])
        self.store.pods_listed(None, [_wire("pods", one) for one in self.api.all("pods")])
        for one in self.api.all("taskdistributions"):
            self.store.root_changed(one)
        self.store.plans_listed(None, [_wire("executionplans", one) for one in self.api.all("executionplans")])
        self.come = dict.fromkeys(("subtasks", "pods", "executionplans", "taskdistributions"), len(self.api.log))

    def watch(self, plural: str, most: int) -> None:
        """Bring up to ``most`` further changes of one kind: the watches of different kinds lag apart."""
        tell = {
            "subtasks": self.store.subtask_event,
            "pods": self.store.pod_event,
            "executionplans": self.store.plan_event,
        }
        while most and self.come[plural] < len(self.api.log):
            kind, how, body = self.api.log[self.come[plural]]
            self.come[plural] += 1
            if kind != plural:
                continue
            most -= 1
            if kind != "taskdistributions":
                cast("Any", tell[kind])(how, _wire(kind, body))
            elif how != "DELETED":
                self.store.root_changed(body)

    def reconcile(self, planned: Plan, now: Any) -> int:
        """One pass; returns how many writes it asks for."""
        seen = self.store.projection(KEY)
        if needs_plan(seen):
            seen.planned, seen.planned_for = planned, seen.spec_hash
        decision = decide(seen, self.store.catalogue, now)
        for action in decision.actions:
            self.applier.submit(KEY, action)
        if decision.status is not None and not self.publishing:
            self.publishing, status = True, decision.status
            self.writes.put(Priority.ROOT, lambda: self._publish(status))
        return len(decision.actions)

    async def _publish(self, status: Json) -> None:
        """The root's status comes late, too: meanwhile it speaks of another spec."""
        seen = self.store.projection(KEY)
        body = {"status": dict.fromkeys(seen.root_status.keys() - status.keys()) | status}
        path = paths.item("TaskDistribution", KEY.namespace, KEY.name, "status")
        try:
            answer = json.loads(await self.client.request("PATCH", path, body=body))
        except ClusterUnreachableError:
            return
        finally:
            self.publishing = False
        seen.root_status = answer["status"]

    def write(self, index: int, fault: str = "") -> None:
        """Carry out one of the waiting writes."""
        self.client.fault = fault
        running = self.writes.waiting.pop(index % len(self.writes.waiting))()
        try:
            running.send(None)  # type: ignore[attr-defined]
        except StopIteration:
            return
        raise AssertionError("a write waits for something")


class Machine(RuleBasedStateMachine):
    """Rules are what may happen; invariants are the promise."""

    retains = False

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.api = MemoryApi(lambda: wire_time(self.now))
        self.version = 0
        self.cancelled = False
        self.checked = 0
        self.ends: dict[tuple[str, int], str] = {}
        self.phases: dict[str, str] = {}
        self.written: dict[str, Json] = {}
        self._spec()
        self.replicas = [Replica(self.api, retains=self.retains) for _ in range(2)]

    def _spec(self, **spec: Any) -> None:
        body = {
            "metadata": {"name": KEY.name, "namespace": KEY.namespace, "generation": 1},
            "spec": {"description": f"version {self.version}", **spec},
        }
        if ("taskdistributions", KEY.name) in self.api.objects:
            known = self.api.get("taskdistributions", KEY.name)
            known["metadata"]["generation"] += 1
            known["spec"] = body["spec"]
            self.api._store("taskdistributions", known, "MODIFIED")
        else:
            self.api.create("taskdistributions", body)
        self.spec = spec

    @property
    def planned(self) -> Plan:
        return PLANS[self.version % len(PLANS)]

    # --- what operators do -------------------------------------------------------------------------------------------

    @rule(who=st.integers(0, 1))
    def reconcile(self, who: int) -> None:
        self.replicas[who].reconcile(self.planned, self.now)

    @rule(who=st.integers(0, 1), index=st.integers(0, 9), fault=st.sampled_from(["", "", "", "lost", "answer lost"]))
    def write(self, who: int, index: int, fault: str) -> None:
        if self.replicas[who].writes.waiting:
            self.replicas[who].write(index, fault)

    @rule(who=st.integers(0, 1))
    def write_all(self, who: int) -> None:
        while self.replicas[who].writes.waiting:
            self.replicas[who].write(0)

    @rule(
        who=st.integers(0, 1),
        plural=st.sampled_from(["subtasks", "pods", "executionplans", "taskdistributions"]),
        most=st.integers(1, 9),
    )
    def watch(self, who: int, plural: str, most: int) -> None:
        self.replicas[who].watch(plural, most)

    @rule(
        who=st.integers(0, 1),
        blind=st.sampled_from(["", "", "", "pods", "subtasks"]),
        kept=st.integers(0, 2),
        end=st.sampled_from(["", "0", "0", "1", "evicted", "taken"]),
    )
    def work(self, who: int, blind: str, kept: int, end: str) -> None:
        """Look, decide, write, but for what is not seen or waits; then perhaps all pods end."""
        self._work(who, blind, kept)
        for pod in self._alive() if end else ():
            self._happens(pod, end)

    @rule(blind=st.sampled_from(["", "pods", "subtasks"]), end=st.sampled_from(["0", "1", "137"]))
    def both_work(self, blind: str, end: str) -> None:
        """An end that both see, and both decide on before either has written."""
        self._work(0, blind, 0)
        for pod in self._alive():
            self._happens(pod, end)
        for who in (0, 1):
            self._work(who, "", 100)
        for who in (1, 0):
            self._work(who, "pods", 0)

    def _work(self, who: int, blind: str, kept: int) -> None:
        replica = self.replicas[who]
        for plural in replica.come:
            if plural != blind:
                replica.watch(plural, 10_000)
        replica.reconcile(self.planned, self.now)
        while len(replica.writes.waiting) > kept:
            replica.write(0)

    @rule(who=st.integers(0, 1), landed=st.integers(0, 3))
    def crash(self, who: int, landed: int) -> None:
        """Some of the writes on their way have been sent; nobody hears the answers."""
        for _ in range(min(landed, len(self.replicas[who].writes.waiting))):
            self.replicas[who].write(0, "answer lost")
        self.replicas[who].lists()

    # --- what the cluster does ---------------------------------------------------------------------------------------

    def _alive(self) -> list[Json]:
        return [pod for pod in self.api.all("pods") if pod.get("status", {}).get("phase") not in ENDED]

    @rule(index=st.integers(0, 9), what=st.sampled_from(["run", "0", "0", "1", "65", "137", "evicted", "taken"]))
    def pod(self, index: int, what: str) -> None:
        alive = self._alive()
        if alive:
            self._happens(alive[index % len(alive)], what)

    def _happens(self, pod: Json, what: str) -> None:
        name, at = pod["metadata"]["name"], wire_time(self.now)
        if what == "taken":
            self.api.delete("pods", name, at_once=True)
        elif "deletionTimestamp" in pod["metadata"]:
            return
        elif what == "run":
            state: Json = {"running": {"startedAt": at}}
            self.api.patch("pods", name, {"status": {"phase": "Running", "containerStatuses": [{"state": state}]}})
        elif what == "evicted":
            self.api.patch("pods", name, {"status": {"phase": "Failed", "reason": "Evicted"}})
        else:
            state = {"terminated": {"exitCode": int(what), "startedAt": at, "finishedAt": at}}
            phase = "Failed" if int(what) else "Succeeded"
            self.api.patch("pods", name, {"status": {"phase": phase, "containerStatuses": [{"state": state}]}})

    @rule()
    def collect(self) -> None:
        """The garbage collector, and the kubelets' last word about what is being deleted."""
        for name in self.api.orphans():
            self.api.delete("pods", name, at_once=True)
        for pod in self.api.all("pods"):
            if "deletionTimestamp" in pod["metadata"]:
                self._killed(pod)
                self.api.delete("pods", pod["metadata"]["name"], at_once=True)

    def _killed(self, pod: Json) -> None:
        """A kubelet says how a container ended before it lets a pod go that somebody holds."""
        if not pod["metadata"].get("finalizers") or pod.get("status", {}).get("phase") in ENDED:
            return
        at = wire_time(self.now)
        state = {"terminated": {"exitCode": 137, "startedAt": at, "finishedAt": at}}
        said = {"phase": "Failed", "containerStatuses": [{"state": state}]}
        self.api.patch("pods", pod["metadata"]["name"], {"status": said})

    @rule(seconds=st.sampled_from([1, 5, 60]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # --- what users do -----------------------------------------------------------------------------------------------

    @rule()
    def edit(self) -> None:
        self.version += 1
        self._spec(**self.spec)

    @rule(who=st.integers(0, 1), landed=st.integers(1, 3), crash=st.booleans())
    def edit_at_the_end(self, who: int, landed: int, crash: bool) -> None:
        """All has ended, and the status says so; of the edit it says nothing until that write lands, too."""
        for _ in range(20):
            self._work(who, "", 0)
            for pod in self._alive():
                self._happens(pod, "0")
        self.edit()
        self.replicas[who].watch("taskdistributions", 10_000)
        self.replicas[who].reconcile(self.planned, self.now)
        for _ in range(min(landed, len(self.replicas[who].writes.waiting))):
            self.replicas[who].write(0)
        if crash:
            self.replicas[who].lists()

    @rule(suspend=st.booleans(), how=st.sampled_from(["Finish", "Stop"]))
    def suspend(self, suspend: bool, how: str) -> None:
        self._spec(**{**self.spec, "suspend": suspend, "onSuspend": how})

    @precondition(lambda self: self.checked > 40)
    @rule()
    def cancel(self) -> None:
        self.cancelled = True
        self._spec(**{**self.spec, "cancel": True})

    # --- the promise -------------------------------------------------------------------------------------------------

    @invariant()
    def promise(self) -> None:
        """Read what has been written since, in the server's order."""
        for kind, how, body in self.api.log[self.checked :]:
            if kind == "subtasks" and how != "DELETED":
                self._subtask(body)
            elif kind == "pods" and how == "ADDED":
                self._pod_is_new(body)
        self.checked = len(self.api.log)
        alive = [
            (pod["metadata"]["ownerReferences"][0]["uid"], pod["metadata"]["labels"]["taskdist.dev/attempt"])
            for pod in self._alive()
        ]
        assert len(set(alive)) == len(alive), f"two live pods of one attempt: {alive}"

    def _subtask(self, body: Json) -> None:
        SubTask.model_validate(body)
        uid, status = body["metadata"]["uid"], body.get("status", {})
        before, phase = self.phases.get(uid, ""), status.get("phase", "")
        assert before not in TERMINAL, f"{before}, and written again: {phase}"
        assert not status or self.written.get(uid) != status, f"the same is recorded twice: {status}"
        self.phases[uid], self.written[uid] = phase, status
        for attempt in status.get("attempts", ()):
            if "finishTime" in attempt:
                said = self.ends.setdefault((uid, attempt["number"]), attempt["reason"])
                assert said == attempt["reason"], f"attempt {attempt['number']} ended {said}, then {attempt['reason']}"

    def _pod_is_new(self, body: Json) -> None:
        owner = body["metadata"]["ownerReferences"][0]["uid"]
        subtask = next((s for s in self.api.all("subtasks") if s["metadata"]["uid"] == owner), None)
        number = int(body["metadata"]["labels"]["taskdist.dev/attempt"])
        if subtask is not None and number > 1:
            written = subtask.get("status", {}).get("attemptCount", 0)
            assert number <= written, f"the pod of attempt {number} was made before it was written"

    def teardown(self) -> None:
        """Faults cease: one leader comes to an end in bounded steps, and has nothing more to decide."""
        if not hasattr(self, "api"):
            return
        self._spec()  # neither suspended nor cancelled any more
        leader = self.replicas[0]
        leader.lists()
        chance = random.Random(1)
        for _ in range(300):
            for plural in leader.come:
                leader.watch(plural, 10_000)
            asked = leader.reconcile(self.planned, self.now)
            while leader.writes.waiting:
                leader.write(0)
            for pod in self._alive():
                self._happens(pod, chance.choice(["0", "0", "0", "1"]))
            self.collect()
            self.promise()
            self.now += timedelta(seconds=20)
            ended = self.api.get("taskdistributions", KEY.name).get("status", {}).get("phase") in {
                "Succeeded",
                "Failed",
                "Cancelled",
            }
            going = [pod for pod in self.api.all("pods") if "deletionTimestamp" in pod["metadata"]]
            if ended and not asked and not going and not self._alive():
                break
        else:
            raise AssertionError(f"no end: {self.api.get('taskdistributions', KEY.name)['status']}")
        for plural in leader.come:
            leader.watch(plural, 10_000)
        assert leader.reconcile(self.planned, self.now) == 0
        wanted = {one.id for one in self.planned.subtasks}
        made = {one["spec"]["id"] for one in self.api.all("subtasks")}
        assert made == wanted or self.cancelled  # cancelled before all was made it has ended with what was there
        assert {one["status"]["phase"] for one in self.api.all("subtasks")} <= TERMINAL


def _wire(plural: str, body: Json) -> Any:
    return msgspec.json.decode(msgspec.json.encode(body), type=WIRE[plural])


class RetainingMachine(Machine):
    """The same with ``retainResults``: in the end, what ended has been recorded as it ended, and nothing is held for ever."""

    retains = True

    @invariant()
    def what_succeeded_is_not_lost(self) -> None:
        pods = [body for kind, _, body in self.api.log if kind == "pods"]
        done = {
            (pod["metadata"]["ownerReferences"][0]["uid"], int(pod["metadata"]["labels"]["taskdist.dev/attempt"]))
            for pod in pods
            if pod.get("status", {}).get("phase") == "Succeeded"
        }
        lost = {attempt for attempt, reason in self.ends.items() if reason == "PodLost"}
        assert not done & lost, f"done, and taken for lost: {done & lost}"

    def teardown(self) -> None:
        super().teardown()
        if not hasattr(self, "api"):
            return
        stuck = [p["metadata"]["name"] for p in self.api.all("pods") if "deletionTimestamp" in p["metadata"]]
        assert not stuck, f"stuck in Terminating: {stuck}"


_EFFORT = settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestMachine = Machine.TestCase
TestMachine.settings = _EFFORT
TestRetainingMachine = RetainingMachine.TestCase
TestRetainingMachine.settings = _EFFORT
