"""A real Kubernetes to run the product on: an existing one, kind, or one made on this host from plain processes."""

from e2e.cluster.access import Access, Request
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.foreign import docker_answers
from e2e.cluster.polling import until
from e2e.cluster.processes import Identity
from e2e.cluster.registry import can_run_containers, default_kind, down, folder, load, names, sweep, up
from e2e.cluster.settings import Kind
from e2e.cluster.simulated import NodePool

__all__ = [
    "Access",
    "Cluster",
    "ClusterError",
    "Identity",
    "Kind",
    "NodePool",
    "Request",
    "can_run_containers",
    "default_kind",
    "docker_answers",
    "down",
    "folder",
    "load",
    "names",
    "sweep",
    "until",
    "up",
]
