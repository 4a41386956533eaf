"""``taskdist graph``: the graph of a plan alone, as text, Mermaid, Graphviz or SVG."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskdist.cli.options import Context, Files, FromCluster, Kubeconfig, Namespace
from taskdist.cli.output import fail, note, show, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.cli.app import Command
    from taskdist.planning.document import Planned


class GraphOutput(StrEnum):
    """What draws it: ourselves, or another program."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    JSON = "json"


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(graph)


def graph(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of a TaskDistribution or ExecutionPlan of the cluster, in place of --file.", metavar="NAME"
        ),
    ] = "",
    files: Files = [],  # noqa: B006 - typer copies it
    output: Annotated[GraphOutput, typer.Option("--output", "-o", help="Form of the output.")] = GraphOutput.TEXT,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file.", metavar="FILE")] = None,
    from_cluster: FromCluster = False,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Draw the graph of a manifest's plan, without a cluster, or of a plan that the cluster keeps."""
    if bool(name) == bool(files):
        fail("give either the name of a distribution or -f FILE")
    if name:
        from taskdist.cli.online import kept_plan

        planned = [kept_plan(kubeconfig, kube_context, namespace, name)]
    else:
        planned = _planned(files, from_cluster, namespace, kube_context, kubeconfig)
    text = _text(planned, output)
    if text is None:
        from taskdist.cli.plan_text import graph_text

        show([one for plan in planned for one in graph_text(plan, width())])
    elif out is None:
        typer.echo(text, nl=False)
    else:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            fail(f"cannot write {out}: {error.strerror or error}")


def _planned(files: Sequence[str], from_cluster: bool, namespace: str, context: str, kubeconfig: str) -> list[Planned]:
    from taskdist.cli import sources

    manifests = sources.read_files(files)
    if from_cluster:
        from taskdist.cli.online import surroundings

        around = surroundings(kubeconfig, context, namespace)
    else:
        around = sources.shipped()
    drawn = sources.draw_plans(manifests, around, namespace)
    for mistake in sources.mistakes(manifests, drawn):
        note(str(mistake))
    found = [one.planned for one in drawn if one.plan is not None and one.plan.subtasks]
    if manifests.mistakes or not found:
        fail("there is no graph to draw" if manifests.distributions else sources.nothing_found(manifests, files))
    return found


def _text(planned: Sequence[Planned], output: GraphOutput) -> str | None:
    match output:
        case GraphOutput.MERMAID:
            from taskdist.cli.graph_formats import mermaid

            return "\n".join(map(mermaid, planned))
        case GraphOutput.DOT:
            from taskdist.cli.graph_formats import dot

            return "\n".join(map(dot, planned))
        case GraphOutput.SVG:
            from taskdist.cli.svg import svg

            if len(planned) > 1:
                fail("an SVG holds one graph; name a file with one TaskDistribution")
            return svg(planned[0])
        case GraphOutput.JSON:
            import json

            from taskdist.planning.document import planned_document

            documents = [planned_document(one) for one in planned]
            graphs = [
                {"name": d["name"], "nodes": [s["id"] for s in d["subtasks"]], "edges": d["edges"]} for d in documents
            ]
            return json.dumps(graphs[0] if len(graphs) == 1 else graphs, indent=2, ensure_ascii=False) + "\n"
        case GraphOutput.TEXT:
            return None
