"""The program ``taskdist``, also installed as ``kubectl-taskdist``: finds the command and turns mistakes into one line.

Exit codes: 0 done, 1 an error (a mistake in the call too), 2 changes where ``--detailed-exitcode`` asks for that,
130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

# Looking for pydantic's plugins reads the metadata of every installed package; there are none for us.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer

from taskdist import __version__
from taskdist.cli.output import CliError, note, say

_ALLOCATIONS: Final = 50_000
"""Between two runs of the cyclic garbage collector. Loading the models makes many objects and next to no garbage."""

# What a wrong call raises. Typer brings its own copy of click's classes in newer versions, and exports this leaf only.
_WrongCall: Final[Any] = typer.BadParameter.__mro__[2]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its module in ``taskdist.cli.commands``, the line that lists it, and the panel it is listed in."""

    module: str
    help: str
    panel: str


_PLAN, _RUN, _OPERATE = "Plan (no cluster needed)", "Run and follow", "Operate"
COMMANDS: Final = {
    "plan": Command("plan", "Show what would run, where, when, and what it would cost.", _PLAN),
    "lint": Command("lint", "Check manifests: every mistake with file, line and column.", _PLAN),
    "explain": Command("explain", "Tell why a subtask is planned as it is, or what it waits for.", _PLAN),
    "graph": Command("graph", "Draw the graph as text, Mermaid, Graphviz or SVG.", _PLAN),
    "submit": Command("submit", "Send manifests to the cluster and, with --watch, follow them.", _RUN),
    "get": Command("get", "List distributions, or show one with its subtasks.", _RUN),
    "logs": Command("logs", "Print the logs of subtasks.", _RUN),
    "wait": Command("wait", "Wait for the end; the exit code tells whether it is a good one.", _RUN),
    "approve": Command("change", "Approve the plan of a distribution in planning mode Manual.", _RUN),
    "suspend": Command("change", "Start no further pods; those that run are let finish.", _RUN),
    "resume": Command("change", "Go on after suspend.", _RUN),
    "cancel": Command("change", "End everything that runs or waits.", _RUN),
    "retry": Command("change", "Run again what failed, was skipped or was cancelled.", _RUN),
    "resubmit": Command("change", "Run everything again from the start.", _RUN),
    "report": Command("report", "Tell where time, money and memory went, against the plan.", _RUN),
    "history": Command("history", "Tell what finished attempts took, which plans are made with.", _RUN),
    "top": Command("top", "Show what running subtasks use of what they requested.", _RUN),
    "operator": Command("operator", "Run the operator.", _OPERATE),
    "generate": Command("generate", "Write CRDs, agent types or the reference of the commands.", _OPERATE),
    "version": Command("version", "Print the versions.", _OPERATE),
}


def program(called: str | None) -> typer.Typer:
    """Return the program with the ``called`` command in full and the others by name only; None means all in full.

    A command's module is loaded only if it is called: ``taskdist plan`` must not wait for what talks to clusters.
    """
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.callback()(_root)
    for name, command in COMMANDS.items():
        if called in {None, name}:
            module = import_module(f"taskdist.cli.commands.{command.module}")
            module.register(app, name, command)
        else:
            app.command(name, help=command.help, rich_help_panel=command.panel)(_elsewhere)
    return app


def _elsewhere() -> None:
    """Stands for a command that was not called."""


def _print_version(asked: bool) -> None:
    if asked:
        say(f"taskdist {__version__}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Splits work for agents into subtasks, plans them, and runs them on Kubernetes.

    Plan first: taskdist plan -f release.yaml shows what would run and what it would cost, without a cluster.
    """


def main() -> None:
    """Run the program and end the process with its exit code."""
    gc.set_threshold(_ALLOCATIONS)
    sys.exit(run(sys.argv[1:], Path(sys.argv[0]).name))


def run(arguments: list[str], name: str = "taskdist") -> int:
    """Run one call and return its exit code; what goes wrong is told on stderr in a sentence."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 still gets the text
    called_as = "kubectl taskdist" if name.startswith("kubectl") else "taskdist"
    try:
        command = typer.main.get_command(program(_called(arguments)))
        code = command.main(args=arguments, prog_name=called_as, standalone_mode=False)
        sys.stdout.flush()
    except CliError as error:
        note(f"{called_as}: {error}")
        return error.code
    except _WrongCall as error:
        return _wrong_call(error, called_as)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader has seen enough (head, less). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _called(arguments: list[str]) -> str | None:
    """Return the name of the called command: empty for none (help, version), None if all must be known (completion)."""
    if "_TASKDIST_COMPLETE" in os.environ:
        return None
    called = next((argument for argument in arguments if not argument.startswith("-")), "")
    if called and called not in COMMANDS:
        from taskdist.engine.suggest import did_you_mean

        raise CliError(f'no such command "{called[:40]}"{did_you_mean(called, COMMANDS)}; taskdist --help lists them')
    return called


def _wrong_call(error: Any, called_as: str) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else called_as
    message = str(error.format_message()).strip()
    if not message:  # called without arguments: that is a question, and its answer is the help text
        note(context.get_help() if context is not None else "")
        return 1
    note(f"{path}: {message[:1].lower()}{message[1:].rstrip('.')}; {path} --help tells how to call it")
    return 1
