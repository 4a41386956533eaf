"""Build the Dockerfile with what is here: a Docker engine, else Buildah and a base of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.cluster import packages, places
from e2e.cluster.errors import ClusterError
from e2e.cluster.foreign import docker_answers
from e2e.cluster.locks import exclusive
from e2e.cluster.progress import step
from e2e.image import base, context
from e2e.image.buildah import Buildah

if TYPE_CHECKING:
    from pathlib import Path

_KEPT = 3  # archives: switching between branches need not build again


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: its name with the tag, a key over all that it was made of, and a docker-archive that holds it."""

    name: str
    key: str
    archive: Path


def build() -> Image:
    """The image of the checkout as it is; built only when something that goes into it has changed.

    Raises:
        ClusterError: the build failed, or there is nothing to build with.
    """
    folder = places.cache() / "image"
    name = f"{context.REPOSITORY}:{context.version()}"
    with exclusive(folder / ".lock"):
        key = context.key(name)
        image = Image(name, key, folder / f"taskdist-{key}.tar")
        if not image.archive.exists():
            draft = image.archive.with_suffix(".draft")
            if docker_answers():
                _with_docker(image, draft)
            else:
                _with_buildah(image, draft, folder)
            draft.replace(image.archive)
        image.archive.touch()
        _prune(folder)
    return image


def _with_docker(image: Image, draft: Path) -> None:
    with step(f"building {image.name} with Docker"):
        _docker("build", "--tag", image.name, str(places.CHECKOUT))
        _docker("save", "--output", str(draft), image.name)


def _docker(*arguments: str) -> None:
    done = subprocess.run([shutil.which("docker") or "docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"docker {arguments[0]} failed:\n{done.stderr.strip()[-3000:]}")


def _with_buildah(image: Image, draft: Path, folder: Path) -> None:
    if os.geteuid() != 0:
        raise ClusterError(
            "the image needs a Docker engine, or root: Buildah puts a base system together (chroot, mounts)"
        )
    programs = packages.ensure(packages.IMAGE)
    buildah = Buildah(programs["buildah"], folder)
    bases = base.ensure(buildah, programs["debootstrap"])
    with step(f"building {image.name} (about 1 min; less when only code changed)"):
        arguments = {"BASE_IMAGE": bases.run, "BUILD_IMAGE": bases.build}
        # Named, so that its steps outlast the pruning: only the product is built anew when code changes.
        for stage, name in (("dependencies", "localhost/taskdist-dependencies"), (None, image.name)):
            buildah.build(places.CHECKOUT, name, arguments, folder / "build.log", stage=stage)
        buildah.save(image.name, draft)
        buildah.prune()


def _prune(folder: Path) -> None:
    archives = sorted(folder.glob("taskdist-*.tar"), key=lambda path: path.stat().st_mtime)
    for old in archives[:-_KEPT]:
        old.unlink()
