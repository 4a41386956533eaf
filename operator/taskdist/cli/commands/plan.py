"""``taskdist plan``: what would run, where, when and at what cost; plans kept by the cluster; differences between plans."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from taskdist.cli.options import (
    Context,
    DetailedExitCode,
    Files,
    FromCluster,
    Kubeconfig,
    Namespace,
    Out,
    Output,
    OutputOption,
)
from taskdist.cli.output import fail, note, show, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.cli.app import Command
    from taskdist.cli.sources import Drawn
    from taskdist.planning.document import Planned
    from taskdist.planning.manifest import Manifests, Mistake


_TEXT: Final = "--text"
"""Stands for the file where a description is planned that no file holds."""


class PlanOutput(StrEnum):
    """For a person, for a program, as explicit tasks, or for a program that draws."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    MERMAID = "mermaid"
    DOT = "dot"


PlanOutputOption = Annotated[
    PlanOutput,
    typer.Option("--output", "-o", help="Form of the output; yaml writes inferred tasks out as explicit ones."),
]
Revision = Annotated[
    str,
    typer.Argument(help="A file that --out wrote, or the name of an ExecutionPlan such as release-1.", metavar="PLAN"),
]

LaterRevision = Annotated[
    str,
    typer.Argument(
        help="Likewise. Left out: the last two revisions of the TaskDistribution PLAN.",
        metavar="PLAN",
        show_default=False,
    ),
]


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command and its subcommands to the program."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False, rich_markup_mode="rich")
    group.callback()(plan)
    group.command("show")(show_plan)
    group.command("diff")(diff)
    app.add_typer(group, name=name, help=command.help, rich_help_panel=command.panel)


def plan(  # noqa: PLR0917 - typer calls it by name; each parameter is an option
    context: typer.Context,
    files: Files = [],  # noqa: B006 - typer copies it
    output: PlanOutputOption = PlanOutput.TEXT,
    out: Out = None,
    text: Annotated[
        str, typer.Option("--text", "-t", help="Plan this description instead of a manifest.", metavar="TEXT")
    ] = "",
    optimize: Annotated[
        float,
        typer.Option(
            "--optimize",
            help="Let the exact solver look for a shorter schedule for about so many seconds (needs taskdist[solver]). The "
            "operator plans without, so its hash may be another one.",
            metavar="SECONDS",
            min=0,
            max=600,
        ),
    ] = 0,
    detailed_exitcode: DetailedExitCode = False,
    from_cluster: FromCluster = False,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what would run, where, when, and what it would cost. Needs no cluster.

    With --detailed-exitcode a plan that differs from the one in the file of --out (or, with --from-cluster, from the one in
    force) exits with 2.
    """
    if context.invoked_subcommand is not None:
        return
    from taskdist.cli import sources

    manifests = _manifests(files, text)
    sources.tell_notes(manifests)
    around = _around(from_cluster, namespace, kube_context, kubeconfig)
    drawn = sources.draw_plans(manifests, around, namespace, solver_work=_solver_work(optimize))
    wrong = sources.mistakes(manifests, drawn)
    if manifests.mistakes or any(one.plan is None or not one.plan.subtasks for one in drawn):
        _refuse(wrong, output)
    if not drawn:
        fail(sources.nothing_found(manifests, files))
    before = _hashes_before(drawn, out, from_cluster, kube_context, kubeconfig) if detailed_exitcode else {}
    _print(drawn, output)
    if out is not None:
        _write(out, drawn)
    if wrong:
        raise typer.Exit(1)
    if detailed_exitcode and any(
        one.planned.plan.subtasks and before.get(one.planned.name) != one.planned.plan.hash for one in drawn
    ):
        raise typer.Exit(2)


def _solver_work(seconds: float) -> float:
    if not seconds:
        return 0.0
    from taskdist.engine.schedule import Effort

    return Effort.within(seconds, solver=True).solver_work


def _manifests(files: Sequence[str], text: str) -> Manifests:
    from taskdist.cli.sources import read_files
    from taskdist.planning.manifest import read

    if not text:
        return read_files(files)
    if files:
        fail("--text and --file exclude each other; give one of them")
    manifest = {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": "text"},
        "spec": {"description": text},
    }
    return read([(_TEXT, json.dumps(manifest))])


def _around(from_cluster: bool, namespace: str, context: str, kubeconfig: str) -> Any:
    from taskdist.cli import sources

    if not from_cluster:
        return sources.shipped()
    from taskdist.cli.online import surroundings

    return surroundings(kubeconfig, context, namespace)


def _refuse(wrong: Sequence[Mistake], output: PlanOutput) -> None:
    """Tell every mistake and end: there is nothing to plan before they are mended."""
    if output is PlanOutput.JSON:
        errors = [
            {"file": w.mark.source, "line": w.mark.line, "column": w.mark.column, "path": w.path, "message": w.message}
            for w in wrong
        ]
        typer.echo(json.dumps({"formatVersion": "1", "valid": False, "errors": errors}, indent=2, ensure_ascii=False))
    for mistake in wrong:
        note(str(mistake))
    raise typer.Exit(1)


def _print(drawn: Sequence[Drawn], output: PlanOutput) -> None:
    match output:
        case PlanOutput.TEXT:
            from taskdist.cli.plan_text import plan_text

            for index, one in enumerate(drawn):
                places = {
                    p.finding.path: str(p.mark) for p in one.findings if p.finding.path and p.mark.source != _TEXT
                }
                text = plan_text(one.planned, width(), places=places)
                show([(), *text] if index else text)
        case PlanOutput.JSON:
            from taskdist.planning.document import as_json

            typer.echo(as_json(_documents(drawn)), nl=False)
        case PlanOutput.YAML:
            from taskdist.planning.explicit import explicit_yaml

            texts = [explicit_yaml(one.plan, one.loaded.value) for one in drawn if one.plan is not None]
            typer.echo("---\n".join(texts), nl=False)
        case PlanOutput.MERMAID:
            from taskdist.cli.graph_formats import mermaid

            typer.echo("\n".join(mermaid(one.planned) for one in drawn), nl=False)
        case PlanOutput.DOT:
            from taskdist.cli.graph_formats import dot

            typer.echo("\n".join(dot(one.planned) for one in drawn), nl=False)


def _documents(drawn: Sequence[Drawn]) -> dict[str, Any]:
    from taskdist.planning.document import FORMAT_VERSION, planned_document

    documents = [planned_document(one.planned) for one in drawn]
    return documents[0] if len(documents) == 1 else {"formatVersion": FORMAT_VERSION, "plans": documents}


def _write(out: Path, drawn: Sequence[Drawn]) -> None:
    from taskdist.planning.document import as_json

    try:
        out.write_text(as_json(_documents(drawn)), encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror or error}")


def _hashes_before(
    drawn: Sequence[Drawn], out: Path | None, from_cluster: bool, context: str, kubeconfig: str
) -> dict[str, str]:
    """Return the hashes of the plans that these are compared with, by name: those in force, or those in the file."""
    if from_cluster:
        from taskdist.cli.online import hashes_in_force

        return hashes_in_force(kubeconfig, context, [(one.planned.namespace, one.planned.name) for one in drawn])
    if out is None or not out.exists():
        return {}
    return {planned.name: planned.plan.hash for planned in _plans_in(out)}


def _plans_in(path: Path) -> list[Planned]:
    from taskdist.planning.document_reader import DocumentError, read_document

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        several = document.get("plans") if isinstance(document, dict) else None
        return [read_document(one) for one in several] if isinstance(several, list) else [read_document(document)]
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror or error}")
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, DocumentError) else "not JSON; write it with taskdist plan --out"
        fail(f"{path}: {reason}")


def show_plan(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of an ExecutionPlan, or of a TaskDistribution for the plan in force.", metavar="NAME"
        ),
    ],
    revision: Annotated[
        int, typer.Option("--revision", help="Revision of the TaskDistribution's plan; 0 is the one in force.", min=0)
    ] = 0,
    output: PlanOutputOption = PlanOutput.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show a plan that the cluster keeps: a revision by its name, or the one in force of a distribution."""
    from taskdist.cli.online import kept_plan

    planned = kept_plan(kubeconfig, kube_context, namespace, name, revision)
    match output:
        case PlanOutput.TEXT:
            from taskdist.cli.plan_text import plan_text

            show(plan_text(planned, width(), title="ExecutionPlan of "))
        case PlanOutput.JSON:
            from taskdist.planning.document import as_json, planned_document

            typer.echo(as_json(planned_document(planned)), nl=False)
        case PlanOutput.MERMAID:
            from taskdist.cli.graph_formats import mermaid

            typer.echo(mermaid(planned), nl=False)
        case PlanOutput.DOT:
            from taskdist.cli.graph_formats import dot

            typer.echo(dot(planned), nl=False)
        case PlanOutput.YAML:
            fail("an ExecutionPlan does not keep what its tasks execute; use taskdist plan -f FILE -o yaml")


def diff(
    old: Revision,
    new: LaterRevision = "",
    output: OutputOption = Output.TEXT,
    detailed_exitcode: DetailedExitCode = False,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what differs between two plans, each a file that --out wrote or a revision that the cluster keeps.

    With one name, that of a TaskDistribution, its last two revisions are compared.
    """
    from taskdist.cli.plan_diff import compare, diff_document, diff_text

    if new:
        plans = [_plan_of(one, kubeconfig, kube_context, namespace) for one in (old, new)]
    else:
        from taskdist.cli.online import last_two_plans

        plans = list(last_two_plans(kubeconfig, kube_context, namespace, old))
    difference = compare(*plans)
    if output is Output.JSON:
        typer.echo(json.dumps(diff_document(difference), indent=2, ensure_ascii=False))
    else:
        show(diff_text(difference))
    if detailed_exitcode and difference.any:
        raise typer.Exit(2)


def _plan_of(name: str, kubeconfig: str, context: str, namespace: str) -> Planned:
    """Return the plan in a file, or the one that the cluster keeps under a name."""
    path = Path(name)
    if path.suffix == ".json" or path.exists():
        found = _plans_in(path)
        if len(found) != 1:
            fail(f"{path} holds {len(found)} plans; a difference is between two")
        return found[0]
    from taskdist.cli.online import kept_plan

    return kept_plan(kubeconfig, context, namespace, name)
