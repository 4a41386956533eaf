"""What an installation has beside the operator's pod, as objects: what a cluster of the tests needs to refuse, to warn and to let
do as an installed one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from e2e.cluster.access import Access

_MANIFESTS = Path(__file__).parents[1] / "manifests"
_FILES = (_MANIFESTS / "base" / "operator.yaml", _MANIFESTS / "overlays" / "cluster-wide" / "operator.yaml")
_RIGHTS = frozenset({"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})


def _objects() -> Iterator[dict[str, Any]]:
    return (item for file in _FILES for item in yaml.safe_load_all(file.read_text()) if item)


def admission_policies(*, warnings: bool) -> list[dict[str, Any]]:
    """Policies and bindings that refuse, and with ``warnings`` those that only warn."""
    return [
        item
        for item in _objects()
        if item["kind"].startswith("ValidatingAdmissionPolicy")
        and (warnings or not str(item["metadata"]["name"]).endswith("-warnings"))
    ]


def operator_account(cluster: Access, path: Path) -> Path:
    """Give the operator the account and the rights that it is installed with; returns its kubeconfig, written to ``path``."""
    rights = [item for item in _objects() if item["kind"] in _RIGHTS]
    (account,) = (item["metadata"] for item in rights if item["kind"] == "ServiceAccount")
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": account["namespace"]}})
    cluster.apply(*rights)
    return cluster.as_account(account["namespace"], account["name"], path)
