"""A cluster on this host: its state folder, its life from `up` to `down`, and what tests do with it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from e2e.cluster import places
from e2e.cluster.access import Access, audit_events
from e2e.cluster.control_plane import ControlPlane, Plan, Ports
from e2e.cluster.errors import ClusterError
from e2e.cluster.locks import exclusive
from e2e.cluster.processes import Identity, Processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["api-server", "control-plane", "simulated", "real"]
"""What is brought up: an API server alone, one with its controllers, and both kinds of node on top of those."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
_SETTINGS = "cluster.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a cluster is: written once when it is created, so that every later `up` continues the same one.

    `owner` is the process on whose behalf it runs; a cluster whose owner died is swept away. None: until `down`.
    """

    kind: Kind
    plan: Plan
    owner: Identity | None = None

    def write(self, state: Path) -> None:
        """Keep it in the state folder."""
        draft = state / f"{_SETTINGS}.draft"
        draft.write_text(json.dumps(asdict(self), indent=2))
        draft.replace(state / _SETTINGS)

    @classmethod
    def read(cls, state: Path) -> Settings | None:
        """The settings kept there; None when there are none."""
        try:
            raw = json.loads((state / _SETTINGS).read_text())
        except FileNotFoundError:
            return None
        nested = {"names": tuple(raw["plan"]["names"]), "ports": Ports(**raw["plan"]["ports"])}
        plan = Plan(**{**raw["plan"], **nested})
        return cls(kind=raw["kind"], plan=plan, owner=Identity(**raw["owner"]) if raw["owner"] else None)


class LocalCluster(Access):
    """A running local cluster."""

    def __init__(self, state: Path, settings: Settings) -> None:
        super().__init__(state / "kubeconfig")
        self.name = settings.plan.name
        self.kind = settings.kind
        self.state = state
        self.settings = settings
        self.processes = Processes(state)
        self.control_plane = ControlPlane(state, settings.plan)

    def start(self) -> None:
        """Start what does not run and return when it can be used."""
        self.control_plane.start()

    def stop(self) -> None:
        """End every process of it."""
        self.processes.stop_all()

    def restart(self, name: str) -> None:
        """Restart one of its processes (`etcd`, `kube-apiserver`, …) and wait until the cluster is ready again."""
        self.control_plane.restart(name)

    def audit_events(self) -> Iterator[dict[str, Any]]:
        """The API server's audit log so far, oldest first.

        Raises:
            ClusterError: the cluster was brought up without `audit`.
        """
        if not self.settings.plan.audit:
            raise ClusterError(f"cluster {self.name!r} keeps no audit log; bring it up with audit='Metadata'")
        return audit_events(self.control_plane.audit_log)


def up(kind: Kind, name: str, *, audit: str = "", owner: Identity | None = None) -> LocalCluster:
    """Bring the cluster up, or continue the one of that name; returns when it can be used.

    Raises:
        ClusterError: a piece is missing or does not start, or the name belongs to a cluster of another kind.
    """
    state = _folder(name)
    with exclusive(state, folder=True):
        settings = Settings.read(state)
        if settings is None:
            plan = Plan(name=name, ports=Ports.fresh(), controllers=kind != "api-server", audit=audit)
            settings = Settings(kind=kind, plan=plan, owner=owner)
            settings.write(state)
        if settings.kind != kind:
            raise ClusterError(
                f"cluster {name!r} is of kind {settings.kind}, not {kind}: choose another name, or take it down first "
                f"(`python -m e2e.cluster down --name {name}`)"
            )
        cluster = LocalCluster(state, settings)
        cluster.start()
        return cluster


def load(name: str) -> LocalCluster | None:
    """The cluster of that name, running or not; None when there is none."""
    state = _folder(name)
    settings = Settings.read(state)
    return LocalCluster(state, settings) if settings is not None else None


def down(name: str) -> bool:
    """Take the cluster down, whatever state it is in, and leave nothing behind; False when there was none."""
    state = _folder(name)
    if not state.exists():
        return False
    with exclusive(state, folder=True):
        settings = Settings.read(state)
        if settings is not None:
            LocalCluster(state, settings).stop()
        # Also without settings: the process that brought it up may have been killed at any moment.
        Processes(state).stop_all()
        shutil.rmtree(state)
    return True


def names() -> list[str]:
    """All local clusters there are."""
    folder = places.clusters()
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def sweep() -> list[str]:
    """Take down the clusters whose owner died without doing so; returns their names."""
    orphans = []
    for name in names():
        cluster = load(name)
        if cluster is not None and cluster.settings.owner is not None and not cluster.settings.owner.alive:
            down(name)
            orphans.append(name)
    return orphans


def _folder(name: str) -> Path:
    if _NAME.fullmatch(name) is None:
        raise ClusterError(f"cluster name {name!r}: use lower-case letters, digits and '-', 40 characters at most")
    return places.clusters() / name
