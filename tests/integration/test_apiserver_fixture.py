"""What the other integration tests rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from e2e.cluster import Cluster

pytestmark = pytest.mark.integration

CONFIG = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}'


def test_counts_writes_by_resource(apiserver: Cluster, namespace: str):
    before = apiserver.server_metrics()
    apiserver.kubectl("create", "-n", namespace, "-f", "-", input=CONFIG)
    done = apiserver.server_metrics() - before
    # The API server renews a Lease of its own every ten seconds, and may do so in between.
    written = {(r.verb, r.resource): n for r, n in done.items() if r.writes and r.resource != "leases"}
    assert written == {("POST", "configmaps"): 1}


def test_audit_log_names_who_did_what(apiserver: Cluster, namespace: str):
    apiserver.kubectl("create", "-n", namespace, "-f", "-", input=CONFIG)
    created = [
        (event["user"]["username"], event["objectRef"]["name"])
        for event in apiserver.audit_events()
        if event["verb"] == "create" and event.get("objectRef", {}).get("namespace") == namespace
    ]
    assert created == [("admin", "one")]


def test_state_survives_a_restart_of_the_api_server(apiserver: Cluster, namespace: str):
    apiserver.kubectl("create", "-n", namespace, "-f", "-", input=CONFIG)
    apiserver.restart("kube-apiserver")
    assert apiserver.get("configmap", "one", "-n", namespace)["data"] == {"a": "1"}


def test_control_plane_collects_garbage(control_plane: Cluster, managed_namespace: str):
    owner = control_plane.kubectl(
        "create", "-n", managed_namespace, "-o", "jsonpath={.metadata.uid}", "-f", "-", input=CONFIG
    ).stdout
    child = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "child",
            "namespace": managed_namespace,
            "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "one", "uid": owner}],
        },
    }
    control_plane.apply(child)
    control_plane.kubectl("delete", "configmap", "one", "-n", managed_namespace)
    control_plane.kubectl(
        "wait", "--for=delete", "configmap/child", "-n", managed_namespace, "--timeout=120s", timeout=150
    )
