"""The locks in requirements/: complete, hashed, free of addresses, and in step with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
WANTED = {
    "cli": PROJECT["project"]["dependencies"],
    "operator": PROJECT["project"]["dependencies"] + EXTRAS["operator"],
    "solver": PROJECT["project"]["dependencies"] + [name for extra in EXTRAS.values() for name in extra],
    "dev": PROJECT["project"]["dependencies"]
    + [name for extra in EXTRAS.values() for name in extra]
    + PROJECT["dependency-groups"]["dev"],
    "scan": PROJECT["dependency-groups"]["scan"],
    "fuzz": PROJECT["dependency-groups"]["fuzz"],
    "checkov": PROJECT["dependency-groups"]["checkov"],
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def read_lock(name: str) -> dict[str, tuple[Version, Marker | None]]:
    """Packages of a lock, each with its version and the environments it is for; every line is accounted for."""
    pins: dict[str, tuple[Version, Marker | None]] = {}
    hashes = 0
    for line in (CHECKOUT / "requirements" / f"{name}.txt").read_text().splitlines():
        if found := PIN.match(line):
            assert not pins or hashes, f"{list(pins)[-1]} has no hash"
            package = canonicalize_name(found["name"])
            assert package not in pins, f"{package} is pinned twice"
            pins[package] = (Version(found["version"]), Marker(found["marker"]) if found["marker"] else None)
            hashes = 0
        elif HASH.match(line):
            hashes += 1
        else:
            assert line.startswith("    # via"), f"neither a pin nor a hash: {line}"
    return pins


@pytest.mark.parametrize("name", WANTED)
def test_lock_holds_nothing_but_hashed_pins(name: str):
    assert read_lock(name)


@pytest.mark.parametrize("name", WANTED)
def test_lock_satisfies_pyproject(name: str):
    pins = read_lock(name)
    for text in WANTED[name]:
        requirement = Requirement(text)
        version, _ = pins[canonicalize_name(requirement.name)]
        assert version in requirement.specifier, text


@pytest.mark.parametrize("name", WANTED)
def test_lock_is_closed_under_dependencies(name: str):
    pins = read_lock(name)
    installed = {canonicalize_name(d.metadata["Name"]): d for d in metadata.distributions()}
    for package, (version, _) in pins.items():
        distribution = installed.get(package)
        if distribution is None or Version(distribution.version) != version:
            continue  # not made from the locks, this environment says nothing about the pinned one's needs
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pinned = pins.get(canonicalize_name(requirement.name))
                assert pinned is not None, f"{package} wants {text}"
                assert pinned[0] in requirement.specifier, f"{package} wants {text}"


# checkov demands versions of its own, older ones, and is alone in its environment.
@pytest.mark.parametrize("name", [name for name in WANTED if name not in {"dev", "checkov"}])
def test_locks_agree(name: str):
    everything = read_lock("dev")
    own = {package: pin for package, pin in read_lock(name).items() if everything.get(package) != pin}
    if name in {"scan", "fuzz"}:
        # Tools in an environment of their own: they may hold what the others do not, but no other version of it.
        own = {
            package: pin for package, pin in own.items() if package in everything and everything[package][0] != pin[0]
        }
    assert own == {}


def test_same_versions_on_every_python():
    for package, (_, marker) in read_lock("dev").items():
        assert marker is None or "python" not in str(marker).replace("platform_python_implementation", ""), package
