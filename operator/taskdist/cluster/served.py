"""Wait until the API server serves our kinds: the operator does before it watches them, the chart before it brings agent types.

A CRD that was created is not served yet: the API server first accepts its names, then publishes it in the discovery document
in which clients such as Helm look kinds up. This asks for that same document.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import Any

import aiohttp
import msgspec

from taskdist.api.names import API_VERSION, GROUP, VERSION
from taskdist.cluster.client import Credentials, load_credentials
from taskdist.cluster.errors import ClusterUnreachableError
from taskdist.cluster.paths import RESOURCES

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_PAUSE_SECONDS = 0.5
OUR_KINDS = tuple(resource.plural for resource in RESOURCES.values() if resource.prefix == f"apis/{API_VERSION}")
"""Plurals of all kinds of ours."""
_TIMEOUT = aiohttp.ClientTimeout(total=10)


def is_served(discovery: dict[str, Any], plural: str) -> bool:
    """True if the aggregated discovery document lists the resource ``plural`` of our group and version as fresh."""
    return any(
        resource.get("resource") == plural
        for group in discovery.get("items", ())
        if group.get("metadata", {}).get("name") == GROUP
        for version in group.get("versions", ())
        if version.get("version") == VERSION and version.get("freshness", "Current") == "Current"
        for resource in version.get("resources", ())
    )


def not_served(missing: tuple[str, ...], seconds: float) -> str:
    """What to tell the user about kinds that never came."""
    return f"{API_VERSION} does not serve {', '.join(missing)} after {seconds:g} s; are the CRDs installed?"


async def wait_until_served(
    credentials: Credentials, plurals: tuple[str, ...], timeout_seconds: float
) -> tuple[str, ...]:
    """Wait until all of ``plurals`` are served or the time is over; return those that are missing then."""
    deadline = time.monotonic() + timeout_seconds
    connector = aiohttp.TCPConnector(ssl=credentials.tls or False)
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session:
        while True:
            discovery = await _discovery(session, credentials)
            missing = tuple(plural for plural in plurals if not is_served(discovery, plural))
            if not missing or time.monotonic() > deadline:
                return missing
            await asyncio.sleep(_PAUSE_SECONDS)


async def _discovery(session: aiohttp.ClientSession, credentials: Credentials) -> dict[str, Any]:
    """The discovery document; empty while the server does not answer, for then it is asked again."""
    headers = {**credentials.headers(), "Accept": _DISCOVERY}
    try:
        async with session.get(f"{credentials.server}/apis", headers=headers) as response:
            if response.status != 200:
                return {}
            document: dict[str, Any] = msgspec.json.decode(await response.read())
            return document
    except (aiohttp.ClientError, TimeoutError, OSError):
        return {}


def main(arguments: list[str] | None = None) -> int:
    """``python -m taskdist.cluster.served PLURAL… [--timeout SECONDS]``; exit code 0 once all are served, else 1."""
    parser = argparse.ArgumentParser(
        prog="taskdist.cluster.served", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("plurals", nargs="+", metavar="PLURAL", help=f"resource of {API_VERSION}, such as agenttypes")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS")
    options = parser.parse_args(arguments)
    try:
        missing = asyncio.run(wait_until_served(load_credentials(), tuple(options.plurals), options.timeout))
    except ClusterUnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if missing:
        sys.stderr.write(f"{not_served(missing, options.timeout)}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
