"""A node that runs real containers: containerd, crun and a kubelet in a machine of namespaces."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from e2e.cluster import archive, packages
from e2e.cluster.filesystem import overlay_can_be_stacked
from e2e.cluster.machine import STATE, TOOLS, Machine

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.cluster.control_plane import ControlPlane
    from e2e.cluster.network import Network
    from e2e.cluster.processes import Processes

PAUSE = "taskdist.dev/pause:1"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Node:
    """The node of one cluster; `start` is idempotent."""

    state: Path
    name: str
    network: Network
    machine: Machine
    processes: Processes

    def start(self, control_plane: ControlPlane) -> None:
        """Start containerd and the kubelet where they do not run, and return when the node takes pods."""
        self._write_configs(control_plane)
        inside = self.machine.enter()
        containerd = packages.ensure(packages.NODE)["containerd"]
        self.processes.start(
            "containerd",
            [*inside, containerd, f"--config={STATE}/config/containerd.toml"],
            env=self._environment,
            forks=True,
        )
        self.processes.wait("containerd", self._containerd_answers, needs=["containerd"])
        if PAUSE not in self.images():
            self.load_image(self._pause_image())
        self.processes.start(
            "kubelet",
            [
                *inside,
                f"{TOOLS}/kubelet",
                f"--config={STATE}/config/kubelet.yaml",
                f"--kubeconfig={STATE}/config/kubelet.kubeconfig",
                f"--hostname-override={self.name}",
                f"--node-ip={self.network.node}",
                "--node-labels=taskdist.dev/node=local",
            ],
            env=self._environment,
            forks=True,
        )
        access = control_plane.access
        self.processes.wait("the node", lambda: _takes_pods(access.get("nodes")), needs=["kubelet"])

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": PATH}

    def images(self) -> set[str]:
        """The names of the images that pods can use."""
        return set(self.machine.run("ctr", "--namespace=k8s.io", "images", "list", "--quiet").split())

    def load_image(self, path: Path) -> None:
        """Import an image archive (docker-archive or oci-archive) under the names that it carries."""
        # Through standard input: the file may lie where the node has folders of its own.
        with path.open("rb") as stream:
            self.machine.run("ctr", "--namespace=k8s.io", "images", "import", "-", stdin=stream)

    def _containerd_answers(self) -> bool:
        return self.machine.succeeds("ctr", "--namespace=k8s.io", "version")

    def _pause_image(self) -> Path:
        path = self.state / "pause.tar"
        program = packages.ensure(packages.NODE)["catatonit"]
        archive.write(path, PAUSE, {"catatonit": program.read_bytes()}, entrypoint=["/catatonit", "-P"])
        return path

    def _write_configs(self, control_plane: ControlPlane) -> None:
        configs = self.state / "config"
        (configs / "cni").mkdir(parents=True, exist_ok=True)
        control_plane.component("kubelet", f"system:node:{self.name}", "system:nodes")
        control_plane.authority.server("kubelet-server", names=[self.name], addresses=[self.network.node])
        (configs / "cni" / "10-pods.conflist").write_text(json.dumps(self._cni(), indent=2))
        (configs / "containerd.toml").write_text(self._containerd())
        (configs / "kubelet.yaml").write_text(yaml.safe_dump(self._kubelet(), sort_keys=False))
        # No name server: clients inside find the API server by its address.
        (configs / "resolv.conf").write_text(f"nameserver {self.network.dns}\noptions attempts:1 timeout:1\n")

    def _cni(self) -> dict[str, Any]:
        ranges = [[{"subnet": str(ipaddress.ip_network(self.network.pods))}]]
        bridge = {
            "type": "bridge",
            "bridge": "pods0",
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]},
        }
        return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}

    def _containerd(self) -> str:
        cni = packages.ensure(packages.NODE)["bridge"].parent
        return f"""\
version = 2
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = {str(not _may_lower_oom_score()).lower()}

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{cni}"
  conf_dir = "{STATE}/config/cni"

[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "crun"
  snapshotter = "{"overlayfs" if overlay_can_be_stacked(self.state) else "native"}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
  BinaryName = "{packages.ensure(packages.NODE)["crun"]}"
  SystemdCgroup = false
"""

    def _kubelet(self) -> dict[str, Any]:
        pki = f"{STATE}/pki"
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.network.node,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{pki}/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{pki}/kubelet-server.crt",
            "tlsPrivateKeyFile": f"{pki}/kubelet-server.key",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.machine.cgroup}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "resolvConf": f"{STATE}/config/resolv.conf",
            "clusterDNS": [self.network.dns],
            "clusterDomain": "cluster.local",
            # The disk is the host's: how full it is says nothing about this cluster.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "0%",
                "nodefs.inodesFree": "0%",
                "imagefs.available": "0%",
                "imagefs.inodesFree": "0%",
            },
            # Images come from archives, not from a registry: one that was collected would not come back.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "imageMaximumGCAge": "0s",
            "maxPods": 250,
            "oomScoreAdj": 0,
        }


def _takes_pods(nodes: dict[str, Any]) -> bool:
    return any(
        not node["spec"].get("taints")
        and any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", ()))
        for node in nodes["items"]
    )


def _may_lower_oom_score() -> bool:
    """Whether this process has CAP_SYS_RESOURCE (bit 24); without it nothing may lower `oom_score_adj`."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - not a file in the sense of a path
        line = next(line for line in status if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> 24 & 1)
