"""Clusters that somebody else makes: `kind` on a Docker engine, or whatever the current kubeconfig points to."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from e2e.cluster import binaries
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import step

if TYPE_CHECKING:
    from pathlib import Path


def docker_answers() -> bool:
    """Whether a Docker engine answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        return not subprocess.run([docker, "info"], capture_output=True, timeout=10, check=False).returncode
    except subprocess.TimeoutExpired:
        return False


class ExistingCluster(Cluster):
    """The cluster of the current kubeconfig context, copied when it was brought up, so that a later switch changes nothing.

    It is never stopped from here.
    """

    def start(self) -> None:
        if not self.kubeconfig.exists():
            kubectl = binaries.ensure(["kubectl"])["kubectl"]
            view = [str(kubectl), "config", "view", "--minify", "--flatten", "--raw"]
            told = subprocess.run(view, capture_output=True, text=True, check=False)
            if told.returncode:
                raise ClusterError(
                    f"no current kubeconfig context ({told.stderr.strip()}): set KUBECONFIG, or choose another kind of cluster"
                )
            self.kubeconfig.touch(mode=0o600)
            self.kubeconfig.write_text(told.stdout)
        answer = self.kubectl("version", "--request-timeout=10s", check=False)
        if answer.returncode:
            self.kubeconfig.unlink()
            raise ClusterError(f"the cluster of the current kubeconfig does not answer: {answer.stderr.strip()}")

    def stop(self) -> None:
        """Nothing: it was there before."""


class KindCluster(Cluster):
    """A cluster that the program `kind` makes on a Docker engine."""

    def start(self) -> None:
        if not docker_answers():
            raise ClusterError(
                "kind needs a Docker engine, and none answers: start it, or use --kind real (Linux, root) or simulated"
            )
        if self.name not in self._kind("get", "clusters").split():
            with step(f"creating kind cluster {self.name}"):
                self._kind(
                    "create",
                    "cluster",
                    "--name",
                    self.name,
                    "--kubeconfig",
                    os.fspath(self.kubeconfig),
                    "--wait",
                    "120s",
                )
        self._kind("export", "kubeconfig", "--name", self.name, "--kubeconfig", os.fspath(self.kubeconfig))
        self.wait_ready()

    def stop(self) -> None:
        if shutil.which("kind") and docker_answers():
            self._kind("delete", "cluster", "--name", self.name, "--kubeconfig", os.fspath(self.kubeconfig))

    @property
    def loads_images(self) -> bool:
        return True

    def load_image(self, archive: Path) -> None:
        self._kind("load", "image-archive", os.fspath(archive), "--name", self.name)

    def _kind(self, *arguments: str) -> str:
        program = shutil.which("kind")
        if program is None:
            raise ClusterError("the program `kind` is missing: go install sigs.k8s.io/kind@latest, or use another kind")
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ClusterError(f"kind {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
