"""``taskdist report``: where time, money and memory of a run went, against its plan."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from taskdist.cli.options import Context, Kubeconfig, Name, Namespace, Output, OutputOption
from taskdist.cli.output import say, show, width

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(report)


def report(
    name: Name,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Tell where time, money and memory of a run went, against the plan, while it runs or after its end.

    HELD is the time from when nothing was left to wait for to the first pod, STARTING that from pod to agent (with what
    lay between attempts behind the +).
    """
    from taskdist.cli import online

    async def work(session: Session) -> None:
        await _report(session, name, output)

    online.run(work, kubeconfig, kube_context, namespace)


async def _report(session: Session, name: str, output: Output) -> None:
    from taskdist.api import SubTask, TaskDistribution
    from taskdist.api.names import Label
    from taskdist.cli.online import all_of, one_of
    from taskdist.cli.report import reckon
    from taskdist.cli.report_text import report_document, report_text
    from taskdist.cli.status_text import utc_now

    raw, raw_subtasks = await asyncio.gather(
        one_of(session, "TaskDistribution", name),
        all_of(session, "SubTask", session.namespace, labelSelector=f"{Label.DISTRIBUTION}={name}"),
    )
    now = utc_now()
    found = reckon(
        TaskDistribution.model_validate(raw), [SubTask.model_validate(subtask) for subtask in raw_subtasks], now
    )
    if output is Output.JSON:
        say(json.dumps(report_document(found, now), indent=2, ensure_ascii=False))
    else:
        show(report_text(found, now, width()))
