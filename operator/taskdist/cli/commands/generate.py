"""``taskdist generate``: files that are made from the program itself, and whether they are up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskdist.cli.output import fail, note, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskdist.cli.app import Command

OutFolder = Annotated[
    Path | None,
    typer.Option("--out", help="Folder to write to; without it, all goes to standard output.", metavar="DIR"),
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file in --out is out of date.")]


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command and its subcommands to the program."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    group.command("crds")(crds)
    group.command("agent-types")(agent_types)
    group.command("reference")(reference)
    app.add_typer(group, name=name, help=command.help, rich_help_panel=command.panel)


def crds(out: OutFolder = None, check: Check = False) -> None:
    """Write the CustomResourceDefinitions, one file each."""
    from taskdist.api.schema import files

    _emit(files(), out, check=check)


def agent_types(out: OutFolder = None, check: Check = False) -> None:
    """Write the ten agent types that ship with the program."""
    from importlib.resources import files

    text = files("taskdist.planning").joinpath("agent_types.yaml").read_text(encoding="utf-8")
    _emit({"agent-types.yaml": text}, out, check=check)


def reference(out: OutFolder = None, check: Check = False) -> None:
    """Write the reference of the commands, from their own help."""
    from taskdist.cli.reference import markdown

    _emit({"cli.md": markdown()}, out, check=check)


def _emit(files: Mapping[str, str], out: Path | None, *, check: bool) -> None:
    if out is None:
        if check:
            fail("--check compares files with those in a folder; name it with --out")
        typer.echo("---\n".join(files.values()), nl=False)
        return
    late = [name for name, text in files.items() if not _holds(out / name, text)]
    if check:
        for name in late:
            note(f"{out / name}: out of date; run make generate")
        if late:
            raise typer.Exit(1)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in late:
            (out / name).write_text(files[name], encoding="utf-8")
            say(str(out / name))
    except OSError as error:
        fail(f"cannot write to {out}: {error.strerror or error}")


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
