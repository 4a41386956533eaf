"""etcd, kube-apiserver and, where asked for, kube-controller-manager and kube-scheduler, as plain processes."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from e2e.cluster import binaries, ports
from e2e.cluster.access import Access, write_kubeconfig
from e2e.cluster.certificates import Authority, Pair
from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AUDIT_LEVELS = ("Metadata", "Request", "RequestResponse")

_SERVERS = ("etcd", "kube-apiserver")
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")

# Benchmarks measure the operator; clients of ours that throttle themselves would be measured instead.
_UNTHROTTLED = ("--kube-api-qps=5000", "--kube-api-burst=10000")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the processes listen."""

    api: int
    etcd: int
    etcd_peer: int
    scheduler: int
    controller_manager: int

    @classmethod
    def fresh(cls) -> Ports:
        """Ports that are free now."""
        return cls(*ports.free(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a control plane is to be: fixed when the cluster is created, kept in its state.

    `address` is where clients find the API server; a loopback address serves clients of this host only. `listen` is
    where it listens, the same when empty.
    `controllers` adds garbage collection, namespaces, service accounts and scheduling. `audit` is an audit level, or
    empty.
    """

    name: str
    ports: Ports
    address: str = "127.0.0.1"
    listen: str = ""
    names: tuple[str, ...] = ()
    service_cidr: str = "10.96.0.0/24"
    service_address: str = "10.96.0.1"
    pod_cidr: str = ""
    controllers: bool = True
    audit: str = ""


class ControlPlane:
    """The control plane in one state folder. `start` is idempotent: it starts what does not run."""

    def __init__(self, state: Path, plan: Plan) -> None:
        self.state = state
        self.plan = plan
        self.processes = Processes(state)
        self.access = Access(state / "kubeconfig")
        self.audit_log = state / "audit.log"
        self.authority = Authority(state / "pki")
        self.aggregation = Authority(state / "pki-aggregation")
        self._configs = state / "config"

    @property
    def url(self) -> str:
        """The API server's address for clients on this host."""
        return f"https://{self.plan.address}:{self.plan.ports.api}"

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that have to be there."""
        return (*_SERVERS, *_CONTROLLERS, "kubectl") if self.plan.controllers else (*_SERVERS, "kubectl")

    def start(self, inside: Sequence[str] = ()) -> None:
        """Start what does not run, in order, and return when clients can work.

        `inside` begins every command: how to get into the network where the processes are to listen. Without it that is
        this host's own, and their ports are checked.
        """
        tools = binaries.ensure(self.programs)
        self._configs.mkdir(parents=True, exist_ok=True)
        self.authority.create()
        self.aggregation.create()
        admin = self.authority.client("admin", common_name="admin", organization="system:masters")
        write_kubeconfig(
            self.access.kubeconfig,
            name=self.plan.name, url=self.url, authority=self.authority.ca.certificate, client=admin,
        )  # fmt: skip
        if not inside:
            self._check_port("etcd", self.plan.ports.etcd)
            self._check_port("kube-apiserver", self.plan.ports.api, self.plan.address)
        self.processes.start("etcd", [*inside, *self._etcd(tools["etcd"])])
        self.processes.start("kube-apiserver", [*inside, *self._api_server(tools["kube-apiserver"])])
        ready = Probe(f"{self.url}/readyz", self.authority.ca.certificate, admin)
        self.processes.wait("the API server", ready, needs=_SERVERS)
        if self.plan.controllers:
            self._start_controllers(tools, inside)

    def stop(self) -> None:
        """End everything, last started first."""
        self.processes.stop_all()

    def component(self, name: str, common_name: str, organization: str = "") -> Path:
        """The kubeconfig of a component that authenticates by a client certificate."""
        path = self._configs / f"{name}.kubeconfig"
        client = self.authority.client(name, common_name=common_name, organization=organization)
        write_kubeconfig(path, name=name, url=self.url, authority=self.authority.ca.certificate, client=client)
        return path

    def _start_controllers(self, tools: dict[str, Path], inside: Sequence[str]) -> None:
        for name, arguments in (
            ("kube-controller-manager", self._controller_manager()),
            ("kube-scheduler", self._scheduler()),
        ):
            kubeconfig = self.component(name, f"system:{name}")
            self.processes.start(name, [*inside, tools[name], f"--kubeconfig={kubeconfig}", *arguments, *_UNTHROTTLED])
        self.processes.wait(
            "the default service account",
            lambda: not self.access.kubectl("get", "serviceaccount", "default", check=False).returncode,
            needs=_CONTROLLERS,
        )

    def _check_port(self, name: str, port: int, address: str = "127.0.0.1") -> None:
        """Say plainly that a port was taken while the process did not run, rather than let it crash on it."""
        if self.processes.get(name) is None and not ports.is_free(port, address):
            raise ClusterError(
                f"{name} of cluster {self.plan.name!r} was given port {port} on {address}, and another program listens "
                f"there now: take the cluster down and up again, or end that program"
            )

    def _etcd(self, program: Path) -> list[str | Path]:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.plan.ports.etcd, self.plan.ports.etcd_peer))
        return [
            program,
            f"--data-dir={self.state / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # the state lives as long as the cluster; a test need not wait for the disk
            "--quota-backend-bytes=8589934592",
            "--log-level=warn",
        ]

    def _api_server(self, program: Path) -> list[str | Path]:
        plan, pki = self.plan, self.authority
        serving = pki.server(
            "kube-apiserver",
            names=("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", *plan.names),
            addresses=sorted({"127.0.0.1", plan.address, plan.service_address}),
        )
        kubelet_client = pki.client("kubelet-client", common_name="kube-apiserver", organization="system:masters")
        signing = pki.signing_key("service-accounts")
        loopback = plan.address.startswith("127.")
        arguments: list[str | Path] = [
            program,
            f"--etcd-servers=http://127.0.0.1:{plan.ports.etcd}",
            f"--bind-address={plan.listen or plan.address}",
            f"--advertise-address={plan.address}",
            f"--secure-port={plan.ports.api}",
            f"--service-cluster-ip-range={plan.service_cidr}",
            f"--client-ca-file={pki.ca.certificate}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={signing}",
            f"--service-account-signing-key-file={signing}",
            "--allow-privileged=true",
            f"--kubelet-certificate-authority={pki.ca.certificate}",
            f"--kubelet-client-certificate={kubelet_client.certificate}",
            f"--kubelet-client-key={kubelet_client.key}",
            "--kubelet-preferred-address-types=InternalIP",
            # Webhooks are called by service name; without kube-proxy only the endpoints behind it can be reached.
            "--enable-aggregator-routing=true",
            # A loopback address is no endpoint: the reconciler would log an error about it for ever.
            f"--endpoint-reconciler-type={'none' if loopback else 'lease'}",
        ]
        if not plan.controllers:
            # Nobody makes the service accounts that this plugin asks for.
            arguments.append("--disable-admission-plugins=ServiceAccount")
        if plan.audit:
            arguments += self._auditing()
        return [*arguments, *self._aggregating()]

    def _aggregating(self) -> Sequence[str]:
        """How the API server proves to the servers of an APIService for whom it asks. Without it they refuse it, and with one
        API that cannot be listed no namespace ends: nobody knows what is left in it.
        """
        client = self.aggregation.client("aggregator", common_name="aggregator")
        return (
            f"--requestheader-client-ca-file={self.aggregation.ca.certificate}",
            "--requestheader-allowed-names=aggregator",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={client.certificate}",
            f"--proxy-client-key-file={client.key}",
        )

    def _auditing(self) -> Sequence[str]:
        policy = self._configs / "audit-policy.yaml"
        rules = [
            {
                "level": "None",  # heartbeats of nodes and of the control plane
                "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
                "namespaces": ["kube-node-lease", "kube-system"],
            },
            {"level": "None", "nonResourceURLs": ["/*"]},
            {"level": self.plan.audit},
        ]
        document = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": rules,
        }
        policy.write_text(yaml.safe_dump(document, sort_keys=False))
        return (
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-maxsize=0",  # no rotation: the log is read as a whole
        )

    def _controller_manager(self) -> Sequence[str]:
        plan, pki = self.plan, self.authority
        signing = pki.signing_key("service-accounts")
        addresses = (
            ("--allocate-node-cidrs=true", f"--cluster-cidr={plan.pod_cidr}", "--node-cidr-mask-size=24")
            if plan.pod_cidr
            else ()
        )
        return (
            "--bind-address=127.0.0.1",
            f"--secure-port={plan.ports.controller_manager}",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--root-ca-file={pki.ca.certificate}",
            f"--service-account-private-key-file={signing}",
            f"--service-cluster-ip-range={plan.service_cidr}",
            *addresses,
        )

    def _scheduler(self) -> Sequence[str]:
        return ("--bind-address=127.0.0.1", f"--secure-port={self.plan.ports.scheduler}", "--leader-elect=false")


class Probe:
    """Whether an HTTPS endpoint of the cluster answers 200; cheaper than a kubectl process per try."""

    def __init__(self, url: str, authority: Path, client: Pair) -> None:
        self._url = url
        self._files = (authority, client)

    def __call__(self) -> bool:
        authority, client = self._files
        context = ssl.create_default_context(cafile=os.fspath(authority))
        context.load_cert_chain(os.fspath(client.certificate), os.fspath(client.key))
        # The address is on this host: a proxy that the user has configured must not be asked for it.
        direct = urllib.request.ProxyHandler({})
        opener = urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(self._url, timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
