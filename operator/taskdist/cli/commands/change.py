"""``taskdist approve``, ``suspend``, ``resume``, ``cancel``, ``retry`` and ``resubmit``: one change of a distribution each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from taskdist.api.names import Annotation
from taskdist.cli.options import Context, Kubeconfig, Name, Namespace, Output, OutputOption
from taskdist.cli.output import fail, note, say

if TYPE_CHECKING:
    from taskdist.cli.app import Command
    from taskdist.cli.online import Session

Change = Callable[[dict[str, Any]], tuple[dict[str, Any] | None, str]]
"""From the object to the merge patch (None: nothing to change) and to what is told."""
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow it until it ends; the exit code tells how.")]


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
    watch: Watch = False,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Run again what failed, was skipped or was cancelled, and what follows it; what succeeded is kept.

    A distribution that was cancelled goes on.
    """

    def change(root: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        counts = (root.get("status") or {}).get("counts") or {}
        undone = {kind: int(counts.get(kind) or 0) for kind in ("failed", "skipped", "cancelled")}
        if not any(undone.values()):
            return None, "nothing failed, was skipped or was cancelled"
        told = ", ".join(f"{number} {kind}" for kind, number in undone.items() if number)
        return _again(root, Annotation.RETRY), f"asked to try again what is undone ({told})"

    _apply(name, change, output, namespace, kube_context, kubeconfig, watch=watch)


def resubmit(
    name: Name,
    watch: Watch = False,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Run everything again from the start, also what succeeded. What runs now is ended.

    A distribution that was cancelled goes on.
    """

    def change(root: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        return _again(root, Annotation.RESUBMIT), "asked to run again from the start"

    _apply(name, change, output, namespace, kube_context, kubeconfig, watch=watch)


def _again(root: dict[str, Any], annotation: str) -> dict[str, Any]:
    """Return the patch that sets an annotation to a text it never had; a cancelled distribution is taken back too."""
    token = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    patch: dict[str, Any] = {"metadata": {"annotations": {annotation: token}}}
    if root["spec"].get("cancel"):
        patch["spec"] = {"cancel": False}
    return patch


def _switch(field: str, done: str, already: str, *, on: bool) -> Change:
    def change(root: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        if bool(root["spec"].get(field)) is on:
            return None, already
        return {"spec": {field: on}}, done

    return change


def _apply(
    name: str,
    change: Change,
    output: Output,
    namespace: str,
    context: str,
    kubeconfig: str,
    *,
    watch: bool = False,
) -> None:
    from taskdist.cli import online

    async def work(session: Session) -> bool:
        from taskdist.cluster import paths
        from taskdist.cluster.client import MERGE_PATCH

        root = await online.one_of(session, "TaskDistribution", name)
        patch, told = change(root)
        if patch is not None:
            await session.client.patch(paths.item("TaskDistribution", session.namespace, name), patch, MERGE_PATCH)
        if output is Output.JSON:
            say(json.dumps({"name": name, "changed": patch is not None, "result": told}))
        else:
            say(f"TaskDistribution {name}: {told}")
        return not (watch and patch is not None) or await _watched(session, name)

    if not online.run(work, kubeconfig, context, namespace):
        raise typer.Exit(1)


async def _watched(session: Session, name: str) -> bool:
    """Follow the distribution to its end. True: all succeeded."""
    from taskdist.cli.watching import ended_badly, until_over

    reason = ended_badly(await until_over(session, name, shown=True))
    if reason:
        note(f'TaskDistribution "{name}": {reason}')
    return not reason


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "approve": approve,
    "suspend": suspend,
    "resume": resume,
    "cancel": cancel,
    "retry": retry,
    "resubmit": resubmit,
}
