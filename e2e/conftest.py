"""Clusters with nodes for tests: one of each kind per session, started when the first test asks.

`real_cluster`       containers run for real and the project's image is there; `real_namespace` is a fresh namespace on it.
`simulated_cluster`  kwok plays nodes and pods; `simulated_namespace` likewise.
`image`              the project's image, built when something in it has changed.
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from e2e import cluster
from e2e.image import Image, build, deliver

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def image() -> Image:
    if not (cluster.can_run_containers() or cluster.docker_answers()):
        pytest.skip("the image needs a Docker engine, or Linux and root")
    return build()


@pytest.fixture(scope="session")
def real_cluster(image: Image) -> Iterator[cluster.Cluster]:
    if not cluster.can_run_containers():
        pytest.skip("real containers need Linux and root")
    for running in _session("real"):
        deliver(image, running)
        yield running


@pytest.fixture(scope="session")
def simulated_cluster() -> Iterator[cluster.Cluster]:
    yield from _session("simulated")


@pytest.fixture
def real_namespace(real_cluster: cluster.Cluster) -> Iterator[str]:
    """A fresh namespace under restricted Pod Security; deleted, with all that is in it, after the test."""
    yield from _namespace(real_cluster)


@pytest.fixture
def simulated_namespace(simulated_cluster: cluster.Cluster) -> Iterator[str]:
    yield from _namespace(simulated_cluster)


def _session(kind: cluster.Kind) -> Iterator[cluster.Cluster]:
    cluster.sweep()
    name = f"pytest-{kind}-{os.getpid()}"
    try:
        yield cluster.up(kind, name, audit="Metadata", owner=cluster.Identity.own())
    finally:
        cluster.down(name)


def _namespace(running: cluster.Cluster) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    running.kubectl("create", "namespace", name)
    running.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    running.wait_service_account(name)
    yield name
    running.kubectl("delete", "namespace", name, "--wait=false")
