"""``python -m tests.fuzz TARGET SECONDS``: coverage-guided (atheris), until the time is up or something is found.

What it finds is printed with the bytes that lead there; put them into ``FOUND`` of test_targets.py with the mend.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["taskdist"]):
    from tests.fuzz.source import Source
    from tests.fuzz.targets import TARGETS

_LONGEST = 1_000  # bytes, most of which stand for a word each


def main(name: str, seconds: str) -> None:
    """Fuzz one target. The corpus lives as long as the run: what is worth keeping becomes a test."""

    def once(data: bytes) -> None:
        try:
            TARGETS[name](Source(data))
        except BaseException:
            print(f"{name} fails with {data!r}", file=sys.stderr)
            raise

    with tempfile.TemporaryDirectory() as corpus:
        options = [f"-max_total_time={seconds}", f"-max_len={_LONGEST}", "-timeout=20", f"-artifact_prefix={corpus}/"]
        atheris.Setup([sys.argv[0], corpus, *options, "-print_final_stats=1", "-verbosity=0"], once)
        atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m {Path(__file__).parent.name} {'|'.join(TARGETS)} SECONDS")
    main(*sys.argv[1:])
