"""Brings the operator into a cluster, as a user would with the chart, and takes it out again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster import ClusterError, binaries, load, until
from e2e.cluster import down as cluster_down
from e2e.cluster.places import CHECKOUT
from e2e.cluster.progress import say, step
from e2e.demo import tour

if TYPE_CHECKING:
    from e2e.cluster import Cluster

RELEASE = "taskdist"
NAMESPACE = "taskdist-system"
GROUP = "taskdist.dev"
_CHART = CHECKOUT / "helm" / "taskdist"
_OPERATOR = "operator"
_MARK = "demo.json"


def install(cluster: Cluster, image_name: str = "") -> None:
    """Install the operator, the CRDs and the ten agent types, or bring them up to date; returns when the operator is ready.

    Args:
        cluster: where.
        image_name: an image in a registry that the cluster reaches; empty builds one and brings it to the nodes.

    Raises:
        ClusterError: something did not work; the text says what and shows the end of its output.
    """
    _remember_what_was_there(cluster)
    if cluster.kind == "simulated":
        _install_simulated(cluster)
        return
    values = _image_values(cluster, image_name)
    helm = binaries.ensure(["helm"])["helm"]
    command = [
        str(helm), "upgrade", "--install", RELEASE, str(_CHART), "--kubeconfig", str(cluster.kubeconfig),
        "--namespace", NAMESPACE, "--create-namespace", "--wait", "--timeout", "3m",
        *(argument for value in values for argument in ("--set-string", value)),
    ]  # fmt: skip
    with step("helm upgrade --install taskdist helm/taskdist"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pods = cluster.kubectl("get", "pods", "-n", NAMESPACE, "-o", "wide", check=False).stdout
        logs = cluster.kubectl(
            "logs", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=taskdist", "--tail=20", check=False
        )
        raise ClusterError(f"helm failed: {done.stderr.strip()}\n\n{pods}\n{logs.stdout}{logs.stderr}".strip())


def remove(name: str) -> bool:
    """Take the demo away: with its cluster, or out of a cluster that was there before. False when there was none."""
    try:
        cluster = load(name)
    except ClusterError:
        cluster = None  # of another version of this project: a cluster of our own, which `down` knows how to end
    if cluster is not None and cluster.kind == "existing":
        _uninstall(cluster)
    return cluster_down(name)


def _image_values(cluster: Cluster, image_name: str) -> list[str]:
    if not image_name:
        if not cluster.loads_images:
            raise ClusterError(
                f"cluster {cluster.name!r} ({cluster.kind}) takes its images from a registry: "
                "push ours there and name it with --image"
            )
        from e2e.image import build, deliver  # not needed where an image is given

        image = build()
        deliver(image, cluster)
        # The tag stays the same while the checkout changes, so the pod has to be told that its image is another one.
        return [f"image.repository={image.name.rpartition(':')[0]}", f"image.tag={image.name.rpartition(':')[2]}",
                f"podAnnotations.taskdist\\.dev/image={image.key}"]  # fmt: skip
    repository, colon, tag = image_name.rpartition(":")
    if not colon or "/" in tag:
        raise ClusterError(f"--image {image_name}: give the tag too, as in registry.example.com/taskdist:0.1.0")
    return [f"image.repository={repository}", f"image.tag={tag}"]


def _install_simulated(cluster: Cluster) -> None:
    """CRDs and agent types as manifests; the operator on this host, since nodes that are simulated run no program."""
    say(
        "simulated nodes run no containers: the operator runs on this host, and scripts are not executed, only their pods played"
    )
    with step("installing CRDs and agent types"):
        cluster.install_crds(sorted((CHECKOUT / "crds").glob("*.yaml")))
        cluster.kubectl(
            "apply", "--server-side", "--force-conflicts", "-k", str(CHECKOUT / "manifests" / "agent-types")
        )
    cluster.processes.stop(_OPERATOR)  # of an earlier run, with the code of then
    log = cluster.processes.log(_OPERATOR)
    said_before = log.stat().st_size if log.exists() else 0
    program = Path(sys.executable).with_name("taskdist")
    environment = {"KUBECONFIG": str(cluster.kubeconfig), "TASKDIST_IMAGE": "taskdist.dev/taskdist:simulated"}
    with step("starting the operator"):
        cluster.processes.start(_OPERATOR, [program, "operator"], env=environment)
        cluster.processes.wait("operator", lambda: b"in sync" in log.read_bytes()[said_before:], needs=[_OPERATOR])


def _remember_what_was_there(cluster: Cluster) -> None:
    mark = cluster.state / _MARK
    if cluster.kind == "existing" and not mark.exists():
        crds = cluster.kubectl("get", "crd", "-o", "name").stdout
        namespaces = cluster.kubectl("get", "namespace", "-o", "jsonpath={.items[*].metadata.name}").stdout.split()
        if f".{GROUP}" in crds or NAMESPACE in namespaces:
            raise ClusterError(
                "this cluster has a taskdist already, which the demo would replace: use it with `taskdist submit -f "
                "manifests/samples/insights.yaml --watch`, or uninstall it first"
            )
        mark.write_text(json.dumps({"installed": True}))


def _uninstall(cluster: Cluster) -> None:
    """Everything that `install` and the tour made, in an order in which nothing waits for what is gone."""
    if not (cluster.state / _MARK).exists():
        return
    with step("removing the demo from the cluster"):
        cluster.kubectl("delete", "namespace", tour.NAMESPACE, "--ignore-not-found", "--timeout=120s")
        helm = binaries.ensure(["helm"])["helm"]
        subprocess.run(
            [str(helm), "uninstall", RELEASE, "--kubeconfig", str(cluster.kubeconfig), "-n", NAMESPACE, "--ignore-not-found"],
            capture_output=True, check=False,
        )  # fmt: skip
        cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
        crds = [
            name for name in cluster.kubectl("get", "crd", "-o", "name").stdout.split() if name.endswith(f".{GROUP}")
        ]
        if crds:
            cluster.kubectl("delete", *crds, "--timeout=120s")
        until("CRDs gone", lambda: f".{GROUP}" not in cluster.kubectl("get", "crd", "-o", "name").stdout)
