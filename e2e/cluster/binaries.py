"""The programs a cluster is made of: found where the user keeps them, in the cache, or built from their Go modules.

The versions are those of the `go.mod` files beside this package; a change there makes a new cache folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster import places
from e2e.cluster.errors import ClusterError
from e2e.cluster.locks import exclusive
from e2e.cluster.progress import step

if TYPE_CHECKING:
    from collections.abc import Iterable

_DRAFT = ".draft-"
GO_MINIMUM = (1, 21)  # the first release that fetches the toolchain a go.mod asks for by itself


@dataclass(frozen=True, slots=True)
class Tool:
    """A program and where it comes from: a command of a Go module, pinned by the tools module `module`.

    One that is `optional` is built where it is asked for by name only.
    """

    name: str
    module: str
    package: str
    versioned_by: str
    minutes: float
    optional: bool = False

    @property
    def version(self) -> str:
        """The pinned version of the Go module that holds the command, such as `v1.36.3`."""
        pins = (places.TOOLS_MODULES / self.module / "go.mod").read_text()
        found = re.search(rf"^\s*{re.escape(self.versioned_by)} (v\S+)", pins, re.MULTILINE)
        if found is None:
            raise ClusterError(f"e2e/cluster/tools/{self.module}/go.mod does not require {self.versioned_by}")
        return found[1]

    @property
    def linker_flags(self) -> str:
        """Kubernetes learns its own version from the linker; without it the server calls itself v0.0.0."""
        if self.module != "kubernetes":
            return "-s -w"
        major, minor = self.version.lstrip("v").split(".")[:2]
        at = "k8s.io/component-base/version"
        return f"-s -w -X {at}.gitVersion={self.version} -X {at}.gitMajor={major} -X {at}.gitMinor={minor}"

    @property
    def cached(self) -> Path:
        """Where the built program lies: one folder per module version, platform and pins."""
        pins = [(places.TOOLS_MODULES / self.module / name).read_bytes() for name in ("go.mod", "go.sum")]
        key = hashlib.sha256(b"\0".join([*pins, self.linker_flags.encode()])).hexdigest()[:12]
        system, machine = platform.system().lower(), platform.machine()
        return places.cache() / "tools" / f"{self.module}-{self.version}-{system}-{machine}-{key}" / self.name


def _kubernetes(name: str, minutes: float) -> Tool:
    return Tool(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", "k8s.io/kubernetes", minutes)


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3", 1),
        _kubernetes("kube-apiserver", 4),
        _kubernetes("kubectl", 0.5),
        _kubernetes("kube-controller-manager", 1),
        _kubernetes("kube-scheduler", 0.5),
        _kubernetes("kubelet", 0.5),
        Tool("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "sigs.k8s.io/kwok", 1.5),
        Tool("helm", "helm", "helm.sh/helm/v4/cmd/helm", "helm.sh/helm/v4", 2.5),
        Tool(
            "kube-score", "kube-score", "github.com/zegl/kube-score/cmd/kube-score", "github.com/zegl/kube-score", 0.5
        ),
        Tool("kueue", "kueue", "sigs.k8s.io/kueue/cmd/kueue", "sigs.k8s.io/kueue", 3.5, optional=True),
    )
}
"""All programs, in the order in which they are built: what others share comes first. Minutes are of two cores."""


def find(name: str) -> Path | None:
    """The program from `$KUBEBUILDER_ASSETS`, else from the cache, else None."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    candidates = [Path(assets) / name] if assets else []
    candidates.append(TOOLS[name].cached)
    return next((path for path in candidates if os.access(path, os.X_OK) and path.is_file()), None)


def ensure(names: Iterable[str] = tuple(name for name, tool in TOOLS.items() if not tool.optional)) -> dict[str, Path]:
    """The named programs, built first where they are missing.

    Raises:
        ClusterError: something has to be built and cannot be; the text names it and how to get it.
    """
    wanted = [name for name in TOOLS if name in set(names)]
    found = {name: path for name in wanted if (path := find(name))}
    missing = [name for name in wanted if name not in found]
    if missing:
        go = _go(missing)
        with exclusive(places.cache() / "tools" / ".lock"):
            # Another process may have built some of them while this one waited for the lock.
            missing = [name for name in missing if find(name) is None]
            for left in (places.cache() / "tools").glob(f"*/{_DRAFT}*"):
                shutil.rmtree(left)  # of a build that was killed
            for number, name in enumerate(missing, start=1):
                _build(go, TOOLS[name], f"{number}/{len(missing)}")
        found = {name: path for name in wanted if (path := find(name))}
    return found


def _go(missing: list[str]) -> str:
    """The Go client, checked to be new enough to build `missing`."""
    go = shutil.which("go")
    where = f"neither in $KUBEBUILDER_ASSETS nor in {places.cache() / 'tools'}"
    remedy = (
        "install Go (https://go.dev/doc/install; any release from 1.21 fetches the one that is needed) and run "
        "`python -m e2e.cluster build`, or set KUBEBUILDER_ASSETS to a folder that holds the programs"
    )
    if go is None:
        raise ClusterError(f"{', '.join(missing)}: {where}, and there is no `go` to build them; {remedy}")
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"go(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < GO_MINIMUM:
        raise ClusterError(
            f"{', '.join(missing)}: {where}, and {go} ({told.strip() or 'unknown'}) is too old; {remedy}"
        )
    return go


def _build(go: str, tool: Tool, position: str) -> None:
    """Build one program beside its place and move it there, so that a half-written one is never found."""
    target = tool.cached
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=_DRAFT) as folder:
        built = Path(folder) / tool.name
        command: list[str | Path] = [
            go,
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            tool.linker_flags,
            "-o",
            built,
            tool.package,
        ]
        environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
        log = target.parent / f"{tool.name}.log"
        with (
            step(f"building {tool.name} {tool.version} ({position}, about {_estimate(tool.minutes)})"),
            log.open("wb") as out,
        ):
            result = subprocess.run(
                command, cwd=places.TOOLS_MODULES / tool.module, env=environment, stdout=out, stderr=out, check=False
            )
        if result.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise ClusterError(f"building {tool.name} failed; the end of {log}:\n{tail}")
        log.unlink()
        built.replace(target)


def _estimate(minutes: float) -> str:
    return f"{minutes:g} min" if minutes >= 1 else f"{minutes * 60:g} s"
