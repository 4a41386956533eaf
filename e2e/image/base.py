"""A base image where no registry can be reached: Debian's own Python, put together by debootstrap.

There are two: the one that the image is built on, and the same with `venv` and pip for the build stage.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.image.buildah import Buildah

_RECIPE = 1  # raise it when what is done below changes the result
SUITE = "bookworm"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_BUILD_ONLY = (
    "python3-venv",
    "python3.11-venv",
    "python3-pip-whl",
    "python3-setuptools-whl",
    "python3-distutils",
    "python3-lib2to3",
)
# Read by people, or made anew by apt; and what is only needed to install packages in other languages' terminals.
_UNNEEDED = (
    "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug",
    "var/cache/apt", "var/lib/apt/lists", "var/cache/debconf", "var/log", "usr/lib/python3.11/test", "usr/lib/python3.11/idlelib",
    "debootstrap",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Base:
    """Names of the two images in Buildah's storage."""

    run: str
    build: str


def ensure(buildah: Buildah, debootstrap: Path) -> Base:
    """The base images, made first where the storage lacks them (about a minute)."""
    recipe = repr((_RECIPE, SUITE, _PACKAGES, _BUILD_ONLY, _UNNEEDED))
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    base = Base(f"localhost/taskdist-base:{key}", f"localhost/taskdist-build-base:{key}")
    if not (buildah.has(base.run) and buildah.has(base.build)):
        with tempfile.TemporaryDirectory(dir=buildah.folder, prefix="base-") as folder:
            root = Path(folder) / "root"
            with step(f"making a base image of Debian {SUITE} (about 1 min)"):
                _bootstrap(debootstrap, root, buildah.folder / "debootstrap.log")
                _trim(root)
                buildah.commit_folder(root, base.build)
                _run(["chroot", root, "dpkg", "--purge", "--force-depends", *_installed(root, _BUILD_ONLY)])
                _trim(root)
                buildah.commit_folder(root, base.run)
        for name in buildah.names():
            if "/taskdist-" in name and "base:" in name and name not in {base.run, base.build}:
                buildah.forget(name)  # made by an earlier recipe
    return base


def _bootstrap(debootstrap: Path, root: Path, log: Path) -> None:
    options = ("--variant=minbase", f"--include={','.join(_PACKAGES)}", f"--keyring={KEYRING}")
    command = [str(debootstrap), *options, SUITE, str(root), _mirror()]
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=out, check=False)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise ClusterError(f"debootstrap failed; the end of {log}:\n{tail}")


def _mirror() -> str:
    """Where this host's apt gets the same release from, else Debian's own address."""
    apt = shutil.which("apt-get")
    if apt is None:
        return DEFAULT_MIRROR
    command = [apt, "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    known = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    return known.get(SUITE, DEFAULT_MIRROR)


def _trim(root: Path) -> None:
    for name in _UNNEEDED:
        place = root / name
        if place.is_dir():
            shutil.rmtree(place)
            if name.startswith("var/"):
                place.mkdir()
    for name in ("etc/resolv.conf", "etc/hostname"):
        (root / name).unlink(missing_ok=True)
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith((".pyc", "-old")) and "__pycache__" in folder:
                (Path(folder) / name).unlink()


def _installed(root: Path, packages: Sequence[str]) -> list[str]:
    return [name for name in packages if (root / "var/lib/dpkg/info" / f"{name}.list").exists()]


def _run(command: Sequence[str | Path]) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"{' '.join(map(str, command))}: {done.stderr.strip()[-1000:]}")
