"""Kueue in a cluster with real containers: the program and the chart of one pinned Go module, installed as an admin does it.

    python -m e2e.kueue up --name NAME      into the running cluster NAME (`python -m e2e.cluster up --kind real`)
    python -m e2e.kueue down --name NAME

It manages the pods of namespaces that carry the label `kueue-managed: "true"`, and leaves all others alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import Cluster, ClusterError, archive, binaries, load, places, until
from e2e.cluster.progress import step

NAMESPACE = "kueue-system"
MANAGED = {"kueue-managed": "true"}
"""Labels of the namespaces whose pods Kueue looks at."""

_MODULE = "sigs.k8s.io/kueue"
_KINDS = ("localqueues", "clusterqueues", "cohorts", "resourceflavors", "workloadpriorityclasses")


def install(cluster: Cluster) -> None:
    """Install Kueue, or bring it up to date; returns when it answers.

    Raises:
        ClusterError: the cluster takes no image from an archive, or the chart does not install.
    """
    tool = binaries.TOOLS["kueue"]
    image = f"taskdist.dev/kueue:{tool.version}"
    program = binaries.ensure(["kueue"])["kueue"]
    chart = _chart()
    with tempfile.TemporaryDirectory() as folder:
        if image not in cluster.images():
            packed = Path(folder) / "kueue.tar"
            with step(f"importing {image} into {cluster.name}"):
                archive.write(packed, image, {"manager": program.read_bytes()}, entrypoint=["/manager"], user="65532")
                cluster.load_image(packed)
        values = Path(folder) / "values.yaml"
        values.write_text(yaml.safe_dump(_values(image)))
        with step("helm upgrade --install kueue"):
            _helm(cluster, "upgrade", "--install", "kueue", str(chart), "--create-namespace", "--values", str(values))
            _wait_ready(cluster)


def uninstall(cluster: Cluster) -> None:
    """Take Kueue away with all that it kept. Its finalizers go first: once it is gone, nobody would remove them."""
    with step("helm uninstall kueue"):
        for kind in _KINDS:
            resource = f"{kind}.kueue.x-k8s.io"
            everywhere = ("--all-namespaces",) if kind == "localqueues" else ()
            cluster.kubectl("delete", resource, "--all", *everywhere, "--timeout=60s", "--ignore-not-found")
        _helm(cluster, "uninstall", "kueue", "--wait", "--ignore-not-found")
        cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=60s")


def _wait_ready(cluster: Cluster) -> None:
    """Return when Kueue's webhooks answer.

    It writes its certificate into a Secret of its own and waits until the kubelet has brought that to its pod, which takes a
    kubelet more than a minute: a pod that starts later has it at once.
    """
    of_kueue = ("-n", NAMESPACE, "-l", "control-plane=controller-manager")
    if not _certificate(cluster):
        until("Kueue's certificate", lambda: _certificate(cluster), 60)
        cluster.kubectl("delete", "pod", *of_kueue)
    cluster.kubectl("rollout", "status", "deployment", *of_kueue, "--timeout=120s", timeout=150)
    flavor = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ResourceFlavor", "metadata": {"name": "answers"}}
    probe = ("apply", "--server-side", "--dry-run=server", "-f", "-")
    until("Kueue's webhooks", lambda: not cluster.kubectl(*probe, input=json.dumps(flavor), check=False).returncode, 60)


def _certificate(cluster: Cluster) -> str:
    secret = cluster.get("secret", "kueue-webhook-server-cert", "-n", NAMESPACE)
    return str(secret.get("data", {}).get("tls.crt", ""))


def _chart() -> Path:
    """The chart of the pinned module, kept beside the program: the module's own folder may be cleaned away."""
    tool = binaries.TOOLS["kueue"]
    kept = tool.cached.parent / "chart"
    if not kept.exists():
        command = ["go", "mod", "download", "-json", _MODULE]
        told = subprocess.run(
            command, cwd=places.TOOLS_MODULES / tool.module, capture_output=True, text=True, check=False
        )
        if told.returncode:
            raise ClusterError(f"{' '.join(command)}: {told.stderr.strip() or told.stdout.strip()}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            draft = Path(folder) / "chart"
            # The Go client makes its files read-only; what is copied has to be removable.
            shutil.copytree(
                Path(json.loads(told.stdout)["Dir"]) / "charts" / "kueue", draft, copy_function=shutil.copyfile
            )
            for path in (draft, *draft.rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)
            draft.replace(kept)
    return kept


def _values(image: str) -> dict[str, Any]:
    repository, _, tag = image.rpartition(":")
    configuration = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443"},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": False},
        "controller": {"groupKindConcurrency": {"Pod": 5, "Workload.kueue.x-k8s.io": 5}},
        "clientConnection": {"qps": 50, "burst": 100},
        "managedJobsNamespaceSelector": {"matchLabels": MANAGED},
        "integrations": {"frameworks": ["pod"]},
    }
    return {
        "controllerManager": {
            "manager": {
                "image": {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"},
                "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "512Mi"}},
            },
            "readinessProbe": {"initialDelaySeconds": 1},
        },
        "managerConfig": {"controllerManagerConfigYaml": yaml.safe_dump(configuration, sort_keys=False)},
    }


def _helm(cluster: Cluster, *arguments: str) -> None:
    helm = binaries.ensure(["helm"])["helm"]
    command = [str(helm), *arguments, "--kubeconfig", str(cluster.kubeconfig), "--namespace", NAMESPACE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pods = cluster.kubectl("get", "pods", "-n", NAMESPACE, "-o", "wide", check=False).stdout
        logs = cluster.kubectl(
            "logs", "-n", NAMESPACE, "-l", "control-plane=controller-manager", "--tail=20", check=False
        )
        raise ClusterError(f"helm {arguments[0]} failed: {done.stderr.strip()}\n\n{pods}\n{logs.stdout}".strip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.kueue", description="Kueue in a cluster with real containers")
    parser.add_argument("verb", choices=("up", "down"))
    parser.add_argument("--name", default="taskdist", help="of the cluster")
    asked = parser.parse_args()
    try:
        (install if asked.verb == "up" else uninstall)(_running(asked.name))
    except ClusterError as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


def _running(name: str) -> Cluster:
    cluster = load(name)
    if cluster is None:
        raise ClusterError(f"there is no cluster {name!r}: `python -m e2e.cluster up --kind real --name {name}`")
    return cluster


if __name__ == "__main__":
    sys.exit(main())
