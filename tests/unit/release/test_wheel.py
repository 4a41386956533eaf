"""The wheel: equal bytes from equal sources, wherever and whenever they were laid out."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "operator/taskdist")
EPOCH = 1_767_225_600


def build(folder: Path, umask: int) -> Path:
    """Copy the sources with new times and modes, and build the wheel there."""
    before = os.umask(umask)
    try:
        for name in SOURCES:
            source, target = CHECKOUT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(
                    source, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copyfile(source, target)
    finally:
        os.umask(before)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def test_wheel_is_the_same_from_every_copy_of_the_sources(tmp_path: Path):
    first, second = build(tmp_path / "a", 0o022), build(tmp_path / "somewhere" / "else", 0o002)
    assert first.name == second.name
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        assert len(names) > 100
        assert {item.date_time[:3] for item in archive.infolist()} == {(2026, 1, 1)}
        assert all(name.startswith(("taskdist/", "taskdist-")) and ".." not in name for name in names)
