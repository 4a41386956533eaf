"""``taskdist submit``: send manifests to the cluster and, if asked, follow them to their end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from taskdist.cli.options import Context, Files, Kubeconfig, Namespace, Output, OutputOption
from taskdist.cli.output import CliError, fail, note, say

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session
    from taskdist.planning.manifest import Document, Manifests

MANAGER: Final = "taskdist-cli"
"""Who the API server says wrote the fields of a submitted manifest."""


@dataclass(frozen=True, slots=True)
class _Sent:
    kind: str
    name: str
    namespace: str
    what: str


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(submit)


def submit(
    files: Files = [],  # noqa: B006 - typer copies it
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow what was sent until it ends.")] = False,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Check manifests, send them to the cluster and, with --watch, follow them to their end.

    What is there already is changed to what the manifest says. With --watch the exit code tells whether all succeeded.
    """
    from taskdist.cli import online, sources

    manifests = sources.read_files(files)
    sources.tell_notes(manifests)
    if manifests.mistakes:
        for mistake in manifests.mistakes:
            note(str(mistake))
        raise typer.Exit(1)
    if not (manifests.distributions or manifests.agent_types or manifests.providers):
        fail(sources.nothing_found(manifests, files))

    async def work(session: Session) -> bool:
        await _check(session, manifests)
        sent = [await _send(session, document) for document in _documents(manifests)]
        if output is Output.JSON:
            say(
                json.dumps([{"kind": s.kind, "namespace": s.namespace, "name": s.name, "result": s.what} for s in sent])
            )
        else:
            for one in sent:
                say(f"{one.kind} {one.name} {one.what}")
        return await _watch(session, sent) if watch else True

    if not online.run(work, kubeconfig, kube_context, namespace):
        raise typer.Exit(1)


def _documents(manifests: Manifests) -> list[Document]:
    """Return the objects in the order in which they are sent: what a distribution needs goes first."""
    documents = [one.document for one in manifests.agent_types]
    documents += [one.document for one in manifests.providers]
    return documents + [one.document for one in manifests.distributions]


async def _check(session: Session, manifests: Manifests) -> None:
    """Plan with what the cluster knows, and end with the mistakes. Who may not read it leaves that to the operator."""
    from taskdist.cli import sources
    from taskdist.cli.online import surroundings_of
    from taskdist.cluster.errors import ApiError

    try:
        around = await surroundings_of(session)
    except ApiError as error:
        if error.status != 403:
            raise
        return
    wrong = sources.mistakes(manifests, sources.draw_plans(manifests, around))
    for mistake in wrong:
        note(str(mistake))
    if wrong:
        raise typer.Exit(1)


async def _send(session: Session, document: Document) -> _Sent:
    """Create the object, or change it by server-side apply. An object without a name gets one from the API server."""
    from taskdist.cluster import paths
    from taskdist.cluster.client import APPLY_PATCH
    from taskdist.cluster.errors import ApiError

    metadata: dict[str, Any] = {"namespace": session.namespace, **document.data.get("metadata", {})}
    metadata = {key: value for key, value in metadata.items() if key in _SENT_METADATA}
    body = {key: value for key, value in document.data.items() if key != "status"} | {"metadata": metadata}
    namespace = str(metadata["namespace"]) if document.kind == "TaskDistribution" else None
    if namespace is None:
        metadata.pop("namespace")
    try:
        if not document.name:
            made = await session.client.post(paths.collection(document.kind, namespace), body)
            return _Sent(document.kind, made["metadata"]["name"], namespace or "", "created")
        path = paths.item(document.kind, namespace, document.name)
        before = await _version(session, path)
        made = await session.client.patch(path, body, APPLY_PATCH, {"fieldManager": MANAGER, "force": "true"})
    except ApiError as error:
        if error.status in {400, 404, 409, 422}:
            raise CliError(f"{document.mark(())}: {' '.join(error.message.split())}") from error
        raise
    what = (
        "created" if before is None else "unchanged" if made["metadata"]["resourceVersion"] == before else "configured"
    )
    return _Sent(document.kind, document.name, namespace or "", what)


_SENT_METADATA: Final = frozenset({"name", "generateName", "namespace", "labels", "annotations", "finalizers"})
"""What a manifest may say of itself; the rest of what ``kubectl get -o yaml`` prints is the API server's."""


async def _version(session: Session, path: str) -> str | None:
    from taskdist.cluster.errors import ApiError

    try:
        return str((await session.client.get(path))["metadata"]["resourceVersion"])
    except ApiError as error:
        if error.status == 404:
            return None
        raise


async def _watch(session: Session, sent: list[_Sent]) -> bool:
    """Follow the distributions, one after the other (those that end meanwhile are shown at once). True: all succeeded."""
    from taskdist.cli.online import Session as Connected
    from taskdist.cli.watching import ended_badly, until_over

    good = True
    for one in sent:
        if one.kind == "TaskDistribution":
            seen = await until_over(Connected(session.client, one.namespace), one.name, shown=True)
            if reason := ended_badly(seen):
                note(f'TaskDistribution "{one.name}": {reason}')
                good = False
    return good
