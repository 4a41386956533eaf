"""``taskdist get``: the distributions of a namespace, or one with its subtasks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from taskdist.cli.options import AllNamespaces, Context, Kubeconfig, Namespace, Output, OutputOption
from taskdist.cli.output import fail, note, show, width

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(get)


def get(
    name: Annotated[
        str, typer.Argument(help="Name of a TaskDistribution; without it, all are listed.", metavar="NAME")
    ] = "",
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    all_namespaces: AllNamespaces = False,
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """List distributions, or show one as a tree: phases, attempts, causes, times, requested and used memory, cost."""
    from taskdist.cli import online

    if name and all_namespaces:
        fail("--all-namespaces lists; to show one, give --namespace")

    async def work(session: Session) -> None:
        if name:
            await _one(session, name, output)
        else:
            await _all(session, output, everywhere=all_namespaces)

    online.run(work, kubeconfig, kube_context, namespace)


async def _all(session: Session, output: Output, *, everywhere: bool) -> None:
    from taskdist.api import TaskDistribution
    from taskdist.cli.online import all_of
    from taskdist.cli.status_text import distributions_text, utc_now

    items = await all_of(session, "TaskDistribution", None if everywhere else session.namespace)
    if output is Output.JSON:
        typer.echo(json.dumps({"items": items}, indent=2, ensure_ascii=False))
    elif not items:
        note("no TaskDistribution" + ("" if everywhere else f' in namespace "{session.namespace}"'))
    else:
        found = [TaskDistribution.model_validate(raw) for raw in items]
        found.sort(key=lambda one: (one.metadata.namespace, one.metadata.name))
        show(distributions_text(found, utc_now(), namespaces=everywhere))


async def _one(session: Session, name: str, output: Output) -> None:
    from taskdist.api import SubTask, TaskDistribution
    from taskdist.api.names import Label
    from taskdist.cli.online import all_of, one_of
    from taskdist.cli.status_text import distribution_text, utc_now

    raw, raw_subtasks = await asyncio.gather(
        one_of(session, "TaskDistribution", name),
        all_of(session, "SubTask", session.namespace, labelSelector=f"{Label.DISTRIBUTION}={name}"),
    )
    if output is Output.JSON:
        typer.echo(json.dumps({"distribution": raw, "subtasks": raw_subtasks}, indent=2, ensure_ascii=False))
        return
    subtasks = sorted(
        (SubTask.model_validate(one) for one in raw_subtasks),
        key=lambda one: (one.spec.start, one.spec.finish, one.spec.id),
    )
    show(distribution_text(TaskDistribution.model_validate(raw), subtasks, utc_now(), width()))
