"""A clock that is wrong, for one process: a small library in its way to the C library, set while the process runs."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")


class WrongClock:
    """``env`` is for the process; `set` makes its clock wrong by so many seconds, at once. Needs a C compiler and Linux."""

    def __init__(self, folder: Path, seconds: int = 0) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        assert compiler is not None, "a wrong clock needs a C compiler: install gcc"
        folder.mkdir(parents=True, exist_ok=True)
        library, self._file = folder / "wrong_clock.so", folder / "wrong_by"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
        self._file.write_bytes(struct.pack("=q", seconds))
        self.env = {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        """Make the clock wrong by so much from now on."""
        with self._file.open("r+b") as file:  # the same file, which is mapped: never a new one
            file.write(struct.pack("=q", seconds))
