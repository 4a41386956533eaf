from __future__ import annotations

import os
from pathlib import Path


def overlay_can_be_stacked(folder: Path) -> bool:
    """Whether an overlay can have its upper layer there: not on an overlay itself, as inside most containers."""
    device = folder.stat().st_dev
    for mount in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = mount.split()
        major, minor = map(int, fields[2].split(":"))
        if os.makedev(major, minor) == device and fields[fields.index("-") + 1] == "overlay":
            return False
    return True
