"""Real API servers for tests, started by the session, each on ports and in a folder of its own.

`apiserver`      etcd and kube-apiserver; with `crds`, ours are installed. Nobody collects garbage or runs pods there.
`control_plane`  the same with kube-controller-manager (garbage collection, namespaces, service accounts) and scheduler.
`namespace`      a fresh namespace on `apiserver`; `managed_namespace` one on `control_plane`.

Each is an `e2e.cluster.Cluster`: `.kubeconfig`, `.url`, `.kubectl(…)`, `.get(…)`, `.apply(…)`,
`.server_metrics()`, `.audit_events()`, `.restart("kube-apiserver")`, `.processes` (to stop, kill or continue etcd …).
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from e2e import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

CRDS = Path(__file__).resolve().parents[2] / "crds"


def _session(kind: cluster.Kind) -> Iterator[cluster.Cluster]:
    cluster.sweep()
    name = f"pytest-{kind}-{os.getpid()}"
    try:
        yield cluster.up(kind, name, audit="Metadata", owner=cluster.Identity.own())
    finally:
        cluster.down(name)


@pytest.fixture(scope="session")
def apiserver() -> Iterator[cluster.Cluster]:
    yield from _session("api-server")


@pytest.fixture(scope="session")
def control_plane() -> Iterator[cluster.Cluster]:
    yield from _session("control-plane")


@pytest.fixture(scope="session")
def crds(apiserver: cluster.Cluster) -> cluster.Cluster:
    """`apiserver` with the project's CRDs established."""
    apiserver.install_crds(sorted(CRDS.glob("*.yaml")))
    return apiserver


@pytest.fixture(scope="session")
def managed_crds(control_plane: cluster.Cluster) -> cluster.Cluster:
    """`control_plane` with the project's CRDs established."""
    control_plane.install_crds(sorted(CRDS.glob("*.yaml")))
    return control_plane


@pytest.fixture
def namespace(apiserver: cluster.Cluster) -> str:
    """A fresh namespace; it goes with the API server, which has nobody to delete one."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    apiserver.kubectl("create", "namespace", name)
    return name


@pytest.fixture
def managed_namespace(control_plane: cluster.Cluster) -> Iterator[str]:
    """A fresh namespace with its service account; deleted, with all that is in it, after the test."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    control_plane.kubectl("create", "namespace", name)
    control_plane.wait_service_account(name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")
