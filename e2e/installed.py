"""What an installation has beside the operator's pod, as objects: what a cluster of the tests needs to refuse, to warn and to let
do as an installed one does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from e2e.cluster import binaries
from taskdist.cluster.rbac import USERS

if TYPE_CHECKING:
    from e2e.cluster.access import Access

_MANIFESTS = Path(__file__).parents[1] / "manifests"
_CHART = Path(__file__).parents[1] / "helm" / "taskdist"
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


def tenant(cluster: Access, namespace: str, name: str = "tenant") -> str:
    """A service account that may do in its namespace what the chart lets users do; returns its token."""
    rules = next([rule.as_policy() for rule in user.rules] for user in USERS if user.name == "edit")
    about = {"name": name, "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": about, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": about,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", **about}],
        },
    )
    return cluster.token(namespace, name)


def flow_control() -> list[dict[str, Any]]:
    """What the chart installs with ``flowControl.enabled``, for the account of :func:`operator_account`."""
    (account,) = (item["metadata"] for item in _objects() if item["kind"] == "ServiceAccount")
    command = [str(binaries.ensure(["helm"])["helm"]), "template", "taskdist", str(_CHART), "-n", account["namespace"]]
    command += [
        "--set",
        f"flowControl.enabled=true,serviceAccount.name={account['name']}",
        "-s",
        "templates/flow-control.yaml",
    ]
    rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [item for item in yaml.safe_load_all(rendered) if item]
