"""What a user's or an admin's object may carry, asked of a real API server: nothing that shapes a pod beyond the allow-list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.rest import Answer, Rest
from tests.unit.api.objects import PLURALS, SCHEMAS, Json, Place, nodes, of_kind, places, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import LocalCluster

pytestmark = [pytest.mark.integration, pytest.mark.security]

NAMESPACE = "attacks"
PRIVILEGED = {"privileged": True, "runAsUser": 0, "capabilities": {"add": ["SYS_ADMIN"]}}
FIELDS: Json = {
    "hostNetwork": True,
    "hostPID": True,
    "hostIPC": True,
    "hostPath": {"path": "/"},
    "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["x"]}],
    "privileged": True,
    "securityContext": PRIVILEGED,
    "capabilities": {"add": ["SYS_ADMIN"]},
    "runAsUser": 0,
    "serviceAccount": "default",
    "serviceAccountName": "admin",
    "automountServiceAccountToken": True,
    "nodeName": "control-plane",
    "schedulerName": "mine",
    "initContainers": [{"name": "x", "image": "x", "securityContext": PRIVILEGED}],
    "ephemeralContainers": [{"name": "x", "image": "x"}],
    "sidecars": [{"name": "x", "image": "x"}],
    "volumes": [{"name": "x", "hostPath": {"path": "/"}}],
    "volumeMounts": [{"name": "x", "mountPath": "/"}],
    "volumeDevices": [{"name": "x", "devicePath": "/dev/sda"}],
    "ephemeral": {"volumeClaimTemplate": {}},
    "csi": {"driver": "x"},
    "nfs": {"server": "x", "path": "/"},
    "projected": {"sources": [{"serviceAccountToken": {"path": "x"}}]},
    "podTemplate": {"spec": {"hostNetwork": True}},
    "podSpecPatch": '{"hostNetwork": true}',
    "template": {"spec": {"hostNetwork": True}},
    "overrides": ["podTemplate"],
    "envFrom": [{"secretRef": {"name": "x"}}],
    "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}},
    "secretKeyRef": {"name": "x", "key": "y"},
    "lifecycle": {"postStart": {"exec": {"command": ["id"]}}},
    "namespace": "kube-system",
    "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "x", "uid": "x"}],
    "finalizers": ["x.example.com/x"],
}
"""Pod fields that reach the node, another identity, another namespace or a secret; by the names that Kubernetes has for them."""

MEANT = {
    ("AgentType", "capabilities"),  # what the agent can do; Linux has no part in it
    ("AgentType", "serviceAccountName"),
    ("AgentType", "volumes"),
    ("AgentType", "template"),
    ("AgentType", "overrides"),
    ("AgentType", "valueFrom"),
    ("AgentType", "secretKeyRef"),
}
"""What an AgentType, which admins write, does have somewhere; nowhere else in it, and not in a user's object at all."""


@pytest.fixture(scope="module")
def rest(crds: LocalCluster) -> Iterator[Rest]:
    crds.kubectl("create", "namespace", NAMESPACE)
    connection = Rest(crds.kubeconfig)
    yield connection
    connection.close()


def full(kind: str) -> Json:
    obj = of_kind(kind)
    obj.pop("status", None)
    obj["metadata"] = {"name": "attack"}
    return obj


def attempts(kind: str) -> Iterator[tuple[Place, str, Any]]:
    """Every field at every object of the spec that the full object has, unless the schema has that field there."""
    obj = full(kind)
    for path, schema in nodes(SCHEMAS[kind]["properties"]["spec"], ("spec",)):
        for place, value in places(obj, path):
            if isinstance(value, dict) and "properties" in schema:
                for name, evil in FIELDS.items():
                    if name not in schema["properties"]:
                        yield place, name, evil


def would_create(rest: Rest, obj: Json, validation: str) -> Answer:
    namespace = "" if obj["kind"] in {"AgentType", "Provider"} else f"/namespaces/{NAMESPACE}"
    path = f"/apis/taskdist.dev/v1alpha1{namespace}/{PLURALS[obj['kind']]}"
    return rest("POST", path, obj, dryRun="All", fieldValidation=validation)


@pytest.mark.parametrize("kind", ["TaskDistribution", "AgentType", "Provider"])
def test_a_field_that_shapes_pods_is_refused_wherever_it_is_written(rest: Rest, kind: str) -> None:
    tried, through = 0, []
    for place, name, evil in attempts(kind):
        tried += 1
        answer = would_create(rest, put(full(kind), (*place, name), evil), "Strict")
        if answer.ok or f'unknown field "{place[0]}' not in answer.message:
            through.append((place, name, answer.message))
    assert through == []
    assert tried > len(FIELDS)


@pytest.mark.parametrize("kind", ["TaskDistribution", "AgentType", "Provider"])
def test_a_client_that_asks_for_no_validation_gets_it_dropped(rest: Rest, kind: str) -> None:
    evil, clean = full(kind), full(kind)
    for place, name, value in attempts(kind):
        evil = put(evil, (*place, name), value)
    taken = would_create(rest, evil, "Ignore")
    assert taken.ok, taken.message
    assert taken.body["spec"] == would_create(rest, clean, "Strict").body["spec"]


@pytest.mark.parametrize("kind", ["TaskDistribution", "AgentType", "Provider"])
def test_the_schema_itself_has_none_of_them(kind: str) -> None:
    names = {path[-1] for path, _ in nodes(SCHEMAS[kind]["properties"]["spec"]) if path}
    assert {(kind, str(name)) for name in names & FIELDS.keys()} <= MEANT
