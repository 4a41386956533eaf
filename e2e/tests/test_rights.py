"""The operator under the chart's own roles: what it asks for is what they grant, and without any one of them something fails.

The audit log says what was asked. The scenario is made so that nothing is left to chance: what the operator reads only after a
restart between a write and its answer, it reads here because something of that name is there already.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.cluster import Cluster, binaries
from e2e.cluster.polling import until
from e2e.distributions import apply, created_pods, task, wait_for
from e2e.operator_process import OperatorProcess

from taskdist.cluster.rbac import OPERATOR, Scope

pytestmark = [pytest.mark.e2e, pytest.mark.security]

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEM = "taskdist-system"
ROLE = "taskdist-operator"
ACCOUNT = f"system:serviceaccount:{SYSTEM}:{ROLE}"

Right = tuple[str, str, str]
"""API group, resource with its subresource, and verb."""
EVERY: tuple[Right, ...] = tuple(
    sorted(
        (rule.group, resource, verb)
        for rules in OPERATOR.values()
        for rule in rules
        for resource in rule.resources
        for verb in rule.verbs
    )
)


class Tenant:
    """A cluster with the chart's roles, and a kubeconfig of the operator's service account."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self._folder = folder
        helm = str(binaries.ensure(["helm"])["helm"])
        command = [helm, "template", "taskdist", str(CHECKOUT / "helm" / "taskdist"), "-n", SYSTEM]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        kinds = {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"}
        self.objects = [item for item in yaml.safe_load_all(text) if item and item["kind"] in kinds]
        cluster.kubectl("create", "namespace", SYSTEM)
        self.grant_all()
        self.kubeconfig = cluster.as_account(SYSTEM, ROLE, folder / "kubeconfig")

    def grant_all(self) -> None:
        self.cluster.apply(*self.objects)

    def grant_all_but(self, right: Right) -> None:
        """Take one verb on one resource out of whichever role grants it."""
        changed = json.loads(json.dumps(self.objects))
        for role in changed:
            role["rules"] = [part for rule in role.get("rules", ()) for part in _without(rule, right)]
        self.cluster.apply(*(role for role in changed if role["metadata"]["name"].startswith(ROLE) and role["rules"]))

    def operator(self) -> OperatorProcess:
        """A replica that elects itself by the Lease, which is taken away first: so that it has to make one."""
        self.cluster.kubectl("delete", "lease", "-n", SYSTEM, "--all")
        log = self._folder / f"{time.monotonic_ns()}.log"
        return OperatorProcess(
            self.kubeconfig, log, agent_image="taskdist.dev/taskdist:test", lease_namespace=SYSTEM, identity="one"
        )

    def asked(self, since: int) -> tuple[set[Right], set[Right]]:
        """What the account has asked for since an entry of the audit log: what was let through, and what was refused."""
        granted: set[Right] = set()
        refused: set[Right] = set()
        for event in list(self.cluster.audit_events())[since:]:
            seen = event.get("objectRef") or {}
            if event["user"]["username"] == ACCOUNT and "resource" in seen and "responseStatus" in event:
                sub = f"/{seen['subresource']}" if "subresource" in seen else ""
                right = seen.get("apiGroup", ""), seen["resource"] + sub, event["verb"]
                (refused if event["responseStatus"]["code"] == 403 else granted).add(right)
        return granted, refused

    def now(self) -> int:
        return len(list(self.cluster.audit_events()))


def _without(rule: dict[str, Any], right: Right) -> Iterator[dict[str, Any]]:
    group, resource, verb = right
    if rule["apiGroups"] != [group] or resource not in rule["resources"]:
        yield rule
        return
    yield from (rule | {"resources": [other]} for other in rule["resources"] if other != resource)
    if left := [other for other in rule["verbs"] if other != verb]:
        yield rule | {"resources": [resource], "verbs": left}


@pytest.fixture(scope="module")
def tenant(simulated_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    cluster = simulated_cluster
    cluster.install_crds(sorted((CHECKOUT / "crds").glob("*.yaml")))
    ours = {"apiVersion": "taskdist.dev/v1alpha1"}
    small = {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}}
    prices = {"cpuHourUSD": "0.03", "memoryGiBHourUSD": "0.004"}
    high = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "soon"}, "value": 1000}
    cluster.apply(
        ours | {"kind": "AgentType", "metadata": {"name": "general"}, "spec": small},
        ours | {"kind": "AgentType", "metadata": {"name": "keeper"}, "spec": small | {"retainResults": True}},
        ours | {"kind": "Provider", "metadata": {"name": "here"}, "spec": {"vendor": "on-prem", "prices": prices}},
        high,
    )
    made = Tenant(cluster, tmp_path_factory.mktemp("rights"))
    yield made
    cluster.kubectl("delete", "provider", "here", "--ignore-not-found")
    cluster.kubectl("delete", "agenttype", "keeper", "--ignore-not-found")
    cluster.kubectl("delete", "namespace", SYSTEM, "--wait=false")


def fresh(cluster: Cluster) -> None:
    """The statuses that a census writes, as if no operator had been there."""
    for kind in ("agenttype/general", "provider/here"):
        cluster.kubectl("patch", kind, "--subresource=status", "--type=merge", "-p", '{"status": {"active": 7}}')


def squatter(kind: str, namespace: str, name: str) -> dict[str, Any]:
    """Something of somebody else's under a name that the operator will want."""
    ours = "taskdist.dev/v1alpha1"
    body: dict[str, Any] = {"apiVersion": ours, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    if kind == "ConfigMap":
        return body | {"apiVersion": "v1"}
    if kind == "SubTask":
        spec = {"taskDistribution": "else", "id": "a", "agentType": "general", "specialization": "general"}
        spec |= {"complexity": "0.5", "definitionHash": "0", "estimate": {"seconds": 1, "costUSD": "0"}}
        return body | {"spec": spec | {"resources": {"cpu": "1", "memory": "1Gi"}}}
    estimate = dict.fromkeys(("costUSD", "costLowUSD", "costHighUSD"), "0") | {"durationSeconds": 1}
    spec = {"taskDistribution": "else", "revision": 1, "hash": "0", "strategy": "Balanced", "subtaskCount": 1}
    schedule = {"makespanSeconds": 1, "lowerBoundSeconds": 1}
    return body | {
        "spec": spec | {"estimate": estimate, "schedule": schedule, "parallelism": {}, "assignmentsRef": {"name": name}}
    }


def ask_for_everything(cluster: Cluster, namespace: str) -> None:
    """One of each: all that makes the operator ask for something."""
    for kind, name in (("SubTask", "taken-a"), ("ExecutionPlan", "planned-1"), ("ConfigMap", "big-1")):
        cluster.apply(squatter(kind, namespace, name))
    only = {"planning": {"mode": "PlanOnly"}, "planHistoryLimit": 1}
    many = [{"name": f"t{number}", "agentType": "general", "script": "true"} for number in range(501)]
    apply(cluster, namespace, "large", tasks=many, **only)
    apply(cluster, namespace, "big", tasks=many, **only)
    apply(cluster, namespace, "planned", tasks=[task("a")], **only)
    apply(cluster, namespace, "taken", tasks=[task("a")])
    apply(cluster, namespace, "changed", tasks=[task("a", delay="1h")], priorityClassName="soon")
    apply(cluster, namespace, "lost", tasks=[task("a", delay="1h")])
    apply(cluster, namespace, "kept", tasks=[{"name": "a", "agentType": "keeper", "script": "true"}])


def go_on(cluster: Cluster, namespace: str, seconds: float) -> None:
    """What is changed once the first of it stands: another plan, another task, a pod that is taken away."""
    only = {"planning": {"mode": "PlanOnly"}, "planHistoryLimit": 1}
    more = [{"name": f"t{number}", "agentType": "general", "script": "true"} for number in range(502)]
    wait_for(cluster, namespace, "large", "Planned", seconds=seconds)
    apply(cluster, namespace, "large", tasks=more, **only)
    until("both pods", lambda: {"changed-a-1", "lost-a-1"} <= set(created_pods(cluster, namespace)), seconds)
    apply(cluster, namespace, "changed", tasks=[task("a", delay="100ms")])
    cluster.kubectl("delete", "pod", "lost-a-1", "-n", namespace, "--wait=false")


def test_what_it_asks_for_is_what_it_is_granted(tenant: Tenant, simulated_namespace: str) -> None:
    cluster, namespace = tenant.cluster, simulated_namespace
    tenant.grant_all()
    fresh(cluster)
    begin = tenant.now()
    ask_for_everything(cluster, namespace)
    with tenant.operator():
        go_on(cluster, namespace, 60)
        missing: set[Right] = set()

        def all_used() -> bool:
            nonlocal missing
            missing = set(EVERY) - tenant.asked(begin)[0]
            return not missing

        try:
            until("every right used", all_used, 60)
        except Exception as error:
            raise AssertionError(f"never used: {sorted(missing)}") from error
        # What stood in the way is somebody else's, and left as it is; once it is gone, work goes on.
        assert cluster.get("configmap", "big-1", "-n", namespace)["metadata"].get("ownerReferences") is None
        for kind, name in (("subtask", "taken-a"), ("executionplan", "planned-1"), ("configmap", "big-1")):
            cluster.kubectl("delete", kind, name, "-n", namespace)
        wait_for(cluster, namespace, "taken", "Succeeded")
        until(
            "its own plan",
            lambda: cluster.get("executionplans", "-n", namespace, "--field-selector=metadata.name=big-1")["items"],
            60,
        )
        wait_for(cluster, namespace, "changed", "Succeeded")
    granted, refused = tenant.asked(begin)
    assert granted == set(EVERY)
    assert refused == set()


@pytest.mark.slow
@pytest.mark.parametrize("right", EVERY, ids=lambda right: " ".join(filter(None, right)))
def test_without_any_one_of_them_something_is_refused(tenant: Tenant, simulated_namespace: str, right: Right) -> None:
    cluster, namespace = tenant.cluster, simulated_namespace
    tenant.grant_all_but(right)
    fresh(cluster)
    begin = tenant.now()
    ask_for_everything(cluster, namespace)
    operator = tenant.operator()
    operator.launch()
    try:
        went_on = False

        def is_refused() -> bool:
            nonlocal went_on
            pods = set(created_pods(cluster, namespace))
            if not went_on and {"changed-a-1", "lost-a-1"} <= pods:
                go_on(cluster, namespace, 60)
                went_on = True
            return right in tenant.asked(begin)[1]

        until(f"{right} refused", is_refused, 90)
        assert tenant.asked(begin)[1] == {right}
    finally:
        tenant.grant_all()
        operator.kill()


def test_no_right_reaches_what_is_secret_or_other_peoples() -> None:
    """Said of the table in tests/unit/release/test_rights.py; here of what the chart makes of it."""
    assert len(EVERY) == len(set(EVERY)) > 30
    assert set(Scope) == set(OPERATOR)
    assert not [right for right in EVERY if "*" in "".join(right) or "secrets" in right[1]]
