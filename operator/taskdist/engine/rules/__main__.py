"""Write docs/findings.md, or check that it is up to date: ``python -m taskdist.engine.rules FILE [--check]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from taskdist.engine.rules.document import markdown


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` compare it; 1 means that it is out of date."""
    parser = argparse.ArgumentParser(prog="python -m taskdist.engine.rules", description="Document the findings.")
    parser.add_argument("file", type=Path, nargs="?", default=Path("docs/findings.md"))
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is out of date")
    options = parser.parse_args(arguments)
    text = markdown()
    if not options.check:
        options.file.write_text(text, encoding="utf-8")
        return 0
    if options.file.exists() and options.file.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{options.file} is out of date; run python -m taskdist.engine.rules {options.file}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
