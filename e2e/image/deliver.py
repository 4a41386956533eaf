from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.cluster.progress import step

if TYPE_CHECKING:
    from e2e.cluster.cluster import Cluster
    from e2e.image.build import Image


def deliver(image: Image, cluster: Cluster) -> bool:
    """Bring the image to the cluster's nodes; False when they have exactly this one already, or need none.

    Raises:
        ClusterError: the cluster takes no image from an archive.
    """
    if cluster.kind == "simulated":
        return False  # nothing is run from an image there
    marker = cluster.state / "image"
    if marker.exists() and marker.read_text() == image.key:
        return False
    with step(f"importing {image.name} into {cluster.name}"):
        cluster.load_image(image.archive)
    marker.write_text(image.key)
    return True
