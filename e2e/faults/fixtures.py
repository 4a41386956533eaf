"""pytest fixtures of the fault tests, and the table at the end. A plugin: `pytest_plugins = ["e2e.faults.fixtures"]`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import cluster
from e2e.cluster.local import SimulatedCluster
from e2e.faults.figures import Figure, Record, append, table
from e2e.faults.scene import Scene
from e2e.installed import admission_policies
from e2e.operator_process import OperatorProcess

CHECKOUT = Path(__file__).parents[2]
CRDS = sorted((CHECKOUT / "crds").glob("*.yaml"))
FIGURES: list[Figure] = []


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A cluster of the fault tests' own: they stop its parts."""
    cluster.sweep()
    name = f"faults-{os.getpid()}"
    try:
        running = cluster.up("simulated", name, audit="RequestResponse", owner=cluster.Identity.own())
        assert isinstance(running, SimulatedCluster)
        prepare(running)
        yield Scene(running, tmp_path_factory.mktemp("faults"))
    finally:
        cluster.down(name)


def prepare(running: SimulatedCluster) -> None:
    """CRDs, the policies that refuse, and one agent type."""
    running.install_crds(CRDS)
    running.apply(*admission_policies(warnings=False))  # what only warns makes no difference here
    running.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "AgentType",
            "metadata": {"name": "general"},
            "spec": {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}},
        }
    )


@pytest.fixture(scope="module")
def replica(scene: Scene) -> Iterator[OperatorProcess]:
    """One operator for all tests of a module; a test that ends it starts it again."""
    with scene.operator() as operator:
        yield operator


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Put a row into the table, and fail where it is short of what is expected."""
    path, _, name = request.node.nodeid.partition("::")
    kept = os.environ.get("FAULTS_FIGURES")

    def put(row: int, fault: str, seen: str, expected: str, *, ok: bool) -> None:
        figure = Figure(row, fault, seen, expected, ok, f"{Path(path).name}::{name.partition('[')[0]}")
        FIGURES.append(figure)
        if kept:
            append(Path(kept), figure)
        assert ok, f"row {row}, {fault}: {seen}; wanted: {expected}"

    return put


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.write_sep("─", "faults", bold=True)
        for line in table(FIGURES):
            terminalreporter.write_line(line)
        load = " ".join(f"{value:.1f}" for value in os.getloadavg())
        terminalreporter.write_line(f"load average {load} on {os.cpu_count()} cores")
