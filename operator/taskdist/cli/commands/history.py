"""``taskdist history``: what finished attempts taught the plans to come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from taskdist.cli.options import Context, Kubeconfig, Output, OutputOption
from taskdist.cli.output import fail, note, say, show

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command and its subcommands to the program."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    group.callback()(_group)
    group.command("stats")(stats)
    app.add_typer(group, name=name, help=command.help, rich_help_panel=command.panel)


def _group() -> None:
    """Without this a group of one command would take that command's place."""


def stats(
    name: Annotated[
        str, typer.Argument(help="Name of an AgentType, to see its tasks; without it, all are listed.", metavar="NAME")
    ] = "",
    output: OutputOption = Output.TEXT,
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Tell how long attempts took and how much memory they needed: of each agent type, or of one and its tasks.

    Figures of an agent type as a whole are those of a task of middle complexity.
    """
    from taskdist.cli import online

    async def work(session: Session) -> None:
        from taskdist.api import AgentType
        from taskdist.cli.history_text import agent_types_text, history_document, tasks_text
        from taskdist.cli.online import all_of

        every = [AgentType.model_validate(raw) for raw in await all_of(session, "AgentType", None)]
        found = sorted((one for one in every if name in {"", one.metadata.name}), key=lambda one: one.metadata.name)
        if name and not found:
            fail(f'there is no AgentType "{name}"')
        taught = [one for one in found if one.status.samples]
        if output is Output.JSON:
            say(json.dumps(history_document(found), indent=2))
        elif not taught:
            note(f"no finished attempt of {name or 'any agent type'} is known; plans rest on documented priors")
        else:
            show(agent_types_text(taught))
            if name:
                say("")
                show(tasks_text(taught[0]))

    online.run(work, kubeconfig, kube_context)
