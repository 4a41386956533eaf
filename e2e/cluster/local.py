"""Clusters made on this host from plain processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from e2e.cluster import binaries, network, packages, simulated
from e2e.cluster.access import audit_events
from e2e.cluster.cluster import Cluster
from e2e.cluster.control_plane import ControlPlane, Plan, Ports
from e2e.cluster.errors import ClusterError
from e2e.cluster.machine import INIT, Machine
from e2e.cluster.node import PATH, Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.cluster.network import Network
    from e2e.cluster.settings import Settings


class LocalCluster(Cluster):
    """A control plane on loopback, without nodes."""

    def __init__(self, state: Path, settings: Settings) -> None:
        super().__init__(state, settings)
        if settings.plan is None:
            raise ClusterError(f"{state}: its settings have no control plane; take the cluster down")
        self.control_plane = ControlPlane(state, settings.plan)

    def start(self) -> None:
        self.control_plane.start()

    def stop(self) -> None:
        self.processes.stop_all()

    def restart(self, name: str) -> None:
        self.processes.restart(name)
        self.start()

    def audit_events(self) -> Iterator[dict[str, Any]]:
        if not self.control_plane.plan.audit:
            return super().audit_events()
        return audit_events(self.control_plane.audit_log)


class SimulatedCluster(LocalCluster):
    """With nodes and pods that kwok simulates."""

    def start(self) -> None:
        super().start()
        user = self.control_plane.component("kwok", "kwok", "system:masters")
        simulated.start(self.state, self, self.processes, user, self.settings.pool)


class RealCluster(LocalCluster):
    """With a node that runs containers. Its control plane runs in the node's network, where port 443 is free."""

    def __init__(self, state: Path, settings: Settings) -> None:
        super().__init__(state, settings)
        if settings.network is None:
            raise ClusterError(f"{state}: its settings have no network; take the cluster down")
        self.network = network.Network(settings.network)
        self.machine = Machine(state, settings.name, self.processes)
        self.node = Node(state, settings.name, self.network, self.machine, self.processes)

    def start(self) -> None:
        if not self.machine.running:
            # What is left over runs in a network that is gone.
            self.stop()
        start_machine(self.machine, self.network)
        self.control_plane.start(inside=self.machine.enter(network_only=True))
        self.node.start(self.control_plane)

    def stop(self) -> None:
        # With the first process of the machine all of its containers are gone at once.
        self.processes.stop("kubelet")
        self.processes.stop(INIT)
        super().stop()
        self.machine.clean()

    @property
    def loads_images(self) -> bool:
        return True

    def load_image(self, archive: Path) -> None:
        self.node.load_image(archive)

    def images(self) -> set[str]:
        return self.node.images()


def start_machine(machine: Machine, addresses: Network) -> None:
    """Start the node's machine and connect it to the host; nothing is done twice."""
    if os.geteuid() != 0:
        raise ClusterError("real containers need root: run as root, or use simulated nodes (--kind simulated)")
    packages.ensure(packages.NODE)
    machine.start(binaries.ensure(["kubelet"])["kubelet"].parent, PATH)
    machine.connect(addresses)


def loopback_plan(name: str, *, controllers: bool, audit: str) -> Plan:
    """A control plane for clients on this host."""
    return Plan(name=name, ports=Ports.fresh(), controllers=controllers, audit=audit)


def node_plan(name: str, addresses: Network, *, audit: str) -> Plan:
    """A control plane that pods reach: at the node's address, and at the address of the service `kubernetes`."""
    return Plan(
        name=name,
        ports=Ports(api=443, etcd=2379, etcd_peer=2380, scheduler=10259, controller_manager=10257),
        listen="0.0.0.0",
        address=addresses.node,
        service_cidr=addresses.services,
        service_address=addresses.api_service,
        pod_cidr="",
        audit=audit,
    )
