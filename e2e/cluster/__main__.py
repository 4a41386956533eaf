"""`python -m e2e.cluster`: bring clusters up and down. Progress goes to stderr, what another program reads to stdout."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from e2e.cluster import binaries, registry
from e2e.cluster.control_plane import AUDIT_LEVELS
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import say
from e2e.cluster.settings import KINDS
from e2e.cluster.simulated import NodePool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.cluster.cluster import Cluster

DEFAULT_NAME = "taskdist"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 an error that is told in words, 2 a wrong call, 130 an interrupt."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except ClusterError as e:
        say(f"error: {e}")
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted; `python -m e2e.cluster down` removes what was started, `up` continues")
        return 130
    return code


def _up(arguments: argparse.Namespace) -> int:
    kind = arguments.kind or registry.default_kind()
    started = time.monotonic()
    pool = NodePool(
        count=arguments.nodes, cpu=arguments.node_cpu, memory=arguments.node_memory, pods=arguments.node_pods
    )
    say(f"bringing up cluster {arguments.name} ({kind}) …")
    cluster = registry.up(kind, arguments.name, audit=arguments.audit, pool=pool)
    say(f"cluster {cluster.name} ({cluster.kind}) is ready at {cluster.url} after {time.monotonic() - started:.1f} s")
    say(f'use it: eval "$(python -m e2e.cluster env --name {cluster.name})"')
    return 0


def _down(arguments: argparse.Namespace) -> int:
    for name in registry.abandoned() if arguments.all else [arguments.name]:
        say(f"cluster {name} is down" if registry.down(name) else f"there is no cluster {name}")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    """One line per cluster, and its processes; 1 when the named one does not answer."""
    names = [arguments.name] if arguments.name else registry.names()
    healthy = True
    for name in names:
        cluster = _existing(name)
        ready = cluster.kubeconfig.exists() and _answers(cluster)
        healthy = healthy and ready
        print(f"{name:24} {cluster.kind:14} {'ready' if ready else 'not ready':10} {cluster.state}")
        for process in cluster.processes.all():
            print(f"  {process.name:22} pid {process.pid}")
    if not names:
        say("there are no clusters; `python -m e2e.cluster up` makes one")
    return 0 if healthy else 1


def _build(arguments: argparse.Namespace) -> int:
    unknown = sorted(set(arguments.programs) - set(binaries.TOOLS))
    if unknown:
        raise ClusterError(f"unknown: {', '.join(unknown)}; there are {', '.join(binaries.TOOLS)}")
    binaries.ensure(arguments.programs) if arguments.programs else binaries.ensure()
    for name, tool in binaries.TOOLS.items():
        print(f"{name:24} {tool.version:10} {binaries.find(name) or 'not built'}")
    return 0


def _env(arguments: argparse.Namespace) -> int:
    for name, value in _existing(arguments.name).environment.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _kubectl(arguments: argparse.Namespace) -> int:
    cluster = _existing(arguments.name)
    rest = arguments.arguments[1:] if arguments.arguments[:1] == ["--"] else arguments.arguments
    environment = {**os.environ, **cluster.environment}
    return subprocess.run([*cluster.kubectl_command, *rest], env=environment, check=False).returncode


def _existing(name: str) -> Cluster:
    cluster = registry.load(name)
    if cluster is None:
        others = ", ".join(registry.names()) or "none"
        raise ClusterError(
            f"there is no cluster {name!r} (there are: {others}); `python -m e2e.cluster up --name {name}`"
        )
    return cluster


def _answers(cluster: Cluster) -> bool:
    return cluster.kubectl("get", "--raw", "/readyz", "--request-timeout=3s", check=False).stdout == "ok"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m e2e.cluster", description="Kubernetes clusters to run taskdist on."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    pool = NodePool()
    up = commands.add_parser("up", help="bring a cluster up, or continue one; does nothing that is done already")
    up.add_argument(
        "--kind",
        choices=KINDS,
        help="what it is made of; default: $CLUSTER, else kind where Docker runs, else real for root, else simulated",
    )
    up.add_argument("--audit", choices=AUDIT_LEVELS, default="", help="keep the API server's audit log (local kinds)")
    up.add_argument("--nodes", type=int, default=pool.count, help="simulated nodes (default %(default)s)")
    up.add_argument("--node-cpu", default=pool.cpu, help="CPU of a simulated node (default %(default)s)")
    up.add_argument("--node-memory", default=pool.memory, help="memory of a simulated node (default %(default)s)")
    up.add_argument("--node-pods", type=int, default=pool.pods, help="its most pods (default %(default)s)")
    up.set_defaults(run=_up)

    down = commands.add_parser("down", help="take a cluster down and leave nothing behind")
    down.add_argument("--all", action="store_true", help="all clusters but those of test sessions that still run")
    down.set_defaults(run=_down)

    env = commands.add_parser("env", help="print `export KUBECONFIG=…` for a shell to eval")
    env.set_defaults(run=_env)

    kubectl = commands.add_parser("kubectl", help="run kubectl on the cluster: kubectl [--name NAME] -- ARGUMENTS")
    kubectl.set_defaults(run=_kubectl)

    status = commands.add_parser("status", help="what runs; exit code 1 when something is not ready")
    status.add_argument("--name", default="", help="one cluster only")
    status.set_defaults(run=_status)

    build = commands.add_parser("build", help="find or build the programs (the first time about 10 minutes)")
    build.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"some of: {', '.join(binaries.TOOLS)}")
    build.set_defaults(run=_build)

    for command in (up, down, env, kubectl):
        command.add_argument("--name", default=DEFAULT_NAME, help="the cluster's name (default %(default)s)")
    kubectl.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS")
    return parser


if __name__ == "__main__":
    sys.exit(main())
