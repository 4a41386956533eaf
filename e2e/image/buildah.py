"""Buildah with a storage of its own, so that the host's images are neither used nor touched."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster.errors import ClusterError
from e2e.cluster.filesystem import overlay_can_be_stacked

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a build needs of this host to reach what it downloads: certificates, and how pip is set up.
_HOST_FILES = ("/etc/ssl/certs", "/etc/pip.conf", str(Path.home() / ".config" / "pip"), str(Path.home() / ".pip"))


class Buildah:
    """The program, with its storage in one folder."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        driver = "overlay" if overlay_can_be_stacked(folder) else "vfs"
        storage = ("--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", driver)
        self._program = [str(program), *map(str, storage)]

    def has(self, image: str) -> bool:
        """Whether the storage has the image."""
        return not subprocess.run(
            [*self._program, "inspect", "--type=image", image], capture_output=True, check=False
        ).returncode

    def names(self) -> list[str]:
        """The names of the images in the storage."""
        return self._run("images", "--format", "{{.Name}}:{{.Tag}}").split()

    def forget(self, image: str) -> None:
        """Take a name away; what it led to goes with the next `prune`."""
        self._run("untag", image)

    def commit_folder(self, root: Path, image: str) -> None:
        """Make an image of one layer from a folder's content."""
        container = self._run("from", "scratch").strip()
        try:
            self._run("add", "--quiet", container, os.fspath(root), "/")
            self._run(
                "config",
                "--cmd",
                "",
                "--env",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                container,
            )
            self._run("commit", "--quiet", "--format", "docker", container, image)
        finally:
            self._run("rm", container)

    def build(
        self, context: Path, image: str, arguments: Mapping[str, str], log: Path, *, stage: str | None = None
    ) -> None:
        """Build the Dockerfile in `context`, or one stage of it; steps that were built before are taken from the cache.

        Raises:
            ClusterError: a step failed; with the end of the log.
        """
        mounts = [f"--volume={path}:{path}:ro" for path in _HOST_FILES if Path(path).exists()]
        passed = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        options = ["--isolation=chroot", "--format=docker", "--layers", "--pull-never", f"--tag={image}"]
        target = [f"--target={stage}"] if stage else []
        command = [*self._program, "bud", *options, *target, *mounts, *passed, str(context)]
        with log.open("wb") as out:
            done = subprocess.run(command, stdout=out, stderr=out, check=False)
        if done.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise ClusterError(f"the image build failed; the end of {log}:\n{tail}")

    def save(self, image: str, archive: Path) -> None:
        """Write the image as a docker-archive."""
        archive.unlink(missing_ok=True)
        self._run("push", "--quiet", image, f"docker-archive:{archive}:{image}")

    def prune(self) -> None:
        """Remove images, and steps of builds, that no name leads to any more."""
        self._run("rmi", "--prune", "--force")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ClusterError(f"buildah {arguments[0]}: {done.stderr.strip()[-1000:]}")
        return done.stdout
