"""The operator and the CRDs, in the order in which they happen to come."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from e2e import cluster as clusters
from e2e.cluster import ports, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import Cluster

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def without_crds() -> Iterator[Cluster]:
    """An API server of its own: the session's has the CRDs already."""
    name = f"pytest-start-{os.getpid()}"
    try:
        yield clusters.up("api-server", name, owner=clusters.Identity.own())
    finally:
        clusters.down(name)


@pytest.fixture
def operator(without_crds: Cluster, tmp_path: Path) -> Iterator[Path]:
    """An operator that has started, as `taskdist operator` is; its log."""
    (metrics,) = ports.free(1)
    log = tmp_path / "operator.log"
    command = [sys.executable, "-c", "from taskdist.cli.app import main; main()", "operator"]
    command += ["--metrics-port", str(metrics), "--kubeconfig", str(without_crds.kubeconfig)]

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            until("the operator's metrics", answers, 60)
            yield log
        finally:
            process.terminate()


def test_operator_that_came_before_the_crds_serves_their_objects(without_crds: Cluster, operator: Path):
    without_crds.install_crds(sorted((CHECKOUT / "crds").glob("*.yaml")))
    without_crds.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": "early", "namespace": "default"},
            "spec": {"tasks": [{"name": "only", "agentType": "general", "script": "true"}]},
        }
    )

    def seen() -> Any:
        return without_crds.get("td", "early", "-n", "default").get("status", {}).get("conditions")

    until("a condition in the status", seen, 60)
    # Neither the milliseconds of a time nor a part of a port.
    assert not re.search(r"(?<![\d,:.])404(?!\d)", operator.read_text())
