"""``taskdist top``: what running subtasks use of what they requested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from taskdist.cli.options import AllNamespaces, Context, Kubeconfig, Namespace, Output, OutputOption
from taskdist.cli.output import note, say, show

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session

_METRICS: Final = "/apis/metrics.k8s.io/v1beta1"


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(top)


def top(
    name: Annotated[
        str, typer.Argument(help="Name of a TaskDistribution; without it, all of the namespace.", metavar="NAME")
    ] = "",
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    all_namespaces: AllNamespaces = False,
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what running subtasks use of the CPU and memory that they requested.

    Use is what the cluster's metrics API (metrics-server) tells; without one, requests alone are shown.
    """
    from taskdist.cli import online

    async def work(session: Session) -> None:
        from taskdist.cli.top_text import top_document, top_text, uses

        pods, metrics = await _read(session, name, everywhere=all_namespaces)
        found = uses(pods, metrics or ())
        if output is Output.JSON:
            say(json.dumps(top_document(found), indent=2))
        elif found:
            show(top_text(found))
        if metrics is None and found:
            note("the cluster has no metrics API (metrics-server), so only requests are known")
        if not found:
            note("nothing runs" + (f" of {name}" if name else ""))

    online.run(work, kubeconfig, kube_context, namespace)


async def _read(
    session: Session, name: str, *, everywhere: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]] | None]:
    """Return the pods of one distribution or of all, and what was measured of them; None if nothing measures."""
    from taskdist.api.names import Label
    from taskdist.cli.online import all_of, one_of
    from taskdist.cluster.errors import ApiError

    if name:
        await one_of(session, "TaskDistribution", name)
    selector = f"{Label.DISTRIBUTION}={name}" if name else Label.DISTRIBUTION
    namespace = None if everywhere else session.namespace
    pods = await all_of(session, "Pod", namespace, labelSelector=selector)
    path = f"{_METRICS}/pods" if everywhere else f"{_METRICS}/namespaces/{session.namespace}/pods"
    try:
        return pods, list((await session.client.list(path, {"labelSelector": selector}))["items"])
    except ApiError as error:
        if error.status in {403, 404, 503}:
            return pods, None
        raise
