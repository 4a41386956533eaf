"""The options that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[str],
    typer.Option(
        "--file", "-f", help="Manifest to read, YAML or JSON; - is standard input. May be repeated.", metavar="FILE"
    ),
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Namespace; else the one of the kubeconfig's context.", metavar="NAME")
]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="All namespaces.")]
Context = Annotated[str, typer.Option("--context", help="Context of the kubeconfig.", metavar="NAME")]
Kubeconfig = Annotated[
    str,
    typer.Option(
        "--kubeconfig",
        help="Kubeconfig file; else $KUBECONFIG, then ~/.kube/config.",
        metavar="FILE",
        show_default=False,
    ),
]
FromCluster = Annotated[
    bool,
    typer.Option(
        "--from-cluster",
        help="Plan with the cluster's own agent types, providers, nodes and quota instead of the shipped ones.",
    ),
]
DetailedExitCode = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes, 0 if there are none.")
]
Name = Annotated[str, typer.Argument(help="Name of the TaskDistribution.", metavar="NAME")]
Out = Annotated[Path | None, typer.Option("--out", help="Also write the plan as JSON to this file.", metavar="FILE")]


class Output(StrEnum):
    """For a person or for a program."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the output.")]
