"""Splitting a free text into pieces of work and their order, by rules. docs/splitting.md tells how it reads."""

from typing import TYPE_CHECKING, Any

from taskdist.engine.text.model import Split, TextEdge, TextTask

if TYPE_CHECKING:
    from taskdist.engine.text.splitter import split

__all__ = ["Split", "TextEdge", "TextTask", "split"]


def __getattr__(name: str) -> Any:
    """Load the splitter when it is first asked for: a plan of explicit tasks only looks words up, and need not wait for it."""
    if name != "split":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from taskdist.engine.text.splitter import split  # noqa: PLC0415

    return split
