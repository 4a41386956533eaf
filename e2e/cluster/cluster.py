"""What every kind of cluster can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.cluster.access import Access
from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.cluster.settings import Settings


class Cluster(Access):
    """A cluster of any kind, in a state folder of its own that holds its kubeconfig.

    What a kind cannot do raises ClusterError.
    """

    def __init__(self, state: Path, settings: Settings) -> None:
        super().__init__(state / "kubeconfig")
        self.name = settings.name
        self.kind = settings.kind
        self.state = state
        self.settings = settings
        self.processes = Processes(state)

    def start(self) -> None:
        """Start what does not run and return when it can be used."""
        raise NotImplementedError

    def stop(self) -> None:
        """End everything that `start` started and remove what it made, but for the state folder."""
        raise NotImplementedError

    @property
    def loads_images(self) -> bool:
        """Whether `load_image` can bring an image to its nodes."""
        return False

    def load_image(self, archive: Path) -> None:  # noqa: ARG002 - kinds that can load one override this
        """Make the image of an archive (docker-archive or oci-archive) usable by pods, under the name that it carries."""
        raise ClusterError(f"cluster {self.name!r} ({self.kind}) takes no image from an archive: push it to a registry")

    def images(self) -> set[str]:
        """The names of the images that were loaded."""
        return set()

    def restart(self, name: str) -> None:
        """Restart one of its processes (`etcd`, `kube-apiserver`, …) and wait until the cluster is ready again."""
        raise ClusterError(f"cluster {self.name!r} ({self.kind}) was not started from here; {name} cannot be restarted")

    def audit_events(self) -> Iterator[dict[str, Any]]:
        """The API server's audit log so far, oldest first."""
        raise ClusterError(f"cluster {self.name!r} keeps no audit log here; bring a local one up with audit='Metadata'")
