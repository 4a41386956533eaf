"""Printing: styled lines in colour to a terminal, plain text to anything else, errors to stderr.

A pipe gets no colour, nor does anyone who sets ``NO_COLOR`` (https://no-color.org) or has ``TERM=dumb``;
``FORCE_COLOR`` overrides the pipe. Rich paints; it is loaded only where there is colour to paint, because loading it
takes as long as the plan itself.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

from taskdist.cli.lines import Line, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

THEME: Final = {
    "dim": "bright_black",
    "bold": "bold",
    "critical": "bold yellow",
    "bar": "cyan",
    "added": "green",
    "removed": "red",
    "changed": "yellow",
    "error": "bold red",
    "warning": "bold yellow",
    "info": "bold blue",
    "advice": "cyan",
    "good": "green",
    "busy": "cyan",
}
_WIDEST: Final = 160
_PIPED: Final = 100


class CliError(Exception):
    """A mistake of the user, or something that is not there; the message is all that is shown. ``code`` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def fail(message: str, code: int = 1) -> NoReturn:
    """End the program with a message on stderr."""
    raise CliError(message, code)


def width() -> int:
    """Return how many cells a view may take: the terminal's, at most 160; for a pipe 100, or what ``COLUMNS`` says."""
    fallback = _PIPED if not sys.stdout.isatty() else 80
    return max(min(shutil.get_terminal_size((fallback, 24)).columns, _WIDEST), 40)


def coloured(stream: TextIO) -> bool:
    """True if colour may be sent to ``stream``."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def show(lines: Iterable[Line], *, error: bool = False) -> None:
    """Print lines to stdout, or to stderr."""
    stream = sys.stderr if error else sys.stdout
    if not coloured(stream):
        stream.write("".join(f"{plain(one)}\n" for one in lines))
        return
    paint(_console(stream), lines)


def paint(console: Console, lines: Iterable[Line]) -> None:
    """Print lines through rich, exactly as they are: no wrapping, no markup."""
    for one in lines:
        console.print(as_text(one), soft_wrap=True)


def as_text(one: Line) -> Text:
    """Return a line in rich's own form."""
    from rich.text import Text

    text = Text(no_wrap=True)
    for span in one:
        text.append(span.text, THEME.get(span.style, ""))
    text.rstrip()
    return text


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream, force_terminal=True, highlight=False, emoji=False)


def say(text: str) -> None:
    """Print one plain line to stdout."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Print one plain line to stderr: what goes beside the result."""
    sys.stderr.write(f"{text}\n")
