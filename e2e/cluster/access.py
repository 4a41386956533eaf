"""How a program or a test talks to a cluster of any kind."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import urllib.parse
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from e2e.cluster import binaries
from e2e.cluster.errors import ClusterError
from e2e.cluster.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from e2e.cluster.certificates import Pair

_SAMPLE = re.compile(r"^apiserver_request_total\{(?P<labels>.*)\} (?P<value>\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """What the API server counts requests by (metric `apiserver_request_total`)."""

    verb: str
    group: str
    resource: str
    subresource: str
    code: str

    @property
    def writes(self) -> bool:
        """Whether it changes something, or tries to."""
        return self.verb in {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}


class Access:
    """A kubeconfig and what can be done with it."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    @property
    def url(self) -> str:
        """The API server's address, as the kubeconfig's current context has it."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        contexts = {entry["name"]: entry["context"] for entry in config["contexts"]}
        clusters = {entry["name"]: entry["cluster"] for entry in config["clusters"]}
        return str(clusters[contexts[config["current-context"]]["cluster"]]["server"])

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which any client finds the cluster, past a proxy that is configured for the world outside."""
        variables = {"KUBECONFIG": str(self.kubeconfig)}
        if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
            host = urllib.parse.urlsplit(self.url).hostname or ""
            for name in ("NO_PROXY", "no_proxy"):
                variables[name] = ",".join(filter(None, [os.environ.get(name), host]))
        return variables

    @property
    def kubectl_command(self) -> list[str]:
        """The beginning of every kubectl command. What kubectl caches stays with the cluster: its port may be another's later."""
        program = binaries.ensure(["kubectl"])["kubectl"]
        cache = self.kubeconfig.parent / "kubectl-cache"
        return [str(program), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={cache}"]

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - the name that subprocess.run gives it
        check: bool = True,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl against this cluster; output is captured as text.

        Raises:
            ClusterError: it failed and `check` holds; the text is the command and what kubectl said.
        """
        command = [*self.kubectl_command, *arguments]
        environment = {**os.environ, **self.environment}
        result = subprocess.run(
            command, env=environment, input=input, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and result.returncode:
            raise ClusterError(f"kubectl {' '.join(arguments)}: exit code {result.returncode}\n{result.stderr.strip()}")
        return result

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … -o json`, decoded."""
        decoded: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)
        return decoded

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects, server-side and with any conflict won."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)

    def install_crds(self, paths: Sequence[Path], seconds: float = 30.0) -> None:
        """Apply CRD manifests and return when the API server serves all of them."""
        self.kubectl("apply", "--server-side", "--force-conflicts", *(f"--filename={path}" for path in paths))
        self.kubectl(
            "wait", "--for=condition=Established", f"--timeout={seconds:g}s", *(f"--filename={path}" for path in paths)
        )

    def wait_service_account(self, namespace: str, seconds: float = 30.0) -> None:
        """Return when the namespace has its default service account; pods are refused before."""

        def exists() -> bool:
            return not self.kubectl("get", "serviceaccount", "default", "-n", namespace, check=False).returncode

        until(f"service account default in {namespace}", exists, seconds)

    def as_account(self, namespace: str, name: str, path: Path, *, hours: int = 4) -> Path:
        """Write a kubeconfig like this one to `path`, of a service account that is there; its token ends after so many hours."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        token = self.token(namespace, name, hours=hours)
        for user in config["users"]:
            user["user"] = {"token": token}
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config))
        return path

    def token(self, namespace: str, name: str, *, hours: int = 4) -> str:
        """A token of a service account that is there."""
        return self.kubectl("create", "token", name, "-n", namespace, f"--duration={hours}h").stdout.strip()

    def server_metrics(self) -> Counter[Request]:
        """The API server's own request counters; subtract two readings to learn what happened in between."""
        return parse_request_counts(self.kubectl("get", "--raw", "/metrics").stdout)

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Return when the API server says that it is ready."""
        until(
            f"{self.url} ready",
            lambda: self.kubectl("get", "--raw", "/readyz", "--request-timeout=2s", check=False).stdout == "ok",
            seconds,
        )


def parse_request_counts(metrics: str) -> Counter[Request]:
    """`apiserver_request_total` from the text exposition format, summed over the labels that `Request` leaves out."""
    counts: Counter[Request] = Counter()
    for sample in _SAMPLE.finditer(metrics):
        labels = dict(_LABEL.findall(sample["labels"]))
        names = ("verb", "group", "resource", "subresource", "code")
        counts[Request(*(labels.get(name, "") for name in names))] += int(float(sample["value"]))
    return counts


def audit_events(log: Path) -> Iterator[dict[str, Any]]:
    """The API server's audit log, oldest first; a line that is still being written is left for the next reading."""
    with log.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)


def write_kubeconfig(path: Path, *, name: str, url: str, authority: Path, client: Pair) -> None:
    """A kubeconfig that stands alone: certificates are inside."""

    def inline(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    user = {"client-certificate-data": inline(client.certificate), "client-key-data": inline(client.key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority-data": inline(authority)}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
