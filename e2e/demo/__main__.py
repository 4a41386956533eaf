"""`python -m e2e.demo up|down`: show the product at work. Ends with 0 only if the work has succeeded."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from e2e.cluster import ClusterError, default_kind, up
from e2e.cluster.progress import say
from e2e.cluster.settings import KINDS
from e2e.demo import installation, tour

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_NAME = "demo"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 an error that is told in words, 2 a wrong call, 130 an interrupt."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "down":
            there_was = installation.remove(arguments.name)
            say(f"the demo {arguments.name} is gone" if there_was else f"there is no demo {arguments.name}")
            return 0
        return _up(arguments)
    except ClusterError as e:
        say(f"error: {e}")
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted; `python -m e2e.demo up` continues, `python -m e2e.demo down` removes what was started")
        return 130


def _up(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    cluster = up(arguments.kind or default_kind(), arguments.name)
    say(f"cluster {cluster.name} ({cluster.kind}) is ready")
    installation.install(cluster, arguments.image)
    ready = time.monotonic()
    code = tour.run(cluster)
    say(
        f"\ndemo {'done' if code == 0 else 'FAILED'}: {ready - started:.0f} s until the operator was ready, "
        f"{time.monotonic() - ready:.0f} s for the tour"
    )
    say(f'look around:  eval "$(python -m e2e.cluster env --name {cluster.name})"')
    say(f"              kubectl get taskdist -n {tour.NAMESPACE}")
    say("again:        make demo      end it:  make demo-down")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m e2e.demo", description="The product at work, on a cluster of its own."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    start = commands.add_parser("up", help="bring everything up and run the samples; quick when it is up already")
    start.add_argument(
        "--kind",
        choices=[kind for kind in KINDS if kind not in {"api-server", "control-plane"}],
        help="what the cluster is made of; default: $CLUSTER, else kind where Docker runs, else real for root, else simulated",
    )
    start.add_argument(
        "--image", default="", metavar="NAME:TAG", help="use this image from a registry instead of building one"
    )
    end = commands.add_parser("down", help="remove all of it")
    for command in (start, end):
        command.add_argument("--name", default=DEFAULT_NAME, help="the cluster's name (default %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
