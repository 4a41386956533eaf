"""``taskdist explain``: why a subtask is planned as it is, and what a running one waits for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskdist.cli.options import Context, Files, FromCluster, Kubeconfig, Namespace, Output, OutputOption
from taskdist.cli.output import fail, note, show, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.cli.app import Command
    from taskdist.cli.lines import Line
    from taskdist.planning.document import Planned


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(explain)


def explain(
    names: Annotated[
        list[str],
        typer.Argument(
            help="With --file: ids of subtasks, all without any. Else: a TaskDistribution, then ids.", metavar="NAME"
        ),
    ] = [],  # noqa: B006 - typer copies it
    files: Files = [],  # noqa: B006 - typer copies it
    output: OutputOption = Output.TEXT,
    from_cluster: FromCluster = False,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Tell why subtasks are planned as they are: agent type, complexity, requests, estimate, schedule, edges and their cues.

    taskdist explain -f FILE [SUBTASK]... needs no cluster; taskdist explain NAME [SUBTASK]... also tells what they wait for.
    """
    if files:
        planned = _from_files(files, from_cluster, namespace, kube_context, kubeconfig)
        root: dict[str, Any] = {}
        states: dict[str, Any] = {}
        refused: dict[str, str] = {}
        wanted = names
    elif names:
        planned, root, states, refused = _from_cluster(names[0], namespace, kube_context, kubeconfig)
        wanted = names[1:]
    else:
        fail("give -f FILE, or the name of a TaskDistribution of the cluster")
    subtasks = {subtask.id: subtask for subtask in planned.plan.subtasks}
    for name in wanted:
        if name not in subtasks:
            from taskdist.engine.suggest import did_you_mean

            fail(f'there is no subtask "{name[:63]}" in {planned.name}{did_you_mean(name, subtasks)}')
    chosen = [subtasks[name] for name in wanted] if wanted else list(subtasks.values())
    if output is Output.JSON:
        _print_json(planned, [one.id for one in chosen], root, states, refused)
        return
    from taskdist.cli.explain_text import explain_text

    lines: list[Line] = []
    for one in chosen:
        if lines:
            lines.append(())
        lines += explain_text(planned, one, width())
        if root:
            lines += _state(root, one.id, states, refused)
    show(lines)


def _from_files(files: Sequence[str], from_cluster: bool, namespace: str, context: str, kubeconfig: str) -> Planned:
    from taskdist.cli import sources

    manifests = sources.read_files(files)
    if from_cluster:
        from taskdist.cli.online import surroundings

        around = surroundings(kubeconfig, context, namespace)
    else:
        around = sources.shipped()
    drawn = sources.draw_plans(manifests, around, namespace)
    wrong = sources.mistakes(manifests, drawn)
    for mistake in wrong:
        note(str(mistake))
    if wrong:
        raise typer.Exit(1)
    if len(drawn) != 1:
        fail(
            f"{len(drawn)} TaskDistributions are there; explain one"
            if drawn
            else sources.nothing_found(manifests, files)
        )
    return drawn[0].planned


def _from_cluster(
    name: str, namespace: str, context: str, kubeconfig: str
) -> tuple[Planned, dict[str, Any], dict[str, Any], dict[str, str]]:
    """The plan in force, the TaskDistribution, its SubTasks by id, and what a queue says of their pods, by UID."""
    from taskdist.api.names import Label
    from taskdist.cli import online
    from taskdist.cli.admission import refusals

    planned = online.kept_plan(kubeconfig, context, namespace, name)

    async def states(session: online.Session) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        selector = f"{Label.DISTRIBUTION}={planned.name}"
        found = await online.all_of(session, "SubTask", session.namespace, labelSelector=selector)
        root = await online.one_of(session, "TaskDistribution", planned.name)
        return root, {one["spec"]["id"]: one for one in found}, await refusals(session, found)

    return planned, *online.run(states, kubeconfig, context, namespace)


def _state(root: dict[str, Any], id_: str, states: dict[str, Any], refused: dict[str, str]) -> list[Line]:
    from taskdist.cli.lines import Span, clean, line, wrap
    from taskdist.cli.why import why

    found = why(root, id_, states, refused)
    lines = []
    for label, text in (("now", found.cause), ("do", found.advice)):
        for index, part in enumerate(wrap(clean(text), max(width() - 15, 30)) if text else ()):
            lines.append(line("  ", Span(f"{label if not index else '':<13}", "bold"), part))
    return lines


def _print_json(
    planned: Planned, ids: Sequence[str], root: dict[str, Any], states: dict[str, Any], refused: dict[str, str]
) -> None:
    from taskdist.cli.why import why
    from taskdist.planning.document import planned_document

    document = planned_document(planned)
    entries = []
    for entry in document["subtasks"]:
        if entry["id"] in set(ids):
            entry |= {"edges": [edge for edge in document["edges"] if edge["to"] == entry["id"]]}
            if root:
                found = why(root, entry["id"], states, refused)
                status = states.get(entry["id"], {}).get("status", {})
                entry |= {"status": status, "why": {"cause": found.cause, "advice": found.advice}}
            entries.append(entry)
    typer.echo(json.dumps({"name": planned.name, "subtasks": entries}, indent=2, ensure_ascii=False))
