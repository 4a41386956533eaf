"""A real Kubernetes to run the product on: an existing one, kind, or one made on this host from plain processes."""

from e2e.cluster.access import Access, Request
from e2e.cluster.errors import ClusterError
from e2e.cluster.local import Kind, LocalCluster, down, load, names, sweep, up
from e2e.cluster.polling import until
from e2e.cluster.processes import Identity

__all__ = [
    "Access",
    "ClusterError",
    "Identity",
    "Kind",
    "LocalCluster",
    "Request",
    "down",
    "load",
    "names",
    "sweep",
    "until",
    "up",
]
