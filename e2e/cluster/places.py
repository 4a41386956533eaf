"""Where things are kept: outside the checkout, in one folder of the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS_MODULES = Path(__file__).resolve().parent / "tools"


def cache() -> Path:
    """`$TASKDIST_CACHE`, else `$XDG_CACHE_HOME/taskdist`, else `~/.cache/taskdist`."""
    own = os.environ.get("TASKDIST_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser().absolute() if base else Path.home() / ".cache") / "taskdist"


def clusters() -> Path:
    """The folder that holds one state folder per cluster."""
    return cache() / "clusters"
