"""`python -m e2e.image`: build the project's image and bring it to a cluster."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from e2e import cluster
from e2e.cluster.progress import say
from e2e.image import build, deliver

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 an error that is told in words, 2 a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m e2e.image", description="The project's container image.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    commands.add_parser("build", help="build it, unless nothing that goes into it has changed; prints name and archive")
    bring = commands.add_parser("import", help="build it and import it into a running cluster")
    bring.add_argument("--name", default="taskdist", help="the cluster's name (default %(default)s)")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "import":
            _import(arguments.name)
        else:
            image = build()
            print(f"{image.name} {image.archive} ({image.archive.stat().st_size / 2**20:.0f} MiB)")
    except cluster.ClusterError as e:
        say(f"error: {e}")
        return 1
    return 0


def _import(name: str) -> None:
    target = cluster.load(name)
    if target is None:
        raise cluster.ClusterError(f"there is no cluster {name!r}; `python -m e2e.cluster up --name {name}`")
    image = build()
    done = "imported into" if deliver(image, target) else "already in"
    print(f"{image.name} {done} cluster {name}")


if __name__ == "__main__":
    sys.exit(main())
