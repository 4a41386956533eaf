"""Splitting a free text into pieces of work and their order, by rules. docs/splitting.md tells how it reads."""

from taskdist.engine.text.model import Split, TextEdge, TextTask
from taskdist.engine.text.splitter import split

__all__ = ["Split", "TextEdge", "TextTask", "split"]
