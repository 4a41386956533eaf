"""Progress for people: one line per step on stderr, with the time it has taken so far."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICK_SECONDS = 1.0
_PLAIN_TICK_SECONDS = 30.0


def say(text: str) -> None:
    """Print one line on stderr, so that stdout stays machine-readable."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce `text`, show the elapsed time while the block runs, and close the line with the time it took.

    A terminal gets one line that is rewritten each second; a log gets a line every half minute.
    """
    started = time.monotonic()
    over = threading.Event()
    terminal = sys.stderr.isatty()
    if not terminal:
        say(f"{text} …")

    def tick() -> None:
        while not over.wait(_TICK_SECONDS if terminal else _PLAIN_TICK_SECONDS):
            line = f"{text} … {_elapsed(started)}"
            if terminal:
                sys.stderr.write(f"\r{line}")
                sys.stderr.flush()
            else:
                say(line)

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    verdict = "failed after"
    try:
        yield
        verdict = "done in"
    finally:
        over.set()
        ticker.join()
        start = "\r" if terminal else ""  # over the line that was ticking
        say(f"{start}{text} {verdict} {_elapsed(started)}   ")


def _elapsed(started: float) -> str:
    seconds = time.monotonic() - started
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
