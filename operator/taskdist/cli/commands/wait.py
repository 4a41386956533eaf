"""``taskdist wait``: until a distribution has ended, or a condition holds; the exit code tells which."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from taskdist.cli.options import Context, Kubeconfig, Name, Namespace, Output, OutputOption
from taskdist.cli.output import fail, say

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.follow import Seen
    from taskdist.cli.online import Session


class Goal(StrEnum):
    """The conditions worth waiting for."""

    PLANNED = "Planned"
    APPROVED = "Approved"
    FINISHED = "Finished"
    SUCCEEDED = "Succeeded"


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(wait)


def wait(
    name: Name,
    goal: Annotated[Goal, typer.Option("--for", help="Condition to wait for.")] = Goal.SUCCEEDED,
    timeout: Annotated[
        float,
        typer.Option("--timeout", help="Give up after this many seconds; 0 waits for ever.", metavar="SECONDS", min=0),
    ] = 0,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Wait until a condition holds. Exits with 0 when it does, with 1 when it cannot any more or the time is over."""
    from taskdist.cli import online

    async def work(session: Session) -> Seen:
        from taskdist.cli.watching import until_over

        await online.one_of(session, "TaskDistribution", name)
        return await asyncio.wait_for(until_over(session, name, goal.value), timeout or None)

    try:
        seen = online.run(work, kubeconfig, kube_context, namespace)
    except TimeoutError:
        fail(f'TaskDistribution "{name}" is not {goal.value} after {timeout:g} seconds')
    from taskdist.cli.watching import ended_badly

    reason = (
        "" if seen.holds(goal.value) else ended_badly(seen, goal.value) or f"it is planned only, never {goal.value}"
    )
    if output is Output.JSON:
        phase = seen.root.status.phase if seen.root is not None else None
        say(json.dumps({"name": name, "condition": goal.value, "met": not reason, "phase": phase, "reason": reason}))
        if reason:
            raise typer.Exit(1)
    elif reason:
        fail(f'TaskDistribution "{name}" will not be {goal.value}: {reason}')
    else:
        say(f"{name}: {goal.value}")
