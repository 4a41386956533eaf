"""Two operators that share the namespaces out: each does its own, nobody's is done twice, and one tells of the catalogue."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from e2e.cluster import Cluster
from e2e.cluster.polling import until
from e2e.distributions import apply, created_pods, task, wait_for
from e2e.operator_process import OperatorProcess

pytestmark = [pytest.mark.e2e]

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
SHARDS = ("left", "right")


@pytest.fixture(scope="module")
def namespaces(simulated_cluster: Cluster) -> Iterator[dict[str, list[str]]]:
    """Two for each operator, and one for none."""
    cluster = simulated_cluster
    cluster.install_crds(CRDS)
    general = {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}}
    kind = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "AgentType", "metadata": {"name": "general"}}
    cluster.apply(kind | {"spec": general})
    made = {who: [f"{who}-{uuid.uuid4().hex[:6]}" for _ in range(2)] for who in (*SHARDS, "nobody")}
    for name in chain(*made.values()):
        cluster.kubectl("create", "namespace", name)
        cluster.wait_service_account(name)
    yield made
    for name in chain(*made.values()):
        cluster.kubectl("delete", "namespace", name, "--wait=false")


def account(cluster: Cluster, namespace: str, name: str, folder: Path) -> Path:
    """A kubeconfig of a user of its own: so the audit log tells the operators apart."""
    cluster.kubectl("create", "serviceaccount", name, "-n", namespace)
    binding = f"{namespace}-{name}"
    cluster.kubectl(
        "create", "clusterrolebinding", binding, "--clusterrole=cluster-admin", f"--serviceaccount={namespace}:{name}"
    )
    return cluster.as_account(namespace, name, folder / name)


def test_each_does_its_own_and_one_tells_of_the_catalogue(
    simulated_cluster: Cluster, namespaces: dict[str, list[str]], tmp_path: Path
) -> None:
    cluster, system = simulated_cluster, namespaces["nobody"][0]
    begin = len(list(cluster.audit_events()))
    operators = [
        OperatorProcess(
            account(cluster, system, shard, tmp_path),
            tmp_path / f"{shard}.log",
            agent_image="taskdist.dev/taskdist:test",
            namespaces=namespaces[shard],
            lease_namespace=system,
            lease_name=f"taskdist-{shard}",
            identity=shard,
            catalogue=shard == "left",
        )
        for shard in SHARDS
    ]
    with operators[0], operators[1]:
        for name in chain(*namespaces.values()):
            apply(
                cluster,
                name,
                "release",
                tasks=[task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c", delay="5s")],
            )
        until(
            "what the reporting one counts",
            lambda: cluster.get("agenttype", "general").get("status", {}).get("active"),
            60,
        )
        for shard in SHARDS:
            for name in namespaces[shard]:
                wait_for(cluster, name, "release", "Succeeded")
                assert sorted(created_pods(cluster, name).items()) == [(f"release-{id_}-1", 1) for id_ in "abcd"]
    for name in namespaces["nobody"]:
        assert not cluster.get("td", "release", "-n", name).get("status")
    wrote: dict[str, set[str]] = defaultdict(set)
    for event in list(cluster.audit_events())[begin:]:
        user = event["user"]["username"].removeprefix(f"system:serviceaccount:{system}:")
        if user in SHARDS and event["verb"] in {"create", "update", "patch", "delete"}:
            seen = event["objectRef"]
            wrote[user].add(seen.get("namespace") or seen["resource"])
    own = {shard: {*namespaces[shard], system} for shard in SHARDS}  # there the leases are
    assert wrote["right"] == own["right"]
    assert own["left"] | {"agenttypes"} <= wrote["left"] <= own["left"] | {"agenttypes", "providers", "default"}
