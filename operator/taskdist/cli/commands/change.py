"""``taskdist approve``, ``suspend``, ``resume``, ``cancel`` and ``retry``: one change of a distribution each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from taskdist.cli.options import Context, Kubeconfig, Name, Namespace, Output, OutputOption
from taskdist.cli.output import fail, say

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session

RETRY_ANNOTATION: Final = "taskdist.dev/retry"
"""Asks for another try: a moment, then the ids of the subtasks (none: all that failed), separated by commas."""

Change = Callable[[dict[str, Any]], tuple[dict[str, Any] | None, str]]
"""From the object to the merge patch (None: nothing to change) and to what is told."""


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add one of the commands to the program."""
    app.command(name, help=command.help, rich_help_panel=command.panel)(_COMMANDS[name])


def approve(
    name: Name,
    plan_hash: Annotated[
        str, typer.Option("--hash", help="Approve only if the plan's hash begins so.", metavar="HASH")
    ] = "",
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Approve the plan that is there now; a later one must be approved again."""

    def change(root: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        mode = (root["spec"].get("planning") or {}).get("mode", "Auto")
        if mode != "Manual":
            fail(f'planning mode of "{name}" is {mode}: only plans in mode Manual wait for approval')
        current = str(((root.get("status") or {}).get("plan") or {}).get("hash") or "")
        if not current:
            fail(f'TaskDistribution "{name}" has no plan yet')
        if not current.startswith(plan_hash):
            fail(f"the plan's hash is {current[:12]}, not {plan_hash[:12]}; look at it: taskdist plan show {name}")
        if root["spec"].get("approvedPlanHash") == current:
            return None, f"plan {current[:8]} is approved already"
        return {"spec": {"approvedPlanHash": current}}, f"plan {current[:8]} approved"

    _apply(name, change, output, namespace, kube_context, kubeconfig)


def suspend(
    name: Name,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Start no further pods; those that run are let finish."""
    _apply(
        name,
        _switch("suspend", "suspended", "was suspended already", on=True),
        output,
        namespace,
        kube_context,
        kubeconfig,
    )


def resume(
    name: Name,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Go on after suspend."""
    _apply(
        name, _switch("suspend", "resumed", "was not suspended", on=False), output, namespace, kube_context, kubeconfig
    )


def cancel(
    name: Name,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """End everything that runs or waits."""
    _apply(
        name,
        _switch("cancel", "asked to end", "was asked to end already", on=True),
        output,
        namespace,
        kube_context,
        kubeconfig,
    )


def retry(
    name: Name,
    subtasks: Annotated[
        list[str], typer.Argument(help="Ids of subtasks; without any, all that failed.", metavar="SUBTASK")
    ] = [],  # noqa: B006 - typer copies it
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Run failed subtasks once more, and what was skipped because of them."""

    def change(_root: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        value = ",".join([moment, *subtasks])
        return {"metadata": {"annotations": {RETRY_ANNOTATION: value}}}, "asked to try again"

    _apply(name, change, output, namespace, kube_context, kubeconfig)


def _switch(field: str, done: str, already: str, *, on: bool) -> Change:
    def change(root: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        if bool(root["spec"].get(field)) is on:
            return None, already
        return {"spec": {field: on}}, done

    return change


def _apply(name: str, change: Change, output: Output, namespace: str, context: str, kubeconfig: str) -> None:
    from taskdist.cli import online

    async def work(session: Session) -> tuple[bool, str]:
        from taskdist.cluster import paths
        from taskdist.cluster.client import MERGE_PATCH

        root = await online.one_of(session, "TaskDistribution", name)
        patch, told = change(root)
        if patch is not None:
            await session.client.patch(paths.item("TaskDistribution", session.namespace, name), patch, MERGE_PATCH)
        return patch is not None, told

    changed, told = online.run(work, kubeconfig, context, namespace)
    if output is Output.JSON:
        say(json.dumps({"name": name, "changed": changed, "result": told}))
    else:
        say(f"TaskDistribution {name}: {told}")


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "approve": approve,
    "suspend": suspend,
    "resume": resume,
    "cancel": cancel,
    "retry": retry,
}
