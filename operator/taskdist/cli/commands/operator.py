"""``taskdist operator``: runs the operator, in a cluster or beside it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from taskdist import __version__
from taskdist.cli.options import Context, Kubeconfig
from taskdist.cli.output import CliError, fail

if TYPE_CHECKING:
    from taskdist.cli.app import Command


class LogFormat(StrEnum):
    """For programs or for people."""

    JSON = "json"
    PLAIN = "plain"


class LogLevel(StrEnum):
    """How much is told."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(operator)


def operator(  # noqa: PLR0917 - typer makes options of them; nobody calls it by position
    namespaces: Annotated[
        list[str],
        typer.Option(
            "--namespace",
            "-n",
            help="Namespace to serve; may be repeated. None means all.",
            metavar="NAME",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    served: Annotated[
        str, typer.Option("--namespaces", envvar="TASKDIST_NAMESPACES", help="The same, separated by commas.")
    ] = "",
    agent_image: Annotated[
        str,
        typer.Option(
            "--agent-image",
            envvar="TASKDIST_IMAGE",
            help="Image of agent types that name none; the release's own if not given.",
            metavar="IMAGE",
        ),
    ] = "",
    liveness: Annotated[
        str,
        typer.Option(
            "--liveness",
            help="Where to answer probes: a port or URL such as http://0.0.0.0:8080/healthz; 0 for nowhere.",
        ),
    ] = "0",
    metrics_port: Annotated[
        int, typer.Option("--metrics-port", help="Port of /metrics; 0 for none.", min=0, max=65535)
    ] = 0,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", envvar="TASKDIST_LOG_FORMAT", help="Form of the log.")
    ] = LogFormat.PLAIN,
    log_level: Annotated[
        LogLevel, typer.Option("--log-level", envvar="TASKDIST_LOG_LEVEL", help="Least severity.")
    ] = LogLevel.INFO,
    most_pods: Annotated[
        int,
        typer.Option(
            "--max-pods-per-namespace",
            envvar="TASKDIST_MAX_PODS_PER_NAMESPACE",
            help="Largest number of live agent pods in one namespace; 0 for no bound.",
            min=0,
        ),
    ] = 0,
    lease_namespace: Annotated[
        str,
        typer.Option(
            "--lease-namespace",
            envvar="POD_NAMESPACE",
            help="Namespace of the Lease that replicas elect their leader by.",
            metavar="NAME",
        ),
    ] = "",
    lease_name: Annotated[
        str,
        typer.Option(
            "--lease-name",
            envvar="TASKDIST_LEASE_NAME",
            help="Name of that Lease. Operators that serve different namespaces need one each.",
            metavar="NAME",
        ),
    ] = "taskdist-operator",
    catalogue: Annotated[
        bool,
        typer.Option(
            "--report-catalogue/--no-report-catalogue",
            envvar="TASKDIST_REPORT_CATALOGUE",
            help="Write the statuses of agent types and providers. Of several operators, one does.",
        ),
    ] = True,
    identity: Annotated[
        str, typer.Option("--identity", envvar="POD_NAME", help="Name of this replica in the Lease.", metavar="NAME")
    ] = "",
    in_flight: Annotated[
        int, typer.Option("--in-flight", help="Writes to the API server at the same time.", min=1, max=64)
    ] = 6,
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Run the operator until SIGTERM. Without a namespace it serves the whole cluster."""
    try:
        from taskdist.cluster.errors import ApiError, ClusterUnreachableError
        from taskdist.handlers.run import Options, main
    except ImportError as error:
        raise CliError(f"the operator needs more packages ({error.name}): install taskdist[operator]") from error
    chosen = dict.fromkeys([*namespaces, *(name.strip() for name in served.split(",") if name.strip())])
    options = Options(
        namespaces=tuple(chosen),
        kubeconfig=kubeconfig or None,
        context=kube_context or None,
        agent_image=agent_image or f"taskdist.dev/taskdist:{__version__}",
        most_pods=most_pods,
        liveness_port=_port(liveness),
        metrics_port=metrics_port,
        log_json=log_format is LogFormat.JSON,
        log_level=log_level.value.upper(),
        in_flight=in_flight,
        lease_namespace=lease_namespace,
        lease_name=lease_name,
        catalogue=catalogue,
        identity=identity,
    )
    try:
        main(options)
    except (ClusterUnreachableError, ApiError) as error:
        raise CliError(str(error)) from error


def _port(liveness: str) -> int:
    """Return the port of ``8080`` or ``http://0.0.0.0:8080/healthz``."""
    try:
        port = int(liveness) if liveness.isdecimal() else urlsplit(liveness).port
    except ValueError:
        port = None
    if port is None or not 0 <= port <= 65535:
        fail(f'--liveness "{liveness[:60]}" is no port and no URL with one, such as http://0.0.0.0:8080/healthz')
    return port
