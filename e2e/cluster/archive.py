"""Container images written by hand: one layer, no builder. Docker's archive format, as containerd imports it."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write(path: Path, name: str, files: Mapping[str, bytes], *, entrypoint: Sequence[str], user: str = "65535") -> None:
    """Write an archive of the image `name` (with a tag) that holds the files, all executable, and nothing else."""
    layer = _tar({file: (content, 0o755) for file, content in files.items()})
    machine = platform.machine()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": user},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    contents = {"config.json": config, "layer.tar": layer, "manifest.json": manifest}
    path.write_bytes(_tar({file: (content, 0o644) for file, content in contents.items()}))


def _tar(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A tar of the files, the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            content, mode = files[name]
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
