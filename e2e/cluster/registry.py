"""All clusters of this user: brought up, found again, taken down."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from e2e.cluster import foreign, local, network, packages, places
from e2e.cluster.errors import ClusterError
from e2e.cluster.locks import exclusive
from e2e.cluster.machine import INIT, Machine
from e2e.cluster.processes import Identity, Processes
from e2e.cluster.settings import Kind, Settings
from e2e.cluster.simulated import NodePool

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.cluster.cluster import Cluster

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")

_CLASSES: dict[Kind, type[Cluster]] = {
    "api-server": local.LocalCluster,
    "control-plane": local.LocalCluster,
    "simulated": local.SimulatedCluster,
    "real": local.RealCluster,
    "kind": foreign.KindCluster,
    "existing": foreign.ExistingCluster,
}


def up(
    kind: Kind, name: str, *, audit: str = "", owner: Identity | None = None, pool: NodePool | None = None
) -> Cluster:
    """Bring the cluster up, or continue the one of that name; returns when it can be used.

    Args:
        kind: what it is made of.
        name: lower-case letters, digits and '-'.
        audit: level of the API server's audit log (Metadata, Request, RequestResponse), or empty for none.
        owner: the process with which it is to end.
        pool: the nodes of a simulated cluster.

    Raises:
        ClusterError: a piece is missing or does not start, or the name belongs to a cluster of another kind.
    """
    state = folder(name)
    with exclusive(state, folder=True):
        settings = Settings.read(state)
        is_new = settings is None
        if settings is None:
            wanted = Settings(name=name, kind=kind, owner=owner, pool=pool or NodePool())
            try:
                settings = _create(state, wanted, audit)
            except BaseException:
                _stop_unfinished(state, name)
                shutil.rmtree(state)
                raise
        if settings.kind != kind:
            raise ClusterError(
                f"cluster {name!r} is of kind {settings.kind}, not {kind}: choose another name, or take it down first "
                f"(`python -m e2e.cluster down --name {name}`)"
            )
        cluster = _CLASSES[kind](state, settings)
        try:
            cluster.start()
        except ClusterError:
            if is_new and kind in {"kind", "existing"}:
                shutil.rmtree(state)  # nothing of ours runs, and no log of ours tells why it failed
            raise
        return cluster


def load(name: str) -> Cluster | None:
    """The cluster of that name, running or not; None when there is none."""
    state = folder(name)
    settings = Settings.read(state)
    return _CLASSES[settings.kind](state, settings) if settings is not None else None


def down(name: str) -> bool:
    """Take the cluster down, whatever state it is in, and leave nothing behind; False when there was none."""
    state = folder(name)
    if not state.exists():
        return False
    with exclusive(state, folder=True):
        try:
            settings = Settings.read(state)
        except ClusterError:
            settings = None
        if settings is not None:
            _CLASSES[settings.kind](state, settings).stop()
        else:
            _stop_unfinished(state, name)
        shutil.rmtree(state)
    return True


def names() -> list[str]:
    """All clusters there are."""
    root = places.clusters()
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []


def abandoned() -> list[str]:
    """The clusters that no living process owns."""
    return [name for name in names() if (owner := _owner(name)) is None or not owner.alive]


def sweep() -> list[str]:
    """Take down the clusters whose owner died without doing so; returns their names."""
    orphans = [name for name in names() if (owner := _owner(name)) is not None and not owner.alive]
    for name in orphans:
        down(name)
    return orphans


def _owner(name: str) -> Identity | None:
    try:
        settings = Settings.read(folder(name))
    except ClusterError:
        return None  # of another version of the project
    return settings.owner if settings is not None else None


def folder(name: str) -> Path:
    """The state folder of a cluster, existing or not."""
    if _NAME.fullmatch(name) is None:
        raise ClusterError(f"cluster name {name!r}: use lower-case letters, digits and '-', 40 characters at most")
    return places.clusters() / name


def default_kind() -> Kind:
    """What `$CLUSTER` says, else kind where a Docker engine answers, else real containers for root, else simulated nodes.

    Raises:
        ClusterError: `$CLUSTER` is neither a kind of cluster nor `local`.
    """
    wish = os.environ.get("CLUSTER", "")
    for kind in _CLASSES:
        if wish == kind:
            return kind
    if wish not in {"", "local"}:
        raise ClusterError(f"CLUSTER={wish}: use existing, kind, local, real or simulated")
    if not wish and foreign.docker_answers():
        return "kind"
    return "real" if can_run_containers() else "simulated"


def can_run_containers() -> bool:
    """Whether a cluster of kind `real` can run here: Linux, and root."""
    return sys.platform == "linux" and os.geteuid() == 0


def _create(state: Path, settings: Settings, audit: str) -> Settings:
    """Choose what the cluster needs of this host and write it down."""
    if settings.kind == "real":
        return _create_real(state, settings, audit)
    if settings.kind in {"api-server", "control-plane", "simulated"}:
        controllers = settings.kind != "api-server"
        settings = replace(settings, plan=local.loopback_plan(settings.name, controllers=controllers, audit=audit))
    settings.write(state)
    return settings


def _create_real(state: Path, settings: Settings, audit: str) -> Settings:
    """Claim a network: its addresses are on the machine's device before another process may choose."""
    machine = Machine(state, settings.name, Processes(state))
    if not can_run_containers():
        raise ClusterError(
            "real containers need Linux and root: run as root, or use simulated nodes (--kind simulated)"
        )
    ip = packages.ensure(packages.NODE)["ip"]
    with network.allocation():
        machine.clean()  # of an `up` that was killed before it wrote its settings
        addresses = network.choose(ip)
        local.start_machine(machine, addresses)
    settings = replace(settings, network=addresses.index, plan=local.node_plan(settings.name, addresses, audit=audit))
    settings.write(state)
    return settings


def _stop_unfinished(state: Path, name: str) -> None:
    """End what is there without settings that could be read: an `up` was killed early, or is of another version."""
    processes = Processes(state)
    processes.stop(INIT)
    processes.stop_all()
    if can_run_containers():
        Machine(state, name, processes).clean()
