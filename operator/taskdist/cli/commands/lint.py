"""``taskdist lint``: every mistake and every warning of manifests, each with file, line and column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskdist.cli.lines import Line, Span, clean, count, line
from taskdist.cli.options import Context, Files, FromCluster, Kubeconfig, Namespace, Output, OutputOption
from taskdist.cli.output import fail, show
from taskdist.engine.model import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.cli.app import Command
    from taskdist.cli.sources import Drawn, Placed
    from taskdist.planning.manifest import Mistake


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(lint)


def lint(
    files: Files = [],  # noqa: B006 - typer copies it
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    output: OutputOption = Output.TEXT,
    from_cluster: FromCluster = False,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Check manifests without a cluster: every mistake at once, with file, line and column.

    Exits with 1 if there is a mistake (with --strict, or a warning).
    """
    from taskdist.cli import sources

    manifests = sources.read_files(files)
    if from_cluster:
        from taskdist.cli.online import surroundings

        around = surroundings(kubeconfig, kube_context, namespace)
    else:
        around = sources.shipped()
    drawn = sources.draw_plans(manifests, around, namespace)
    wrong = sources.mistakes(manifests, drawn)
    warnings = _warnings(drawn)
    objects = [*manifests.distributions, *manifests.agent_types, *manifests.providers]
    if not wrong and not objects:
        fail(sources.nothing_found(manifests, files))
    if output is Output.JSON:
        typer.echo(json.dumps(_document(wrong, warnings), indent=2, ensure_ascii=False))
    else:
        sources.tell_notes(manifests)
        show([*map(_mistake, wrong), *map(_warning, warnings)])
        show([_sum(len(objects), wrong, warnings)], error=True)
    if wrong or (strict and any(one.finding.severity is Severity.WARNING for one in warnings)):
        raise typer.Exit(1)


def _warnings(drawn: Sequence[Drawn]) -> list[Placed]:
    """Return the findings that are no errors. Of an object with wrong fields they would be about another object."""
    placed = [one for d in drawn if d.loaded.whole for one in d.findings if one.finding.severity is not Severity.ERROR]
    return sorted(placed, key=lambda one: one.mark)


def _mistake(mistake: Mistake) -> Line:
    path = f"{clean(mistake.path)}: " if mistake.path else ""
    return line(f"{mistake.mark}: ", Span(path, "bold"), Span(clean(mistake.message), "error"))


def _warning(placed: Placed) -> Line:
    finding = placed.finding
    path = f"{clean(finding.path)}: " if finding.path else ""
    advice = f"; {clean(finding.recommendation)}" if finding.recommendation else ""
    kind = finding.severity.value.lower()
    return line(
        f"{placed.mark}: ",
        Span(f"{kind}: ", kind),
        Span(path, "bold"),
        f"{clean(finding.message)}{advice} ",
        Span(f"[{clean(finding.code)}]", "dim"),
    )


def _sum(objects: int, wrong: Sequence[Mistake], warnings: Sequence[Placed]) -> Line:
    serious = sum(one.finding.severity is Severity.WARNING for one in warnings)
    told = [count(len(wrong), "mistake")] if wrong else []
    told += [count(serious, "warning")] if serious else []
    if not told:
        return line(Span(f"{count(objects, 'object')} checked, nothing wrong", "good"))
    return line(Span(f"{count(objects, 'object')} checked, {', '.join(told)}", "error" if wrong else "warning"))


def _document(wrong: Sequence[Mistake], warnings: Sequence[Placed]) -> dict[str, Any]:
    return {
        "formatVersion": "1",
        "valid": not wrong,
        "errors": [{**_place(m.mark), "path": m.path, "message": m.message} for m in wrong],
        "warnings": [
            {
                **_place(one.mark),
                "code": one.finding.code,
                "severity": one.finding.severity.value,
                "path": one.finding.path,
                "message": one.finding.message,
                "recommendation": one.finding.recommendation,
            }
            for one in warnings
        ],
    }


def _place(mark: Any) -> dict[str, Any]:
    return {"file": mark.source, "line": mark.line, "column": mark.column}
