"""Programs of the operating system that the cluster with real containers and the image build need."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster import places
from e2e.cluster.errors import ClusterError
from e2e.cluster.locks import exclusive
from e2e.cluster.progress import step

if TYPE_CHECKING:
    from collections.abc import Iterable

CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


@dataclass(frozen=True, slots=True)
class Program:
    """A program, or a file by its absolute path, and the Debian package that brings it."""

    name: str
    package: str

    def path(self) -> Path | None:
        """Where it is; None when it is missing."""
        if self.package == "containernetworking-plugins":
            return next((folder / self.name for folder in CNI_FOLDERS if (folder / self.name).exists()), None)
        if self.name.startswith("/"):
            return Path(self.name) if Path(self.name).exists() else None
        found = shutil.which(self.name, path=_PATH)
        return Path(found) if found else None


NODE = (
    Program("bridge", "containernetworking-plugins"),
    Program("catatonit", "catatonit"),
    Program("containerd", "containerd"),
    Program("crun", "crun"),
    Program("ctr", "containerd"),
    Program("ip", "iproute2"),
    Program("mount", "mount"),
    Program("nsenter", "util-linux"),
    Program("unshare", "util-linux"),
)
"""For a node that runs containers."""

IMAGE = (
    Program("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"),
    Program("buildah", "buildah"),
    Program("debootstrap", "debootstrap"),
)
"""For an image build without Docker."""


def ensure(programs: Iterable[Program]) -> dict[str, Path]:
    """The programs by name; missing ones are installed with apt-get when this is root on a Debian-like system.

    Raises:
        ClusterError: some are missing and cannot be installed here; the text names the packages.
    """
    programs = tuple(programs)
    if _packages(programs):
        with exclusive(places.cache() / ".packages.lock"):
            packages = _packages(programs)
            if packages:
                _install(packages)
    left = _packages(programs)
    if left:
        raise ClusterError(f"still missing after their packages were installed: {', '.join(left)}")
    return {program.name: path for program in programs if (path := program.path())}


def _packages(programs: Iterable[Program]) -> list[str]:
    return sorted({program.package for program in programs if program.path() is None})


def _install(packages: list[str]) -> None:
    wanted = " ".join(packages)
    apt = shutil.which("apt-get", path=_PATH)
    if apt is None:
        raise ClusterError(f"missing (names of Debian packages): {wanted}; install them with your package manager")
    if os.geteuid() != 0:
        raise ClusterError(f"missing packages; as root: apt-get install {wanted}")
    options = ["-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    with step(f"installing {wanted}"):
        _run([apt, *options, "update"])
        _run([apt, *options, "install", "-y", "--no-install-recommends", *packages])


def _run(command: list[str]) -> None:
    # RUNLEVEL=1 keeps packages from starting their services: this project runs its own containerd.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1", "PATH": _PATH}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"{' '.join(command)} failed:\n{(result.stderr or result.stdout).strip()[-2000:]}")
