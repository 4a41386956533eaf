"""What a cluster is: written once when it is created, so that every later `up` continues the same one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from e2e.cluster.control_plane import Plan, Ports
from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import Identity
from e2e.cluster.simulated import NodePool

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["api-server", "control-plane", "simulated", "real", "kind", "existing"]
"""api-server: etcd and kube-apiserver. control-plane: with controllers and scheduler. simulated, real: with nodes.
kind: made by `kind` on a Docker engine. existing: whatever the current kubeconfig points to."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_FILE = "cluster.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The cluster's identity.

    Attributes:
        name: of the cluster and of its state folder.
        kind: what it is made of.
        owner: the process on whose behalf it runs; a cluster whose owner died is swept away. None: until `down`.
        plan: of its control plane, when that is ours.
        pool: its nodes, when they are simulated.
        network: the number of its network, when its containers are real.
    """

    name: str
    kind: Kind
    owner: Identity | None = None
    plan: Plan | None = None
    pool: NodePool = field(default_factory=NodePool)
    network: int | None = None

    def write(self, state: Path) -> None:
        """Keep it in the state folder."""
        draft = state / f"{_FILE}.draft"
        draft.write_text(json.dumps(asdict(self), indent=2))
        draft.replace(state / _FILE)

    @classmethod
    def read(cls, state: Path) -> Settings | None:
        """The settings kept there; None when there are none.

        Raises:
            ClusterError: another version of the project wrote them.
        """
        try:
            return cls._decode(json.loads((state / _FILE).read_text()))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as e:
            remedy = f"python -m e2e.cluster down --name {state.name}"
            raise ClusterError(f"{state / _FILE} is of another version of this project ({e}): `{remedy}`") from e

    @classmethod
    def _decode(cls, raw: dict[str, Any]) -> Settings:
        plan = raw["plan"]
        if plan is not None:
            plan = Plan(**{**plan, "names": tuple(plan["names"]), "ports": Ports(**plan["ports"])})
        pool = NodePool(**{**raw["pool"], "providers": tuple(raw["pool"]["providers"])})
        owner = Identity(**raw["owner"]) if raw["owner"] else None
        return cls(**{**raw, "plan": plan, "pool": pool, "owner": owner})
