"""``taskdist version``."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

from taskdist import __version__
from taskdist.cli.options import Output, OutputOption
from taskdist.cli.output import say

if TYPE_CHECKING:
    import typer

    from taskdist.cli.app import Command


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, help=command.help, rich_help_panel=command.panel)(version)


def version(output: OutputOption = Output.TEXT) -> None:
    """Print the versions of the program and of Python."""
    versions = {"taskdist": __version__, "python": platform.python_version()}
    if output is Output.JSON:
        say(json.dumps(versions))
    else:
        say(f"taskdist {__version__} (Python {versions['python']})")
